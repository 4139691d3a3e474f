"""Genes under a figure of coverage: exons as boxes on a line whose arrows point the way of transcription."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from presage.report import style

NAME = 0.1  # of the width that is shown: what a gene's name takes
ARROWS = 40  # on a gene as long as the width


def draw_gene(
    axes: Axes, gene: Any, lane: float = 0.0, height: float = 0.9, unit: float = 1000, arrows: int = 10
) -> None:
    """One row of the `genes` table (attributes) at y = ``lane``; the x axis counts in ``unit`` bp."""
    axes.hlines(lane, gene.start / unit, gene.end / unit, color=style.INK, linewidth=0.8)
    starts, ends = np.asarray(gene.exon_starts), np.asarray(gene.exon_ends)
    axes.barh(np.full(len(starts), lane), (ends - starts) / unit, left=starts / unit, color=style.INK, height=height)
    at = np.linspace(gene.start, gene.end, arrows + 2)[1:-1] / unit
    marker = ">" if gene.strand == "+" else "<"
    axes.plot(at, np.full(len(at), lane), marker, color=style.MUTED, markersize=2.4, zorder=0)


def gene_axis(axes: Axes, start: float, end: float, lanes: int, label: str) -> None:
    """Turn ``axes`` into the place of ``lanes`` rows of genes, from above, over ``start`` to ``end`` in its unit."""
    axes.set(xlim=(start, end), ylim=(lanes, -1), yticks=[], xlabel=label)
    axes.spines["left"].set_visible(False)
    axes.ticklabel_format(axis="x", useOffset=False, style="plain")


def lanes(genes: Iterable[Any], room: float) -> list[int]:
    """The row of each gene, in the order given (by start): no two of a row meet, each ``room`` bp long or longer."""
    ends: list[float] = []
    found = []
    for gene in genes:
        free = next((i for i, end in enumerate(ends) if gene.start >= end), len(ends))
        ends[free : free + 1] = [max(gene.end, gene.start + room)]
        found.append(free)
    return found


def rows_needed(genes: pd.DataFrame, start: int, end: int) -> int:
    """Rows that the names and bodies of ``genes`` (rows of the table) take between ``start`` and ``end``, bp."""
    return 1 + max(lanes(_ordered(genes), NAME * (end - start)), default=0)


def draw_genes(axes: Axes, genes: pd.DataFrame, start: int, end: int, label: str, rows: int) -> int:
    """``genes`` (rows of the table) between ``start`` and ``end`` in bp, named, in ``rows`` rows.

    Returns how many did not fit.
    """
    known = _ordered(genes)
    placed = [(gene, lane) for gene, lane in zip(known, lanes(known, NAME * (end - start))) if lane < rows]
    for gene, lane in placed:
        draw_gene(axes, gene, lane, 0.36, 1, arrows=max(1, round(ARROWS * (gene.end - gene.start) / (end - start))))
        at = min(max(gene.start, start), end - NAME * (end - start))
        axes.text(at, lane - 0.26, gene.name, fontsize=6, color=style.INK, va="bottom", fontstyle="italic")
    gene_axis(axes, start, end, rows, label)
    return len(known) - len(placed)


def _ordered(genes: pd.DataFrame) -> list[Any]:
    return list(genes.sort_values(["start", "gene_id"]).itertuples(index=False))
