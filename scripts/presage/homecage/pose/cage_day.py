"""One cage-day's pose table from whatever its segments are: video through the model, finished pose by import."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from presage import tables
from presage.config.pose import Pose
from presage.errors import UserError
from presage.homecage.pose import importers, quality
from presage.homecage.pose.importers import PoseFile
from presage.progress import progress

IMPORTED = "imported"


def pose_cage_day(
    segments: pd.DataFrame,
    model: str | Path | None,
    settings: Pose,
    out: str | Path,
    meta: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write the ``pose`` table of the usable segments (a ``segments`` table of one cage-day) to ``out``.

    The time of a frame is its segment's start plus frame / fps. Video needs a ``model`` folder; video and finished pose
    may be mixed within a day when they name the same body parts and animals. Beside ``meta``, the file's metadata hold
    ``bodyparts``, ``animals``, ``segment_source`` (segment number: source), ``sources`` (for each: ``likelihood_cut``
    by body part, ``span_px``, and the model's hash), and ``counts`` of frames. Read it with
    :func:`presage.homecage.pose.quality.load`, which applies the cuts.

    Returns the metadata. Raises :class:`UserError` when video comes without a model, when segments disagree about body
    parts or animals, or when a file changed since it was probed.
    """
    usable = segments[segments["usable"]].sort_values("segment", kind="stable")
    videos, files = usable[usable["kind"] == "video"], usable[usable["kind"] == "pose"]
    if len(videos) and model is None:
        raise UserError(
            "pose", f"{videos['path'].iloc[0]} is video, but there is no model", "give pose.project or pose.model"
        )
    sources: dict[str, dict[str, Any]] = {}
    poses: dict[int, PoseFile] = {}
    if len(videos):
        poses |= dict(_from_video(videos, str(model), settings, sources))
    if len(files):
        poses |= dict(_from_files(files, settings, sources))
    bodyparts, animals = _agreement(poses, usable)
    info = {
        **(meta or {}),
        "bodyparts": list(bodyparts),
        "animals": list(animals),
        "segment_source": {
            str(row.segment): (IMPORTED if row.kind == "pose" else next(iter(sources))) for row in usable.itertuples()
        },
        "sources": sources,
        "counts": _counts(segments, poses),
    }
    tables.write(out, "pose", _table(usable, poses, bodyparts, settings.stride), info)
    return info


def _from_video(
    segments: pd.DataFrame, model: str, settings: Pose, sources: dict[str, dict[str, Any]]
) -> Iterator[tuple[int, PoseFile]]:
    """Each video's pose; the model becomes the first of ``sources``."""
    from presage.homecage.pose import deeplabcut

    card = deeplabcut.Model.open(model).card
    sources[f"model {card['hash'][:12]}"] = {
        "likelihood_cut": card["likelihood_cut"],
        "span_px": card["span_px"],
        "model_hash": card["hash"],
    }
    items = list(zip(segments["path"], segments["frames_decoded"].astype(int)))
    poses = deeplabcut.infer(model, items, settings)
    for number, pose in zip(segments["segment"], progress(poses, "pose", "video", total=len(items))):
        yield int(number), pose


def _from_files(
    segments: pd.DataFrame, settings: Pose, sources: dict[str, dict[str, Any]]
) -> Iterator[tuple[int, PoseFile]]:
    """Each finished pose file; their common cut and span become the source :data:`IMPORTED`."""
    cut, spans = settings.imported_likelihood_cut, []
    for row in segments.itertuples():
        pose = importers.read(row.path)
        if pose.n_frames != row.frames_decoded:
            raise UserError(
                row.path,
                f"has {pose.n_frames} frames, not {row.frames_decoded}",
                "it changed since it was probed: run again",
            )
        flat = pose.likelihood.reshape(-1, len(pose.bodyparts))
        spans.append(quality.typical_span(pose.xy.reshape(*flat.shape, 2), quality.found(flat, np.float32(cut))))
        yield int(row.segment), pose
    known = [span for span in spans if np.isfinite(span)]
    sources[IMPORTED] = {
        "likelihood_cut": [cut] * len(pose.bodyparts),
        "span_px": round(float(np.median(known)), 3) if known else None,
    }


def _agreement(poses: Mapping[int, PoseFile], segments: pd.DataFrame) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Body parts and animals of the day. An animal that is not named at all may stand beside any single name."""
    if not poses:
        return (), ()
    paths = dict(zip(segments["segment"], segments["path"]))
    first, *others = sorted(poses)
    bodyparts, animals = poses[first].bodyparts, poses[first].animals
    for number in others:
        if set(poses[number].bodyparts) != set(bodyparts):
            raise UserError(
                paths[number],
                f"has body parts {poses[number].bodyparts}, {paths[first]} {bodyparts}",
                "use one set of parts",
            )
        if poses[number].animals != animals:
            raise UserError(
                paths[number], f"has animals {poses[number].animals}, {paths[first]} {animals}", "name them alike"
            )
    return bodyparts, animals


def _table(
    segments: pd.DataFrame, poses: Mapping[int, PoseFile], bodyparts: tuple[str, ...], stride: int
) -> pa.Table:
    """All rows as Arrow arrays: a day at 30 fps is 2.6 million rows, too many for Python lists."""
    parts = [
        _rows(row, poses[row.segment], bodyparts, stride if row.kind == "video" else 1)
        for row in segments.itertuples()
        if poses[row.segment].n_frames
    ]
    return pa.concat_tables(parts) if parts else tables.SCHEMAS["pose"].empty_table()


def _rows(row: Any, pose: PoseFile, bodyparts: tuple[str, ...], stride: int) -> pa.Table:
    """Rows of one segment, frame by frame, animals within a frame; body parts in the day's order."""
    order = [pose.bodyparts.index(part) for part in bodyparts]
    n_frames, n_animals = pose.likelihood.shape[:2]
    frame = np.repeat(np.arange(n_frames, dtype=np.int32) * stride, n_animals)
    start = np.datetime64(row.start_utc.tz_convert(None).to_datetime64(), "us")
    time = start + np.round(frame / row.fps * 1e6).astype("timedelta64[us]")

    def lists(values: np.ndarray) -> pa.Array:
        flat = np.ascontiguousarray(values[:, :, order], dtype=np.float32).reshape(-1)
        return pa.FixedSizeListArray.from_arrays(pa.array(flat), len(order)).cast(pa.list_(pa.float32()))

    return pa.table(
        {
            "time_utc": pa.array(time, pa.timestamp("us")).cast(pa.timestamp("us", tz="UTC")),
            "segment": pa.array(np.full(len(frame), row.segment, dtype=np.int32)),
            "frame": pa.array(frame),
            "animal": pa.array(list(pose.animals) * n_frames, pa.string()),
            "x": lists(pose.xy[..., 0]),
            "y": lists(pose.xy[..., 1]),
            "likelihood": lists(pose.likelihood),
        }
    )


def _counts(segments: pd.DataFrame, poses: Mapping[int, PoseFile]) -> dict[str, int]:
    """Frames of the day by fate."""
    usable = segments["usable"]
    return {
        "frames_posed": sum(pose.n_frames for pose in poses.values()),
        "frames_decoded": int(segments.loc[usable, "frames_decoded"].sum()),
        "frames_in_unusable_segments": int(segments.loc[~usable, "frames_decoded"].sum()),
        "segments_unusable": int((~usable).sum()),
    }
