"""One cage-day's pose table from whatever its segments are: video through the model, finished pose by import."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from presage import tables
from presage.config.pose import Pose
from presage.errors import UserError
from presage.homecage import video
from presage.homecage.pose import importers, quality
from presage.homecage.pose.importers import PoseFile
from presage.homecage.segments import UNEVEN
from presage.progress import progress

IMPORTED = "imported"


class Usable(NamedTuple):
    """One usable segment; ``start`` is datetime64[us], UTC, ``frames`` those that decode, ``uneven``: they have no one
    rate, so that their own time stamps count."""

    segment: int
    path: str
    kind: str
    start: np.datetime64
    fps: float
    frames: int
    uneven: bool = False


def pose_cage_day(
    segments: pd.DataFrame,
    model: str | Path | None,
    settings: Pose,
    out: str | Path,
    meta: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write the ``pose`` table of the usable segments (a ``segments`` table of one cage-day) to ``out``.

    The time of a frame is its segment's start plus frame / fps, or plus its own time stamp where a video's are uneven.
    Video needs a ``model`` folder; video and finished pose may be mixed within a day when they name the same body parts
    and animals. Beside ``meta``, the file's metadata hold ``bodyparts``, ``animals``, ``segment_source`` (segment
    number: source), ``sources`` (for each: ``likelihood_cut`` by body part, and the model's hash), ``segment_span_px``
    (how far an animal's parts lie from its middle), ``fps`` (of the sampled frames, by segment) and ``counts`` of
    frames. Read it with :func:`presage.homecage.pose.quality.load`, which applies the cuts.

    Returns the metadata. Raises :class:`UserError` when video comes without a model, when segments disagree about body
    parts or animals, or when a file changed since it was probed.
    """
    usable = _usable(segments)
    videos = [segment for segment in usable if segment.kind == "video"]
    files = [segment for segment in usable if segment.kind == "pose"]
    if videos and model is None:
        raise UserError(videos[0].path, "is video, but there is no pose model", "give pose.project or pose.model")
    poses: dict[int, PoseFile] = {}
    sources: dict[str, dict[str, Any]] = {}
    source_of: dict[str, str] = {}
    spans: dict[str, float | None] = {}
    for members, found in ((videos, _from_video), (files, _from_files)):
        if members:
            name, source, its_poses, its_spans = found(members, model, settings)
            sources[name] = source
            spans |= its_spans
            source_of |= {str(member.segment): name for member in members}
            poses |= its_poses
    bodyparts, animals = _agreement(poses, [*videos, *files])  # the model's order, to which its cuts belong
    info = {
        **(meta or {}),
        "bodyparts": list(bodyparts),
        "animals": list(animals),
        "segment_source": source_of,
        "segment_span_px": spans,
        "sources": sources,
        "fps": {str(s.segment): s.fps / (settings.stride if s.kind == "video" else 1) for s in usable},
        "counts": _counts(segments, poses),
    }
    tables.write(out, "pose", _table(usable, poses, bodyparts, settings.stride), info)
    return info


def _usable(segments: pd.DataFrame) -> list[Usable]:
    rows = segments[segments["usable"]].sort_values("segment", kind="stable")
    starts = pd.DatetimeIndex(rows["start_utc"]).tz_convert(None).to_numpy().astype("datetime64[us]")
    uneven = (rows["uneven"].fillna(0).astype(float) > UNEVEN) & (rows["kind"] == "video")
    columns = (column.tolist() for column in (rows["fps"], rows["frames_decoded"], uneven))
    return [Usable(*row) for row in zip(rows["segment"].tolist(), rows["path"], rows["kind"], starts, *columns)]


# Name of the source, its metadata, pose by segment, span in px by segment.
Found = tuple[str, dict[str, Any], dict[int, PoseFile], dict[str, float | None]]


def _from_video(segments: Sequence[Usable], model: str | Path | None, settings: Pose) -> Found:
    """Pose of every video by the model."""
    from presage.homecage.pose import deeplabcut

    card = deeplabcut.Model.open(str(model)).card
    poses = deeplabcut.infer(str(model), [(segment.path, segment.frames) for segment in segments], settings)
    named = zip(segments, progress(poses, "pose", "video", total=len(segments)))
    by_segment = {segment.segment: pose for segment, pose in named}
    source = {"likelihood_cut": card["likelihood_cut"], "model_hash": card["hash"]}
    return f"model {card['hash'][:12]}", source, by_segment, {str(s.segment): _span(s, card) for s in segments}


def _span(segment: Usable, card: Mapping[str, Any]) -> float | None:
    """The labelled animals' span, in px of this video."""
    if card["span_px"] is None:
        return None
    return round(card["span_px"] * video.info(segment.path).width / card["frame_size"][0], 3)


def _from_files(segments: Sequence[Usable], model: str | Path | None, settings: Pose) -> Found:
    """Finished pose of every file, with one cut from the settings and the median of the files' spans."""
    cut, poses, spans = settings.imported_likelihood_cut, {}, []
    for segment in segments:
        pose = importers.read(segment.path)
        if pose.n_frames != segment.frames:
            raise UserError(
                segment.path, f"has {pose.n_frames} frames, not {segment.frames}", "it changed since it was probed"
            )
        flat = pose.likelihood.reshape(-1, len(pose.bodyparts))
        spans.append(quality.typical_span(pose.xy.reshape(*flat.shape, 2), quality.found(flat, cut)))
        poses[segment.segment] = pose
    known = [span for span in spans if np.isfinite(span)]
    span = round(float(np.median(known)), 3) if known else None
    source = {"likelihood_cut": [cut] * len(poses[segments[0].segment].bodyparts)}
    return IMPORTED, source, poses, {str(segment.segment): span for segment in segments}


def _agreement(poses: Mapping[int, PoseFile], segments: Sequence[Usable]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Body parts (in the first segment's order) and animals of the day, which all segments must share."""
    if not segments:
        return (), ()
    first, *others = segments
    bodyparts, animals = poses[first.segment].bodyparts, poses[first.segment].animals
    for other in others:
        pose = poses[other.segment]
        if set(pose.bodyparts) != set(bodyparts):
            what = f"has body parts {', '.join(pose.bodyparts)}, but {first.path} {', '.join(bodyparts)}"
            raise UserError(other.path, what, "use one set of body parts in a cage-day")
        if pose.animals != animals:
            what = f"has animals {', '.join(pose.animals)}, but {first.path} {', '.join(animals)}"
            raise UserError(other.path, what, "name them alike in a cage-day")
    return bodyparts, animals


def _table(
    segments: Sequence[Usable], poses: Mapping[int, PoseFile], bodyparts: tuple[str, ...], stride: int
) -> pa.Table:
    """All rows as Arrow arrays: a day at 30 fps is 2.6 million rows, too many for Python lists."""
    parts = [_rows(s, poses[s.segment], bodyparts, stride if s.kind == "video" else 1) for s in segments]
    return pa.concat_tables(parts) if parts else tables.SCHEMAS["pose"].empty_table()


def _rows(segment: Usable, pose: PoseFile, bodyparts: tuple[str, ...], stride: int) -> pa.Table:
    """Rows of one segment, frame by frame, animals within a frame; body parts in the day's order."""
    order = [pose.bodyparts.index(part) for part in bodyparts]
    n_frames, n_animals = pose.likelihood.shape[:2]
    frame = np.repeat(np.arange(n_frames, dtype=np.int32) * stride, n_animals)
    seconds = video.times(segment.path)[frame] if segment.uneven else frame / segment.fps
    time = segment.start + np.round(seconds * 1e6).astype("timedelta64[us]")

    def lists(values: np.ndarray) -> pa.Array:
        flat = np.ascontiguousarray(values[:, :, order], dtype=np.float32).reshape(-1)
        return pa.FixedSizeListArray.from_arrays(pa.array(flat), len(order)).cast(pa.list_(pa.float32()))

    return pa.table(
        {
            "time_utc": pa.array(time, pa.timestamp("us")).cast(pa.timestamp("us", tz="UTC")),
            "segment": pa.array(np.full(len(frame), segment.segment, dtype=np.int32)),
            "frame": pa.array(frame, pa.int32()),
            "animal": pa.array(list(pose.animals) * n_frames, pa.string()),
            "x": lists(pose.xy[..., 0]),
            "y": lists(pose.xy[..., 1]),
            "likelihood": lists(pose.likelihood),
        }
    )


def _counts(segments: pd.DataFrame, poses: Mapping[int, PoseFile]) -> dict[str, int]:
    """Frames of the day by fate."""
    usable = segments["usable"].astype(bool)
    return {
        "frames_posed": sum(pose.n_frames for pose in poses.values()),
        "frames_decoded": int(segments.loc[usable, "frames_decoded"].sum()),
        "frames_in_unusable_segments": int(segments.loc[~usable, "frames_decoded"].sum()),
        "segments_unusable": int((~usable).sum()),
    }
