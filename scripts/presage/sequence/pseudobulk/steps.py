"""Depth as steps: where it rises and falls, by lane. What can be summed over reads, samples and jobs in any order.

A lane is a kind of reads that stay apart until tracks are made: cells of one group, on one strand, in one half of the
cells, in one class of the down-sampling. Its number packs these (see :class:`Lanes`).
"""

from typing import NamedTuple

import numpy as np

from presage.sequence.samples.tracks import Runs


class Lanes(NamedTuple):
    """Numbers of lanes; ``classes`` is one more than the shares of the down-sampling curve."""

    classes: int = 1

    def number(self, group: np.ndarray, minus: np.ndarray, half: np.ndarray, level: np.ndarray | int = 0) -> np.ndarray:
        """int64 lane of a group of cells, strand (bool), half (0 or 1) and class (0 = in every share)."""
        return ((group.astype(np.int64) * 2 + minus) * 2 + half) * self.classes + level

    def parts(self, lane: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """(group, minus, half, class) of each lane."""
        level, rest = lane % self.classes, lane // self.classes
        return rest // 4, rest // 2 % 2, rest % 2, level


class Steps(NamedTuple):
    """Sorted by lane and position, each pair once, no step of 0: int32 arrays of one length."""

    lane: np.ndarray
    position: np.ndarray
    step: np.ndarray


def steps_of(lane: np.ndarray, start: np.ndarray, end: np.ndarray) -> Steps:
    """Steps of half-open intervals, each of depth 1 (positions < 2^31, lanes < 2^31)."""
    shifted = lane.astype(np.int64) << 32
    # Negative starts (a widened cut at the contig's edge) would borrow from the lane: depth before base 0 is no depth.
    keys = np.concatenate([shifted + np.maximum(start, 0), shifted + np.maximum(end, 0)])
    order = np.argsort(keys, kind="stable")
    keys, step = keys[order], np.where(order < len(start), 1, -1)
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    summed = np.add.reduceat(step, first) if len(keys) else step
    keys, summed = keys[first][summed != 0], summed[summed != 0]
    return Steps((keys >> 32).astype(np.int32), (keys & 0xFFFFFFFF).astype(np.int32), summed.astype(np.int32))


def runs_of(position: np.ndarray, step: np.ndarray, length: int) -> Runs:
    """Depth along a contig of ``length`` bp from steps in any order, positions repeated or not."""
    place = np.minimum(position.astype(np.int64), length)
    order = np.argsort(place, kind="stable")
    place, step = place[order], step[order]
    first = np.flatnonzero(np.diff(place, prepend=-1))
    summed = np.add.reduceat(step, first) if len(place) else step
    keep = summed != 0
    edge = place[first][keep]
    depth = np.cumsum(summed[keep])[:-1]
    return Runs(edge, depth if depth.dtype.kind == "f" else depth.astype(np.int64))
