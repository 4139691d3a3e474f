"""What each track of a model is: cell type, assay and strand by its slug."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from presage import tables
from presage.sequence.targets.target_set import TargetSet


def describe(targets: TargetSet, table: str | Path | None = None) -> pd.DataFrame:
    """Columns ``slug cell_type assay strand``, from the `tracks` table where the run has one.

    The tracks of a TFRecord set describe themselves: names are ``ASSAY:what`` with the strand as last character, and
    the assay of single-cell RNA (RNA3) counts as rna.
    """
    if table is not None:
        return tables.read(table, "tracks")[["slug", "cell_type", "assay", "strand"]]
    rows = []
    for slug, name in zip(targets.tracks, targets.names):
        assay, _, what = name.partition(":") if ":" in name else ("track", ":", name)
        strand = what[-1] if what[-1:] in ("+", "-") else "."
        kind = {"rna3": "rna", "dnase": "atac"}.get(assay.lower(), assay.lower())
        rows.append((slug, what.rstrip("+-").strip(), kind, strand))
    return pd.DataFrame(rows, columns=["slug", "cell_type", "assay", "strand"])


def track_info(slugs: Sequence[str], tracks: pd.DataFrame) -> pd.DataFrame:
    """Columns ``track cell_type assay strand`` for each slug. Raises ``ValueError`` when the tracks table lacks one."""
    known = tracks.set_index("slug")
    missing = [slug for slug in slugs if slug not in known.index]
    if missing:
        raise ValueError(f"tracks table lacks {missing[0]} and {len(missing) - 1} more")
    return known.loc[list(slugs), ["cell_type", "assay", "strand"]].rename_axis("track").reset_index()
