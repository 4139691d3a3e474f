"""Where in a genome a null variant may lie, by fold and by distance to the nearest transcription start.

All of it is arithmetic on intervals, so a place is drawn uniformly from exactly those that fit, and the genome is never
walked through.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from presage.sequence.reference.intervals import covered, difference, merge, overlap
from presage.sequence.reference.leakage import FOLDS, OUTSIDE

NO_START = -1  # the bin of a contig without transcription start
_NONE = np.zeros((0, 2), np.int64)


class Stretch(NamedTuple):
    """Disjoint intervals of a genome in a row: ``contig`` (number) and ``start`` int64 [n], ``before`` int64 [n + 1],
    the bases before each and in all."""

    contig: np.ndarray
    start: np.ndarray
    before: np.ndarray

    @property
    def size(self) -> int:
        """bp"""
        return int(self.before[-1])

    def at(self, offset: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Contig numbers and positions of the bases number ``offset``, int64 [k] each."""
        row = np.searchsorted(self.before, offset, side="right") - 1
        return self.contig[row], self.start[row] + offset - self.before[row]


class Ground:
    """The bases of a genome that are open to null variants.

    Parameters
    ----------
    lengths : contig -> bp, in order; a contig's number is its place there
    windows, genes : the `windows` and `genes` tables
    edges : bp, rising; the absolute distance to the nearest start is in bin ``i`` when ``i`` edges are not above it
    closed : contig -> intervals int64 [n, 2] in any order, where no null variant may lie
    """

    def __init__(
        self,
        lengths: Mapping[str, int],
        windows: pd.DataFrame,
        genes: pd.DataFrame,
        edges: Sequence[int],
        closed: Mapping[str, np.ndarray],
    ) -> None:
        self.contigs = list(lengths)
        self._lengths, self._edges = lengths, list(edges)
        self._open = {c: difference(_inner(lengths[c]), union(closed.get(c, _NONE))) for c in self.contigs}
        self._starts = {str(c): np.unique(rows["tss"].to_numpy(np.int64)) for c, rows in genes.groupby("chrom")}
        self._windows = {
            (c, f): union(rows[["out_start", "out_end"]].to_numpy(np.int64))
            for (c, f), rows in windows.groupby(["chrom", "fold"])
        }
        self._known: dict[tuple[str | None, int | None], Stretch] = {}

    @property
    def bins(self) -> int:
        """Number of bins, :data:`NO_START` not counted."""
        return len(self._edges) + 1

    def bin_of(self, distance: int | None) -> int:
        """Bin of a signed distance to the nearest start, bp."""
        return NO_START if distance is None else int(np.searchsorted(self._edges, abs(distance), side="right"))

    def holds(self, chrom: str, start: int, end: int) -> bool:
        """Whether all of ``[start, end)`` is open."""
        there = self._open[chrom]
        return int(covered(there[:, 0], there[:, 1], np.array([start]), np.array([end]))[0]) == end - start

    def stretch(self, fold: str | None, tss_bin: int | None) -> Stretch:
        """The open bases of one fold and bin; None: of all."""
        if (fold, tss_bin) not in self._known:
            parts = [self._part(chrom, fold, tss_bin) for chrom in self.contigs]
            rows = np.concatenate(parts)
            contig = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
            before = np.concatenate([[0], np.cumsum(rows[:, 1] - rows[:, 0])])
            self._known[fold, tss_bin] = Stretch(contig, rows[:, 0], before)
        return self._known[fold, tss_bin]

    def _part(self, chrom: str, fold: str | None, tss_bin: int | None) -> np.ndarray:
        here = self._open[chrom]
        if tss_bin is not None:
            here = overlap(here, self._bin(chrom, tss_bin))
        return here if fold is None else overlap(here, self._fold(chrom, fold))

    def _fold(self, chrom: str, fold: str) -> np.ndarray:
        """Where a base has the label ``fold``: a more exposed one (train before valid before test) goes before it."""
        here = _all(self._lengths[chrom]) if fold == OUTSIDE else self._windows.get((chrom, fold), _NONE)
        for other in FOLDS if fold == OUTSIDE else FOLDS[: FOLDS.index(fold)]:
            here = difference(here, self._windows.get((chrom, other), _NONE))
        return here

    def _bin(self, chrom: str, tss_bin: int) -> np.ndarray:
        if (tss_bin == NO_START) != (chrom not in self._starts):
            return _NONE
        if tss_bin == NO_START:
            return _all(self._lengths[chrom])
        return difference(self._within(chrom, tss_bin), self._within(chrom, tss_bin - 1))

    def _within(self, chrom: str, edge: int) -> np.ndarray:
        """Bases that are nearer to a start than the edge's distance; all beyond the last edge."""
        if edge < 0:
            return _NONE
        if edge == len(self._edges):
            return _all(self._lengths[chrom])
        reach, starts = self._edges[edge], self._starts[chrom]
        return union(np.clip(np.stack([starts - reach + 1, starts + reach], axis=1), 0, self._lengths[chrom]))


def union(intervals: np.ndarray) -> np.ndarray:
    """Union of intervals int64 [n, 2] in any order, empty ones among them: the same, sorted and disjoint."""
    intervals = intervals[intervals[:, 0] < intervals[:, 1]]
    return np.stack(merge(intervals), axis=1)


def _all(length: int) -> np.ndarray:
    return np.array([[0, length]], np.int64)


def _inner(length: int) -> np.ndarray:
    """All bases with a neighbour on both sides."""
    return np.array([[1, length - 1]], np.int64) if length > 2 else _NONE
