"""How far a pose may be believed: points found or not, frames with the animal seen, hidden or not to be judged.

Three things are kept apart. *seen*: enough body parts were found. *hidden*: the image was good and the animal was not
found in it (in the nest, under the hut); that is a reading. *unusable*: the image itself said nothing (blank: dark or
covered lens), which the pose table marks by likelihood NaN. Frames of unusable segments are not in the pose table at
all.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from presage import tables
from presage.config.pose import Filters
from presage.homecage.pose import steps

SEEN, HIDDEN, UNUSABLE = "seen", "hidden", "unusable"

# A point this many typical spans from the middle of its animal is on something else.
SPAN_LIMIT = 2.0


@dataclass(frozen=True)
class PoseDay:
    """The pose of one cage-day, judged. Rows are frame x animal, in time order within a segment.

    ``time_utc`` datetime64[us]; ``segment``, ``frame`` int32; ``animal`` str; ``xy`` float32 [row, body part, 2], px;
    ``likelihood`` float32 [row, body part]; ``good`` bool [row, body part], over its cut and plausible; ``state`` str
    [row], seen, hidden or unusable; ``history``: each step of the judgement, how many points it changed and by what
    setting.
    """

    bodyparts: tuple[str, ...]
    time_utc: np.ndarray
    segment: np.ndarray
    frame: np.ndarray
    animal: np.ndarray
    xy: np.ndarray
    likelihood: np.ndarray
    good: np.ndarray
    state: np.ndarray
    history: tuple[dict[str, Any], ...] = ()


def load(path: str | Path, settings: Filters | None = None) -> PoseDay:
    """Read a ``pose`` table and judge every point and frame: by the cuts and spans in its metadata, and ``settings``.

    In this order: likelihood under its cut; far from the other parts of its animal; an animal elsewhere for a single
    sample; faster than an animal can be; a limb too long; then short gaps are filled and paths smoothed. Each step that
    is switched on leaves a line in ``history``.
    """
    settings = settings or Filters()
    meta = tables.read_meta(path)
    time, segment, frame, names, xy, likelihood = _read(path, len(meta["bodyparts"]))
    span = _spans(segment, meta)
    good = _over_cut(likelihood, segment, meta) & np.isfinite(xy).all(axis=-1)
    history: list[dict[str, Any]] = [{"step": "likelihood under its cut", "points": int(good.size - good.sum())}]
    near = near_own_middle(xy, good, span)
    history.append({"step": "far from its own animal", "points": int((good & ~near).sum()), "spans": SPAN_LIMIT})
    good &= near
    jump = teleports(xy, good, span, segment, frame, names)
    history.append({"step": "elsewhere for one sample", "points": int(good[jump].sum()), "spans": SPAN_LIMIT})
    good[jump] = False
    day = PoseDay(tuple(meta["bodyparts"]), time, segment, frame, names, xy, likelihood, good, np.empty(0))
    history += steps.apply(day, span, settings)
    return replace(day, state=frame_state(likelihood, good, settings.min_parts), history=tuple(history))


def found(likelihood: np.ndarray, cut: np.ndarray | float) -> np.ndarray:
    """Points at or over their ``cut`` [..., body part]; a NaN likelihood is not found."""
    with np.errstate(invalid="ignore"):
        return np.asarray(likelihood) >= np.asarray(cut)


def middle(xy: np.ndarray, good: np.ndarray) -> np.ndarray:
    """Median of the good points of each row, [row, 2] px; NaN for rows without one."""
    centre = np.full((len(xy), 2), np.nan, dtype=xy.dtype)
    for rows in _blocks(len(xy)):
        # Points that are not good sort to the end; the median lies among the first n.
        ranked = np.sort(np.where(good[rows, :, None], xy[rows], np.inf), axis=1)
        n = good[rows].sum(axis=1)
        some = n > 0
        at, n = np.flatnonzero(some), n[some]
        low, high = ranked[at, (n - 1) // 2], ranked[at, n // 2]
        centre[rows][some] = (low + high) / 2
    return centre


def _blocks(n: int) -> Iterator[slice]:
    """A day at 30 frames a second, some rows at a time: temporary arrays stay small."""
    return (slice(start, start + 200_000) for start in range(0, n, 200_000))


def typical_span(xy: np.ndarray, good: np.ndarray) -> float:
    """How far an animal's parts lie from their middle: 95th percentile over rows of the farthest one, px.

    NaN when no row has two good points.
    """
    rows = good.sum(axis=1) >= 2
    if not rows.any():
        return float("nan")
    away = np.linalg.norm(xy[rows] - middle(xy[rows], good[rows])[:, None], axis=-1)
    return float(np.percentile(np.where(good[rows], away, 0).max(axis=1), 95))


def near_own_middle(xy: np.ndarray, good: np.ndarray, span: np.ndarray) -> np.ndarray:
    """Points within :data:`SPAN_LIMIT` spans (px, per row) of their row's middle, bool [row, body part].

    A row whose span is NaN is not judged: all True.
    """
    centre, near = middle(xy, good), np.empty(xy.shape[:2], dtype=bool)
    with np.errstate(invalid="ignore"):
        for rows in _blocks(len(xy)):
            away = np.linalg.norm(xy[rows] - centre[rows, None], axis=-1)
            near[rows] = ~(away > SPAN_LIMIT * np.asarray(span)[rows, None])
    return near


def teleports(
    xy: np.ndarray, good: np.ndarray, span: np.ndarray, segment: np.ndarray, frame: np.ndarray, animal: np.ndarray
) -> np.ndarray:
    """Rows whose animal is elsewhere for one sample only, bool [row].

    The middle lies more than :data:`SPAN_LIMIT` spans from those of the samples before and after, which are closer than
    that to each other: no mouse does that, a wrong detection does. Neighbours are samples of the same segment and
    animal.
    """
    result = np.zeros(len(xy), dtype=bool)
    order = np.lexsort((frame, segment, animal))
    centre, limit = middle(xy, good)[order], SPAN_LIMIT * np.asarray(span)[order][1:-1]
    same = (segment[order][2:] == segment[order][:-2]) & (animal[order][2:] == animal[order][:-2])
    before, now, after = centre[:-2], centre[1:-1], centre[2:]

    def apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.linalg.norm(a - b, axis=1)

    with np.errstate(invalid="ignore"):
        jump = same & (apart(now, before) > limit) & (apart(now, after) > limit) & (apart(before, after) < limit)
    result[order[1:-1]] = jump
    return result


def frame_state(likelihood: np.ndarray, good: np.ndarray, min_parts: int) -> np.ndarray:
    """seen, hidden or unusable for each row."""
    seen = good.sum(axis=1) >= min_parts
    blank = np.isnan(likelihood).all(axis=1)
    return np.where(blank, UNUSABLE, np.where(seen, SEEN, HIDDEN))


def counts(day: PoseDay) -> dict[str, int]:
    """Rows by state."""
    return {state: int((day.state == state).sum()) for state in (SEEN, HIDDEN, UNUSABLE)}


def _read(path: str | Path, parts: int) -> tuple[np.ndarray, ...]:
    """``time segment frame animal xy likelihood`` of a pose table, filled in part by part: a day is a gigabyte."""
    n, chunks = tables.read_parts(path, "pose")
    xy, likelihood = np.empty((n, parts, 2), np.float32), np.empty((n, parts), np.float32)
    time, (segment, frame, animal) = np.empty(n, "datetime64[us]"), np.empty((3, n), np.int32)
    names: dict[str, int] = {}
    at = 0
    for chunk in chunks:
        rows = slice(at, at + len(chunk))
        at += len(chunk)
        for k, axis in enumerate("xy"):
            xy[rows, :, k] = _matrix(chunk[axis], parts)
        likelihood[rows] = _matrix(chunk["likelihood"], parts)
        segment[rows], frame[rows] = chunk["segment"].to_numpy(), chunk["frame"].to_numpy()
        time[rows] = chunk["time_utc"].cast(pa.timestamp("us")).to_numpy()
        coded = chunk["animal"].combine_chunks().dictionary_encode()
        codes = [names.setdefault(name, len(names)) for name in coded.dictionary.to_pylist()]
        animal[rows] = np.array(codes, np.int32)[coded.indices.to_numpy()]
    who = np.array(list(names), dtype=str)[animal] if n else np.empty(0, "U1")
    return time, segment, frame, who, xy, likelihood


def _matrix(column: pa.ChunkedArray, parts: int) -> np.ndarray:
    return column.combine_chunks().flatten().to_numpy(zero_copy_only=False).reshape(-1, parts)


def _spans(segment: np.ndarray, meta: Mapping[str, Any]) -> np.ndarray:
    """Span px of each row, by its segment; NaN where it is not known."""
    span = np.full(len(segment), np.nan, dtype=np.float32)
    for number, known in meta["segment_span_px"].items():
        if known is not None:
            span[segment == int(number)] = known
    return span


def _over_cut(likelihood: np.ndarray, segment: np.ndarray, meta: Mapping[str, Any]) -> np.ndarray:
    """Points that are found by the cut of the source that their segment came from, bool [row, body part]."""
    good = np.zeros(likelihood.shape, dtype=bool)
    for number, name in meta["segment_source"].items():
        rows = segment == int(number)
        good[rows] = found(likelihood[rows], np.asarray(meta["sources"][name]["likelihood_cut"], dtype=np.float32))
    return good
