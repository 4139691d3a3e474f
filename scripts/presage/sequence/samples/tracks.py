"""Coverage: intervals to exact per-base depth as runs, and runs to bins and bigWig."""

import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from presage.errors import UserError
from presage.sequence.reference.contigs import match_contigs


class Runs(NamedTuple):
    """Depth along a contig: ``value[i]`` >= 0 on ``[edge[i], edge[i + 1])``, 0 elsewhere; neighbours differ.

    ``edge`` is int64. ``value`` is int64 where depth counts reads, and everything made of it is then exact; it is
    float64 where depth comes from a bigWig that was normalised.
    """

    edge: np.ndarray
    value: np.ndarray

    def sums(self, points: np.ndarray) -> np.ndarray:
        """Integral of the depth from the contig's start to each point, in the dtype of ``value``.

        As float64 it errs by some 1e-16 of the contig's total, never falls from left to right, and does not change at
        all where the depth is 0: so no bin becomes negative, and an empty one is 0.
        """
        if not len(self.value):
            return np.zeros(np.shape(points), dtype=self.value.dtype)
        before = np.concatenate([[0], np.cumsum(self.value * np.diff(self.edge))]).astype(self.value.dtype)
        inside = np.clip(points, self.edge[0], self.edge[-1])
        run = np.clip(np.searchsorted(self.edge, inside, side="right") - 1, 0, len(self.value) - 1)
        return before[run] + self.value[run] * (inside - self.edge[run])

    def at(self, points: np.ndarray) -> np.ndarray:
        """Depth at each point, in the dtype of ``value``."""
        run = np.searchsorted(self.edge, points, side="right") - 1
        inside = (run >= 0) & (run < len(self.value))
        depth = np.zeros(np.shape(points), dtype=self.value.dtype)
        depth[inside] = self.value[run[inside]]
        return depth


def coverage(start: np.ndarray, end: np.ndarray) -> Runs:
    """Depth of half-open intervals: each base counts the intervals that hold it. Exact, and as small as the reads."""
    place = np.concatenate([start, end])
    edge, back = np.unique(place, return_inverse=True)
    step = np.zeros(len(edge), dtype=np.int64)
    np.add.at(step, back[: len(start)], 1)
    np.add.at(step, back[len(start) :], -1)
    keep = step != 0
    return Runs(edge[keep].astype(np.int64), np.cumsum(step[keep])[:-1])


def runs_of(edge: np.ndarray, value: np.ndarray) -> Runs:
    """Runs of ``value[i]`` on ``[edge[i], edge[i + 1])``: equal neighbours become one, zeros at the ends go."""
    if not len(value):
        return Runs(np.empty(0, np.int64), value)
    padded = np.concatenate([np.zeros(1, value.dtype), value, np.zeros(1, value.dtype)])
    change = np.flatnonzero(padded[1:] != padded[:-1])
    return Runs(edge[change].astype(np.int64), value[change[:-1]])


def total(parts: Sequence[Runs]) -> Runs:
    """Depths of one contig added up base by base; int64 where all parts are, else float64."""
    if not parts:
        return Runs(np.empty(0, np.int64), np.empty(0, np.int64))
    edge = np.unique(np.concatenate([part.edge for part in parts]))
    # Depth is read off each part and not added up from its steps, which would leave crumbs of float64 after each peak.
    value = sum((part.at(edge[:-1]) for part in parts[1:]), parts[0].at(edge[:-1]))
    return runs_of(edge, value)


def bin_sums(runs: Runs, starts: np.ndarray, bins: int, bin_size: int) -> np.ndarray:
    """Depth summed per bin: float32 [windows, bins] of windows that start at ``starts``; bins may leave the contig.

    The work is that of the runs in the windows, not of the bins: most bins of single cells are empty.
    """
    starts, span = np.asarray(starts, dtype=np.int64), bins * bin_size
    size = len(starts) * bins
    if not len(runs.value):
        return np.zeros((len(starts), bins), dtype=np.float32)
    first = np.maximum(np.searchsorted(runs.edge, starts, side="right") - 1, 0)
    count = np.maximum(np.minimum(np.searchsorted(runs.edge, starts + span), len(runs.value)) - first, 0)
    window = np.repeat(np.arange(len(starts)), count)
    run = np.arange(len(window)) + np.repeat(first - np.cumsum(count) + count, count)
    filled = runs.value[run] != 0
    window, run = window[filled], run[filled]
    # Each run within its window, from the window's first base.
    left = np.maximum(runs.edge[run] - starts[window], 0)
    right = np.minimum(runs.edge[run + 1] - starts[window], span)
    inside = left < right
    window, left, right, value = window[inside], left[inside], right[inside], runs.value[run[inside]]
    head, tail = left // bin_size, (right - 1) // bin_size
    base = window * bins
    # What lies in the first bin, in the last one if it is another, and in whole bins between (seldom any).
    total = np.bincount(base + head, value * (np.minimum(right, (head + 1) * bin_size) - left), minlength=size)
    more = tail > head
    if more.any():
        last = (base + tail)[more]
        total += np.bincount(last, (value * (right - tail * bin_size))[more], minlength=size)
        between = np.where(more, tail - head - 1, 0)
        if between.any():
            which = np.repeat(np.arange(len(between)), between)
            step = np.arange(len(which)) - np.repeat(np.cumsum(between) - between, between)
            total += np.bincount((base + head)[which] + 1 + step, value[which] * bin_size, minlength=size)
    return total.reshape(len(starts), bins).astype(np.float32)


class BigWigs:
    """One bigWig per track, filled contig by contig in the header's order."""

    def __init__(self, folder: Path, slugs: Iterable[str], lengths: Mapping[str, int]) -> None:
        import pyBigWig

        folder.mkdir(parents=True, exist_ok=True)
        self._files = {slug: pyBigWig.open(str(folder / f"{slug}.bw"), "w") for slug in slugs}
        for file in self._files.values():
            file.addHeader(list(lengths.items()))

    def add(self, slug: str, chrom: str, runs: Runs) -> None:
        """Write the depth of a contig; bases without reads stay empty (they read as 0)."""
        covered = runs.value > 0
        if covered.any():
            start, end = runs.edge[:-1][covered], runs.edge[1:][covered]
            value = runs.value[covered].astype(np.float64)
            self._files[slug].addEntries([chrom] * len(start), start, ends=end, values=value)

    def close(self) -> None:
        """Finish all files."""
        for file in self._files.values():
            file.close()


class BigWig:
    """Bins from a bigWig whose contigs are matched to a genome.

    Raises :class:`UserError` for a file that is no bigWig or belongs to another genome.
    """

    def __init__(self, path: str | Path, lengths: Mapping[str, int]) -> None:
        import pyBigWig

        try:
            self._file = pyBigWig.open(str(path))
        except RuntimeError:
            raise UserError(path, "cannot be opened as bigWig", "correct the path") from None
        contigs = match_contigs(path, dict(self._file.chroms()), lengths)
        self._theirs = {ours: theirs for theirs, ours in contigs.names.items()}
        self._empty = not has_values(path)

    def bins(self, chrom: str, starts: np.ndarray, bins: int, bin_size: int) -> np.ndarray:
        """Summed coverage per bin: float32 [windows, bins]; 0 outside the contig and where the file is empty."""
        out = np.zeros((len(starts), bins), dtype=np.float32)
        name = self._theirs.get(chrom)
        if name is None or self._empty:
            return out
        length = self._file.chroms(name)
        for row, start in enumerate(int(s) for s in starts):
            left, right = max(start, 0), min(start + bins * bin_size, length)
            depth = np.zeros(bins * bin_size, dtype=np.float64)
            if left < right:
                depth[left - start : right - start] = np.nan_to_num(self._file.values(name, left, right, numpy=True))
            out[row] = depth.reshape(bins, bin_size).sum(1)
        return out

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def has_values(path: str | Path) -> bool:
    """Whether a bigWig covers any base; libBigWig fails when it is asked for values of one that does not.

    Read from the file's own summary: ``header()`` of pyBigWig crashes Python where a value is NaN or infinite.
    """
    with Path(path).open("rb") as file:
        head = file.read(52)
        order = "<" if head[:4] == b"\x26\xfc\x8f\x88" else ">"
        (summary,) = struct.unpack_from(f"{order}Q", head, 44)
        if not summary:  # version 1 had none
            return True
        file.seek(summary)
        return file.read(8) != bytes(8)


def slugify(name: str) -> str:
    """A name that is safe in a path, in Snakemake wildcards and in shells: letters, digits, ``_`` and ``-``."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_") or "x"
