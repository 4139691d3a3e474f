"""Bulk coverage over the windows: what a trunk is trained on."""

from pathlib import Path

import numpy as np
import pandas as pd

from presage.errors import UserError
from presage.progress import progress
from presage.sequence.pseudobulk.pool import SIGN, strand_partners
from presage.sequence.reference.genome import Genome
from presage.sequence.reference.windows import on_genome
from presage.sequence.samples.tracks import BigWig
from presage.sequence.targets.scaling import Scale
from presage.sequence.targets.target_set import TargetSet, TargetWriter

_WINDOWS = 64  # read at a time


def bulk_targets(
    sheet: str | Path,
    windows: pd.DataFrame,
    bin_size: int,
    genome: Genome,
    path: str | Path,
    *,
    scale: str = "mean_one",
    simulated: bool = False,
) -> TargetSet:
    """Targets from bulk bigWigs, to train a trunk on.

    ``sheet``: TSV with columns slug, assay, tissue, strand (+, - or .) and path, which starts at the sheet's folder or
    at the folder above it. The target set is written to ``path`` and opened.
    """
    sheet = Path(sheet)
    try:
        rows = pd.read_csv(sheet, sep="\t", dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise UserError(sheet, f"cannot be read as a table ({error})", "give a TSV with a header") from None
    for name in ("slug", "assay", "tissue", "strand", "path"):
        if name not in rows:
            raise UserError(sheet, f"has no column {name!r}", "the columns are slug, assay, tissue, strand, path")
    windows = on_genome(windows, genome)
    if not len(windows):
        raise UserError(genome.path, "holds none of the windows", "give the genome that the windows were made on")
    bins = int((windows["out_end"] - windows["out_start"]).iloc[0]) // bin_size
    files = [BigWig(_found(sheet, path_), genome.lengths) for path_ in rows["path"]]
    writer = TargetWriter(
        path,
        windows,
        rows["slug"].tolist(),
        bin_size,
        names=[f"{t} {a}{SIGN.get(s, '')}" for t, a, s in zip(rows["tissue"], rows["assay"], rows["strand"])],
        strand_pair=strand_partners(list(zip(rows["assay"], rows["tissue"])), rows["strand"].tolist()),
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


def _found(sheet: Path, path: str) -> Path:
    """A path of the sheet, which starts at its folder or at the folder above."""
    below = sheet.parent / path
    return below if below.exists() else sheet.parent.parent / path
