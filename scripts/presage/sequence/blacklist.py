"""Regions where coverage is an artefact of the assembly (ENCODE's blacklist): read, matched to the genome, merged; and
coverage there cut down to what is usual in the window, before it is summed over bins.

The cut is that of ``hound_data_read.py`` of calico/baskerville: intervals reach 20 bp further on both sides, and depth
in them is cut to the median depth of the window's bases (the predicted part). Where most bases have no read, as in
single cells, that median is 0. There an interval that begins before the window is passed over; here it counts as well.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from presage import tables
from presage.errors import UserError
from presage.sequence.contigs import match_contigs
from presage.sequence.intervals import merge
from presage.sequence.tracks import Runs, bin_sums

MARGIN = 20  # bp on both sides of a region in which depth is cut


def read_blacklist(path: str | Path, lengths: Mapping[str, int]) -> tuple[pd.DataFrame, dict[str, int]]:
    """A BED file (plain or gzipped; columns past the third are ignored) as the blacklist table.

    Returns disjoint intervals in genome order, cut at contigs' ends, and the regions that were left out because the
    genome lacks their contig. Raises :class:`UserError` for a file that is no BED or has no contig of the genome.
    """
    what = ("is not BED", "give chrom, start, end separated by tabs")
    try:
        bed = pd.read_csv(path, sep="\t", header=None, comment="#", usecols=[0, 1, 2], dtype={0: str})
    except pd.errors.EmptyDataError:
        return tables.empty("blacklist"), {"regions_not_in_genome": 0}
    except OSError as error:
        raise UserError(path, f"cannot be read ({error.strerror or error})", "correct reference.blacklist") from None
    except (ValueError, EOFError, OverflowError) as error:
        raise UserError(path, f"{what[0]} ({error})", what[1]) from None
    whole = all(pd.api.types.is_integer_dtype(bed[i]) for i in (1, 2)) and bed[0].notna().all()
    if not whole or (bed[1] < 0).any() or (bed[2] < bed[1]).any():
        raise UserError(path, *what)
    contigs = match_contigs(path, dict.fromkeys(bed[0]), lengths).names
    parts = []
    by_contig = {contigs[str(name)]: rows for name, rows in bed.groupby(0) if name in contigs}
    for chrom, length in lengths.items():
        if chrom in by_contig:
            starts, ends = merge(np.clip(by_contig[chrom][[1, 2]].to_numpy(np.int64), 0, length))
            inside = starts < ends
            parts.append(pd.DataFrame({"chrom": chrom, "start": starts[inside], "end": ends[inside]}))
    return pd.concat(parts, ignore_index=True), {"regions_not_in_genome": int((~bed[0].isin(contigs.keys())).sum())}


def with_margin(regions: pd.DataFrame, chrom: str) -> np.ndarray:
    """Regions of a contig (``regions``: the blacklist table) with their margin: int64 [n, 2], sorted and disjoint."""
    here = regions.loc[regions["chrom"] == chrom, ["start", "end"]].to_numpy(np.int64)
    return np.stack(merge(here + np.array([-MARGIN, MARGIN])), axis=1) if len(here) else here


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
