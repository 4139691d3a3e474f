"""Regions where coverage is an artefact of the assembly (ENCODE's blacklist): read, matched to the genome, merged.

Intervals reach 20 bp further on both sides, as in ``hound_data_read.py`` of calico/baskerville. How coverage in them is
cut down: ``pseudobulk/clip.py``.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from presage import tables, text_table
from presage.errors import UserError
from presage.sequence.reference.contigs import match_contigs
from presage.sequence.reference.intervals import merge

MARGIN = 20  # bp on both sides of a region in which depth is cut


def read_blacklist(path: str | Path, lengths: Mapping[str, int]) -> tuple[pd.DataFrame, dict[str, int]]:
    """A BED file (plain or gzipped; columns past the third are ignored) as the blacklist table.

    Returns disjoint intervals in genome order, cut at contigs' ends, and the regions that were left out because the
    genome lacks their contig. Raises :class:`UserError` for a file that is no BED or has no contig of the genome.
    """
    what = ("is not BED", "give chrom, start, end separated by tabs")
    try:
        bed = text_table.read_csv(path, sep="\t", header=None, comment="#", usecols=[0, 1, 2], dtype={0: str})
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
