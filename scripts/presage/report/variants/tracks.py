"""Predicted coverage of both alleles around one variant, for the page's script: next to it, and the whole window."""

from typing import Any

import numpy as np
import pandas as pd

from presage.report.pseudobulk.gene_models import NAME, lanes
from presage.sequence.variants.alleles import Variant
from presage.sequence.variants.predicted import Predicted

POINTS = 240  # steps of the whole window
NEAR = 20  # bins on each side of the variant
TYPES = 12  # cell types, those with the largest effects
GENES = 60  # the nearest; a window of a genome holds fewer
DIGITS = 4  # significant ones of a coverage: more than a screen has pixels


def shown_tracks(rows: pd.DataFrame) -> list[str]:
    """Slugs of the cell types with the largest effects, in the order of ``rows``: those of one variant in `scores`."""
    size = rows["log_fc"].abs().where(rows["main_strand"], 0.0).groupby(rows["cell_type"], sort=False).max()
    kept = set(size.sort_values(ascending=False, kind="stable").index[:TYPES])
    return rows.loc[rows["cell_type"].isin(kept), "track"].tolist()


def tracks_data(found: Predicted, site: Variant, genes: pd.DataFrame) -> dict[str, Any]:
    """``near`` and ``whole``: the bins next to the variant, and all of them, neighbours averaged.

    Each has ``start``, ``step`` and ``end`` in bp (the last step may be shorter) and, for each of ``tracks``, a list of
    ``ref`` and of ``alt``. ``genes``: rows of the `genes` table that the window meets.
    """
    start, end = map(int, found.edges[[0, -1]])
    return {
        "tracks": found.tracks,
        "near": stretch(found, *near(found, site)),
        "whole": stretch(found, 0, len(found.ref)),
        "genes": gene_data(genes, site, start, end),
    }


def near(found: Predicted, site: Variant) -> tuple[int, int]:
    """Half-open range of the bins next to the variant, all of them where the window is short."""
    bins = len(found.ref)
    at = int(np.clip((site.pos - found.start) // found.bin_size, 0, bins - 1))
    first = int(np.clip(at - NEAR, 0, max(0, bins - 2 * NEAR - 1)))
    return first, min(bins, first + 2 * NEAR + 1)


def stretch(found: Predicted, first: int, last: int) -> dict[str, Any]:
    """The bins ``[first, last)`` in at most :data:`POINTS` steps: means of neighbours, so areas stay as they are."""
    each = -(-(last - first) // POINTS)
    cuts = np.arange(first, last, each)
    size = np.diff([*cuts, last])[:, None]
    ref, alt = (np.add.reduceat(values[:last], cuts, axis=0) / size for values in (found.ref, found.alt))
    return {
        "start": int(found.edges[first]),
        "step": each * found.bin_size,
        "end": int(found.edges[last]),
        "ref": [rounded(one) for one in ref.T],
        "alt": [rounded(one) for one in alt.T],
    }


def rounded(values: np.ndarray) -> list[float]:
    """Values with :data:`DIGITS` significant digits."""
    return [float(f"{value:.{DIGITS}g}") for value in values]


def gene_data(genes: pd.DataFrame, site: Variant, start: int, end: int) -> list[dict[str, Any]]:
    """The genes between ``start`` and ``end``, the nearest first where there are many; ``lane``: the row of each."""
    here = genes[(genes["chrom"] == site.chrom) & (genes["start"] < end) & (genes["end"] > start)]
    away = np.maximum(np.maximum(here["start"] - site.pos, site.pos - here["end"]), 0)
    here = here.iloc[np.argsort(away, kind="stable")[:GENES]].sort_values(["start", "gene_id"])
    rows: list[Any] = list(here.itertuples(index=False))
    return [
        {
            "name": gene.name,
            "start": int(gene.start),
            "end": int(gene.end),
            "strand": gene.strand,
            "exons": [[int(a), int(b)] for a, b in zip(gene.exon_starts, gene.exon_ends)],
            "lane": lane,
        }
        for gene, lane in zip(rows, lanes(rows, NAME * (end - start)))
    ]
