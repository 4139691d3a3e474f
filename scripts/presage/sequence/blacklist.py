"""Blacklisted bases: coverage there is cut down to what is usual in the window, before it is summed over bins.

As ``hound_data_read.py`` of calico/baskerville does it: intervals reach 20 bp further on both sides, and depth in them
is cut to the median depth of the window's bases (the predicted part). Where most bases have no read, as in single
cells, that median is 0. There an interval that begins before the window is passed over; here it counts as well.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from presage.errors import UserError
from presage.sequence.genome import map_contigs
from presage.sequence.tracks import Runs, bin_sums

MARGIN = 20  # bp on both sides of a blacklisted interval


def read_blacklist(path: str | Path, contigs: Iterable[str]) -> dict[str, np.ndarray]:
    """Intervals of a BED file by contig of the genome: int64 [intervals, 2], with margin, merged and sorted.

    Raises :class:`UserError` for a file that is no BED and one that names no contig of the genome.
    """
    found: dict[str, list[tuple[int, int]]] = {}
    number = 0
    try:
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            number += 1
            if line.strip() and not line.startswith(("#", "track", "browser")):
                chrom, start, end = line.split()[:3]
                found.setdefault(chrom, []).append((max(0, int(start) - MARGIN), int(end) + MARGIN))
    except OSError as error:
        raise UserError(path, f"cannot be read ({error.strerror or error})", "correct the path") from None
    except ValueError:
        raise UserError(f"{path} line {number}", "is not BED", "give chrom, start and end") from None
    names = map_contigs(found, contigs).names
    if found and not names:
        raise UserError(
            path, f"names no contig of the genome (e.g. {next(iter(found))})", "give the genome's blacklist"
        )
    return {ours: _merged(found[theirs]) for theirs, ours in names.items()}


def clipped_bin_sums(runs: Runs, starts: np.ndarray, bins: int, bin_size: int, black: np.ndarray | None) -> np.ndarray:
    """As :func:`~presage.sequence.tracks.bin_sums` of one contig, with depth in the intervals ``black`` cut down.

    Only windows that hold a blacklisted base are looked at base by base.
    """
    out, span = bin_sums(runs, starts, bins, bin_size), bins * bin_size
    if black is None or not len(black):
        return out
    for row, start in enumerate(int(s) for s in starts):
        # Merged intervals: both columns rise.
        first, last = np.searchsorted(black[:, 1], start, "right"), np.searchsorted(black[:, 0], start + span)
        if first < last:
            depth = runs.at(np.arange(start, start + span)).astype(np.float64)
            usual = np.median(depth)
            for left, right in np.clip(black[first:last] - start, 0, span):
                depth[left:right] = np.minimum(depth[left:right], usual)
            out[row] = depth.reshape(bins, bin_size).sum(axis=1)
    return out


def _merged(intervals: list[tuple[int, int]]) -> np.ndarray:
    merged: list[list[int]] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    return np.array(merged, np.int64).reshape(-1, 2)
