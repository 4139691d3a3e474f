"""Bulk coverage of the genome world: tissues are mixtures of the cell types, without any single-cell resolution.

ATAC follows accessibility; RNA lies evenly over exons (a little in introns), unlike the 3' piles of the single-cell
reads. The rare type is at most 4 % of a tissue, so its own factor is hardly seen here.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pyBigWig
from numpy.typing import NDArray

from presage.worlds.genome.expression import CLOSED, Expectation
from presage.worlds.genome.grammar import CELL_TYPES, GRID, States
from presage.worlds.genome.layout import Gene, Layout, rows

# Rows are tissues, columns CELL_TYPES.
TISSUES = {
    "tissue1": (0.75, 0.10, 0.05, 0.05, 0.04, 0.01),
    "tissue2": (0.05, 0.70, 0.12, 0.05, 0.05, 0.03),
    "tissue3": (0.05, 0.05, 0.75, 0.10, 0.05, 0.00),
    "tissue4": (0.05, 0.10, 0.05, 0.38, 0.38, 0.04),
}
RANDOM_TISSUES = 8  # further ones, some nearly pure, as the sorted primary cells of public compendia are
PURITY = 0.25  # concentration of the random shares; below 1, one type prevails
RARE_SHARE = 0.02  # of the rare type in the random ones
MOSTLY = 0.7  # of the rare type in tissues that are made of it
STRANDS = {"+": "plus", "-": "minus"}
STEP = 2 * GRID  # bp, resolution of the bigWigs
INTRON = 0.2  # coverage of introns, relative to exons


def mixtures(rng: np.random.Generator, rare_tissues: int = 0) -> dict[str, NDArray[np.float64]]:
    """Shares of CELL_TYPES in each tissue: those of TISSUES, RANDOM_TISSUES random ones, and ``rare_tissues`` that
    are mostly of the rare type."""
    rare = np.repeat([RARE_SHARE, MOSTLY], [RANDOM_TISSUES, rare_tissues])[:, None]
    drawn = rng.dirichlet(np.full(len(CELL_TYPES) - 1, PURITY), len(rare)) * (1 - rare)
    extra = np.append(drawn, rare, axis=1)
    known = {name: np.array(shares) for name, shares in TISSUES.items()}
    return known | {f"tissue{i}": shares for i, shares in enumerate(extra, start=len(TISSUES) + 1)}


def write_bulk(
    layout: Layout,
    expectation: Expectation,
    states: States,
    depth: float,
    rng: np.random.Generator,
    out: Path,
    rare_tissues: int = 0,
) -> pd.DataFrame:
    """Write ``<tissue>_atac.bw`` and ``<tissue>_rna_<plus|minus>.bw`` into ``out``; returns the rows of tracks.tsv.

    Counts are Poisson in steps of 16 bp around ``depth`` reads/bp on an open element, and on the mean gene's exons.
    """
    share = expectation.expression / expectation.expression.sum(axis=1, keepdims=True)
    listed = []
    for tissue, types in mixtures(rng, rare_tissues).items():
        weights = types @ states.type_means()[: len(CELL_TYPES)]  # no tissue has the blend, nor anything diseased
        access = {c: (weights @ a + CLOSED).reshape(-1, STEP // GRID) for c, a in expectation.activity.items()}
        level = weights @ share
        tracks = {("atac", "."): {c: a.mean(axis=1) for c, a in access.items()}}
        tracks |= {("rna", strand): _rna(layout, level / level.mean(), strand) for strand in STRANDS}
        for (assay, strand), expected in tracks.items():
            slug = f"{tissue}_{assay}" + (f"_{STRANDS[strand]}" if strand in STRANDS else "")
            _write_bigwig(out / f"{slug}.bw", {c: rng.poisson(depth * e) for c, e in expected.items()})
            listed.append({"assay": assay, "tissue": tissue, "strand": strand, "path": f"{slug}.bw"})
    return pd.DataFrame(listed)


def _rna(layout: Layout, level: NDArray[np.float64], strand: str) -> dict[str, NDArray[np.float64]]:
    """Expected RNA coverage of one strand per STEP; ``level`` [gene] is relative to the mean gene."""
    cover = {c: np.full(len(s), 0.01) for c, s in layout.sequence.items()}
    for gene, height in zip(rows(layout.genes, Gene), level):
        if gene.strand == strand:
            cover[gene.chrom][gene.start : gene.end] += INTRON * height
            for a, b in zip(gene.exon_starts, gene.exon_ends):
                cover[gene.chrom][a:b] += (1 - INTRON) * height
    return {c: v.reshape(-1, STEP).mean(axis=1) for c, v in cover.items()}


def _write_bigwig(path: Path, values: dict[str, NDArray[np.int64]]) -> None:
    bw = pyBigWig.open(str(path), "w")
    bw.addHeader([(c, len(v) * STEP) for c, v in values.items()])
    for chrom, v in values.items():
        edges = np.flatnonzero(np.diff(v, prepend=-1))  # runs of equal values; zeros stay out
        ends = np.append(edges[1:], len(v))
        keep = v[edges] > 0
        starts, stops = edges[keep] * STEP, ends[keep] * STEP
        bw.addEntries(
            [chrom] * len(starts), starts.tolist(), ends=stops.tolist(), values=v[edges][keep].astype(float).tolist()
        )
    bw.close()
