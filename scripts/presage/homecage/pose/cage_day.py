"""One cage-day's pose table from whatever its segments are: video through the model, finished pose by import."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from presage import tables
from presage.config.pose import Pose
from presage.errors import UserError
from presage.homecage.pose import quality
from presage.homecage.pose.engines import Engine, open_engine
from presage.homecage.pose.stream import infer
from presage.homecage.pose_files import readers
from presage.homecage.pose_files.pose_file import PoseFile
from presage.homecage.recordings import video
from presage.homecage.recordings.segments import UNEVEN
from presage.homecage.recordings.zeitgeber import Schedule
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


class Piece(NamedTuple):
    """Some frames of a segment: their numbers, seconds after its start, and pose."""

    segment: Usable
    frame: np.ndarray
    seconds: np.ndarray
    pose: PoseFile


@dataclass
class Facts:
    """What the table's metadata say of the day, gathered while it is written."""

    sources: dict[str, dict[str, Any]] = field(default_factory=dict)
    segment_source: dict[str, str] = field(default_factory=dict)
    segment_span_px: dict[str, float | None] = field(default_factory=dict)
    fps: dict[str, float] = field(default_factory=dict)
    frames_posed: int = 0


def pose_cage_day(
    segments: pd.DataFrame,
    model: str | Path | None,
    settings: Pose,
    out: str | Path,
    meta: Mapping[str, Any] | None = None,
    lights_on: pd.Timestamp | None = None,
) -> dict[str, Any]:
    """Write the ``pose`` table of the usable segments (a ``segments`` table of one cage-day) to ``out``.

    The time of a frame is its segment's start plus frame / fps, or plus its own time stamp where a video's are uneven.
    Of video, the frames that ``settings.sampling`` names are analysed, whose periods count from ``lights_on`` (UTC; the
    first segment's start where it is None). Video needs a ``model`` folder; video and finished pose may be mixed within
    a day when they name the same body parts and animals. The table is written as the poses come, a few thousand at a
    time. Beside ``meta``, the file's metadata hold ``bodyparts``, ``animals``, ``segment_source`` (segment number:
    source), ``sources`` (for each: ``likelihood_cut`` by body part, and the model's hash), ``segment_span_px`` (how far
    an animal's parts lie from its middle), ``fps`` (of the sampled frames, by segment) and ``counts`` of frames. Read
    it with :func:`presage.homecage.pose.quality.load`, which applies the cuts.

    Returns the metadata. Raises :class:`UserError` when video comes without a model, when segments disagree about body
    parts or animals, or when a file changed since it was probed; ``out`` then does not exist.
    """
    usable = _usable(segments)
    videos = [segment.path for segment in usable if segment.kind == "video"]
    if videos and model is None:
        raise UserError(videos[0], "is video, but there is no pose model", "give pose.project or pose.model")
    engine = open_engine(model, settings) if videos and model else None
    facts = Facts()
    pieces = _pieces(usable, engine, settings, lights_on, facts)
    parts = tuple(engine.card["bodyparts"]) if engine else None  # the model's order, to which its cuts belong
    part = Path(f"{out}.part")
    try:
        info = _write(part, pieces, parts, facts, meta or {}, segments)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return info


def _write(
    path: Path,
    pieces: Iterator[Piece],
    bodyparts: tuple[str, ...] | None,
    facts: Facts,
    meta: Mapping[str, Any],
    segments: pd.DataFrame,
) -> dict[str, Any]:
    """Every piece with its body parts in the order given (None: in that of the first piece)."""
    first = next(pieces, None)
    bodyparts = bodyparts or (first.pose.bodyparts if first else ())
    info = {**meta, "bodyparts": list(bodyparts), "animals": list(first.pose.animals if first else ())}
    with tables.ChunkedTable(path, "pose", info) as table:
        for piece in chain([first] if first else [], pieces):
            _agree(piece, first)
            table.add(_rows(piece, bodyparts))
        usable = segments["usable"].astype(bool)
        more = {
            "segment_source": facts.segment_source,
            "segment_span_px": facts.segment_span_px,
            "sources": facts.sources,
            "fps": facts.fps,
            "counts": {
                "frames_posed": facts.frames_posed,
                "frames_decoded": int(segments.loc[usable, "frames_decoded"].sum()),
                "frames_in_unusable_segments": int(segments.loc[~usable, "frames_decoded"].sum()),
                "segments_unusable": int((~usable).sum()),
            },
        }
        table.note(**more)
    return info | more


def _usable(segments: pd.DataFrame) -> list[Usable]:
    rows = segments[segments["usable"]].sort_values("segment", kind="stable")
    starts = pd.DatetimeIndex(rows["start_utc"]).tz_convert(None).to_numpy().astype("datetime64[us]")
    uneven = (rows["uneven"].astype(float).fillna(0.0) > UNEVEN) & (rows["kind"] == "video")
    columns = (column.tolist() for column in (rows["fps"], rows["frames_decoded"], uneven))
    return [Usable(*row) for row in zip(rows["segment"].tolist(), rows["path"], rows["kind"], starts, *columns)]


def _pieces(
    segments: Sequence[Usable],
    engine: Engine | None,
    settings: Pose,
    lights_on: pd.Timestamp | None,
    facts: Facts,
) -> Iterator[Piece]:
    """The day in pieces, in the order of its segments; ``facts`` are complete when the last one has been taken."""
    first = segments[0].start if segments else np.datetime64("NaT")
    origin = first if lights_on is None else lights_on.tz_localize(None).to_datetime64()
    spans: dict[str, float] = {}
    for segment in progress(segments, "pose", "file", total=len(segments)):
        if segment.kind == "video":
            assert engine is not None
            yield from _of_video(segment, engine, settings, origin, facts)
        else:
            piece = _of_file(segment, settings, facts)
            flat = piece.pose.likelihood.reshape(-1, len(piece.pose.bodyparts))
            seen = quality.found(flat, settings.imported_likelihood_cut)
            spans[str(segment.segment)] = quality.typical_span(piece.pose.xy.reshape(*flat.shape, 2), seen)
            yield piece
    # One span for all files of the day: a file in which the animal sleeps has too small a one.
    known = [span for span in spans.values() if np.isfinite(span)]
    facts.segment_span_px |= dict.fromkeys(spans, round(float(np.median(known)), 3) if known else None)


def _of_video(segment: Usable, engine: Engine, settings: Pose, origin: np.datetime64, facts: Facts) -> Iterator[Piece]:
    """Pose of a video's sampled frames by the model."""
    card, number = engine.card, str(segment.segment)
    name = f"model {card['hash'][:12]}"
    facts.sources[name] = {"likelihood_cut": card["likelihood_cut"], "model_hash": card["hash"]}
    facts.segment_source[number] = name
    facts.segment_span_px[number] = _span(segment, card)
    facts.fps[number] = segment.fps / settings.sampling.stride_of(segment.fps)
    for chunk in infer(engine, segment.path, segment.frames, _wanted(segment, settings, origin)):
        facts.frames_posed += chunk.pose.n_frames
        seconds = chunk.seconds if segment.uneven else chunk.frame / segment.fps
        yield Piece(segment, chunk.frame, seconds, chunk.pose)


def _wanted(segment: Usable, settings: Pose, origin: np.datetime64) -> Callable[[int, float], bool]:
    """Whether a frame, by number and time stamp, is to be analysed."""
    sampling = settings.sampling
    stride = sampling.stride_of(segment.fps)
    schedule = Schedule.of_sampling(sampling)
    offset = (segment.start - origin) / np.timedelta64(1, "s")

    def wanted(frame: int, seconds: float) -> bool:
        at = offset + (seconds if segment.uneven else frame / segment.fps)
        return frame % stride == 0 and schedule.records(at)

    return wanted


def _span(segment: Usable, card: Mapping[str, Any]) -> float | None:
    """The labelled animals' span, in px of this video."""
    if card["span_px"] is None:
        return None
    return round(card["span_px"] * video.info(segment.path).width / card["frame_size"][0], 3)


def _of_file(segment: Usable, settings: Pose, facts: Facts) -> Piece:
    """Finished pose of a file, with the cut of the settings for every body part."""
    pose = readers.read(segment.path)
    if pose.n_frames != segment.frames:
        raise UserError(
            segment.path, f"has {pose.n_frames} frames, not {segment.frames}", "it changed since it was probed"
        )
    facts.sources[IMPORTED] = {"likelihood_cut": [settings.imported_likelihood_cut] * len(pose.bodyparts)}
    facts.segment_source[str(segment.segment)] = IMPORTED
    facts.fps[str(segment.segment)] = segment.fps
    facts.frames_posed += pose.n_frames
    frame = np.arange(pose.n_frames)
    return Piece(segment, frame, frame / segment.fps, pose)


def _agree(piece: Piece, first: Piece | None) -> None:
    """All segments of a day share body parts, in any order, and animals."""
    assert first is not None
    path, other = piece.segment.path, first.segment.path
    if set(piece.pose.bodyparts) != set(first.pose.bodyparts):
        what = f"has body parts {', '.join(piece.pose.bodyparts)}, but {other} {', '.join(first.pose.bodyparts)}"
        raise UserError(path, what, "use one set of body parts in a cage-day")
    if piece.pose.animals != first.pose.animals:
        what = f"has animals {', '.join(piece.pose.animals)}, but {other} {', '.join(first.pose.animals)}"
        raise UserError(path, what, "name them alike in a cage-day")


def _rows(piece: Piece, bodyparts: tuple[str, ...]) -> pa.Table:
    """Frame by frame, animals within a frame; Arrow arrays, for a day at 30 fps is 2.6 million rows."""
    segment, pose = piece.segment, piece.pose
    order = [pose.bodyparts.index(part) for part in bodyparts]
    n_frames, n_animals = pose.likelihood.shape[:2]
    frame = np.repeat(piece.frame.astype(np.int32), n_animals)
    time = segment.start + np.round(np.repeat(piece.seconds, n_animals) * 1e6).astype("timedelta64[us]")

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
