"""How far a pose may be believed: points found or not, frames with the animal seen, hidden or not to be judged.

Three things are kept apart. *seen*: enough body parts were found. *hidden*: the image was good and the animal was not
found in it (in the nest, under the hut); that is a reading. *unusable*: the image itself said nothing (blank: dark or
covered lens), which the pose table marks by likelihood NaN. Frames of unusable segments are not in the pose table at
all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from presage import tables

SEEN, HIDDEN, UNUSABLE = "seen", "hidden", "unusable"

# A point this many typical spans from the middle of its animal is on something else.
SPAN_LIMIT = 2.0


@dataclass(frozen=True)
class PoseDay:
    """The pose of one cage-day, judged. Rows are frame x animal, in time order within a segment.

    ``time_utc`` datetime64[us]; ``segment``, ``frame`` int32; ``animal`` str; ``xy`` float32 [row, body part, 2], px;
    ``likelihood`` float32 [row, body part]; ``good`` bool [row, body part], over its cut and plausible; ``state`` str
    [row], seen, hidden or unusable.
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

    def masked_xy(self) -> np.ndarray:
        """``xy`` with NaN where a point is not good."""
        return np.where(self.good[..., None], self.xy, np.nan)


def load(path: str | Path, min_parts: int = 2) -> PoseDay:
    """Read a ``pose`` table and judge every point and frame by the cuts and spans in its metadata.

    ``min_parts``: good body parts that make an animal seen.
    """
    table, meta = tables.read_arrow(path, "pose"), tables.read_meta(path)
    n, parts = len(table), len(meta["bodyparts"])
    x, y, likelihood = (_matrix(table[name], n, parts) for name in ("x", "y", "likelihood"))
    xy = np.stack([x, y], axis=-1)
    segment, frame = (table[name].to_numpy() for name in ("segment", "frame"))
    animal = np.asarray(table["animal"].to_pylist(), dtype=str)
    cut, span = _limits(segment, parts, meta)
    good = found(likelihood, cut) & np.isfinite(xy).all(axis=-1)
    good &= near_own_middle(xy, good, span)
    good &= ~teleports(xy, good, span, segment, frame, animal)[:, None]
    state = frame_state(likelihood, good, min_parts)
    time = table["time_utc"].cast(pa.timestamp("us")).to_numpy()
    return PoseDay(tuple(meta["bodyparts"]), time, segment, frame, animal, xy, likelihood, good, state)


def found(likelihood: np.ndarray, cut: np.ndarray | float) -> np.ndarray:
    """Points at or over their ``cut`` [..., body part]; a NaN likelihood is not found."""
    with np.errstate(invalid="ignore"):
        return np.asarray(likelihood) >= np.asarray(cut)


def middle(xy: np.ndarray, good: np.ndarray) -> np.ndarray:
    """Median of the good points of each row, [row, 2] px; NaN for rows without one."""
    masked = np.where(good[..., None], xy, np.nan)
    centre = np.full((len(xy), 2), np.nan)
    rows = good.any(axis=1)
    centre[rows] = np.nanmedian(masked[rows], axis=1)
    return centre


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
    away = np.linalg.norm(xy - middle(xy, good)[:, None], axis=-1)
    with np.errstate(invalid="ignore"):
        return ~(away > SPAN_LIMIT * np.asarray(span)[:, None])


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


def _matrix(column: pa.ChunkedArray, rows: int, parts: int) -> np.ndarray:
    if not rows:
        return np.empty((0, parts), dtype=np.float32)
    return column.combine_chunks().flatten().to_numpy(zero_copy_only=False).reshape(rows, parts)


def _limits(segment: np.ndarray, parts: int, meta: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Cut [row, body part] and span [row] of each row, by the source that its segment came from."""
    cut, span = np.zeros((len(segment), parts)), np.full(len(segment), np.nan)
    for number, name in meta["segment_source"].items():
        rows, known = segment == int(number), meta["segment_span_px"][number]
        cut[rows] = meta["sources"][name]["likelihood_cut"]
        span[rows] = np.nan if known is None else known
    return cut, span
