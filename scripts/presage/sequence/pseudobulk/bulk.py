"""Bulk coverage over the windows: what a trunk is trained on."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from presage.errors import UserError
from presage.progress import progress
from presage.sequence.pseudobulk.pool import ENDING, SIGN, strand_partners, unique_slugs
from presage.sequence.reference.genome import Genome
from presage.sequence.reference.windows import on_genome
from presage.sequence.samples.tracks import BigWig, slugify
from presage.sequence.targets.scaling import Scale
from presage.sequence.targets.target_set import TargetSet, TargetWriter
from presage.sheets import BulkTrack

_WINDOWS = 64  # read at a time


def bulk_targets(
    rows: Sequence[BulkTrack],
    windows: pd.DataFrame,
    bin_size: int,
    genome: Genome,
    path: str | Path,
    *,
    scale: str = "mean_one",
    simulated: bool = False,
) -> TargetSet:
    """Targets from bulk bigWigs, to train a trunk on.

    ``rows``: see :func:`presage.sheets.read_bulk`. The target set is written to ``path`` and opened. Raises
    :class:`UserError` for a bigWig that cannot be read, or a genome that holds none of the windows.
    """
    windows = on_genome(windows, genome)
    if not len(windows):
        raise UserError(genome.path, "holds none of the windows", "give the genome that the windows were made on")
    bins = int((windows["out_end"] - windows["out_start"]).iloc[0]) // bin_size
    files = [BigWig(Path(row.path), genome.lengths) for row in rows]
    writer = TargetWriter(
        path,
        windows,
        unique_slugs(f"{slugify(row.tissue)}_{slugify(row.assay)}{ENDING[row.strand]}" for row in rows),
        bin_size,
        names=[f"{row.tissue} {row.assay}{SIGN[row.strand]}" for row in rows],
        strand_pair=strand_partners([(row.assay, row.tissue) for row in rows], [row.strand for row in rows]),
        simulated=simulated,
    )
    with writer:
        for start in progress(range(0, len(windows), _WINDOWS), "bulk coverage", "batch"):
            for chrom, here in windows.iloc[start : start + _WINDOWS].groupby("chrom", sort=False):
                starts = here["out_start"].to_numpy()
                values = [file.bins(str(chrom), starts, bins, bin_size) for file in files]
                writer.write(here.index.to_numpy(), np.stack(values, axis=2))
        writer.finish(Scale.plain(len(rows)), mean_one=scale == "mean_one")
    for file in files:
        file.close()
    return TargetSet.open(path)
