"""Coverage: intervals to exact per-base depth as runs, and runs to bins and bigWig."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from presage.errors import UserError
from presage.sequence.contigs import match_contigs


class Runs(NamedTuple):
    """Depth along a contig: ``value[i]`` on ``[edge[i], edge[i + 1])``, 0 elsewhere. int64; neighbours differ."""

    edge: np.ndarray
    value: np.ndarray

    def sums(self, points: np.ndarray) -> np.ndarray:
        """Integral of the depth from the contig's start to each point: int64."""
        if not len(self.value):
            return np.zeros(np.shape(points), dtype=np.int64)
        before = np.concatenate([[0], np.cumsum(self.value * np.diff(self.edge))])
        inside = np.clip(points, self.edge[0], self.edge[-1])
        run = np.clip(np.searchsorted(self.edge, inside, side="right") - 1, 0, len(self.value) - 1)
        return before[run] + self.value[run] * (inside - self.edge[run])


def coverage(start: np.ndarray, end: np.ndarray) -> Runs:
    """Depth of half-open intervals: each base counts the intervals that hold it. Exact, and as small as the reads."""
    place = np.concatenate([start, end])
    edge, back = np.unique(place, return_inverse=True)
    step = np.zeros(len(edge), dtype=np.int64)
    np.add.at(step, back[: len(start)], 1)
    np.add.at(step, back[len(start) :], -1)
    keep = step != 0
    return Runs(edge[keep].astype(np.int64), np.cumsum(step[keep])[:-1])


def bin_sums(runs: Runs, starts: np.ndarray, bins: int, bin_size: int) -> np.ndarray:
    """Depth summed per bin: float32 [windows, bins] of windows that start at ``starts``; bins may leave the contig."""
    points = np.asarray(starts, dtype=np.int64)[:, None] + np.arange(bins + 1) * bin_size
    return np.diff(runs.sums(points), axis=1).astype(np.float32)


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
            self._files[slug].addEntries([chrom] * len(start), start.tolist(), ends=end.tolist(), values=value.tolist())

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

    def bins(self, chrom: str, starts: np.ndarray, bins: int, bin_size: int) -> np.ndarray:
        """Summed coverage per bin: float32 [windows, bins]; 0 outside the contig and where the file is empty."""
        out = np.zeros((len(starts), bins), dtype=np.float32)
        name = self._theirs.get(chrom)
        if name is None or not self._file.header()["nBasesCovered"]:
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


def slugify(name: str) -> str:
    """A name that is safe in a path, in Snakemake wildcards and in shells: letters, digits, ``_`` and ``-``."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_") or "x"
