"""Predicted coverage of both alleles around one variant: the whole window, and the bins next to the variant."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from presage.report import style
from presage.report.gene_models import draw_genes, rows_needed
from presage.report.heat import GAIN, LOSS
from presage.report.metric_rows import thousands
from presage.report.naming import short
from presage.report.style import FULL, Drawing
from presage.sequence.variants.alleles import Variant
from presage.sequence.variants.predicted import Predicted

POINTS = 400  # steps of the whole window
NEAR = 20  # bins on each side of the variant
TRACKS = 6  # of the cell type; more would be no figure
LANES = 4  # rows of genes
TALL = 0.62  # inches of a track
LEAST = 5  # the scale next to the variant is at least this part of the window's
REF = "#c9ced6"


def tracks_figure(
    found: Predicted,
    site: Variant,
    labels: dict[str, str],
    effects: dict[str, float],
    genes: pd.DataFrame,
    title: str,
    simulated: bool | None,
) -> Drawing:
    """A row per track, both alleles in one axis, and the genes below.

    Parameters
    ----------
    labels, effects : by slug: what a track is called, and its log2 fold change
    genes : the `genes` table
    """
    whole, near = (0, len(found.ref)), _near(found, site)
    shown = [_thinned(found, *stretch) for stretch in dict.fromkeys((whole, near))]
    start, end = map(int, found.edges[[0, -1]])
    genes = genes[(genes["chrom"] == site.chrom) & (genes["start"] < end) & (genes["end"] > start)]
    count, rows = len(found.tracks), min(LANES, rows_needed(genes, start, end))
    heights = [TALL] * count + [0.14 + 0.2 * rows]
    figure = style.new_figure(title, 1.25 + sum(heights), simulated, FULL)
    widths = [1.7, 1][: len(shown)]
    grid = figure.subplots(
        count + 1, len(shown), sharex="col", squeeze=False, width_ratios=widths, height_ratios=heights
    )
    engine: Any = figure.get_layout_engine()
    engine.set(hspace=0, h_pad=0.02)
    tops = np.array([np.maximum(ref.max(axis=0), alt.max(axis=0)) for _, ref, alt in shown]).T
    # What is next to nothing in the window must not fill the panel beside it.
    tops = np.maximum(tops, tops[:, :1] / LEAST)
    for column, (edges, ref, alt) in enumerate(shown):
        for row in range(count):
            _alleles(grid[row, column], edges, ref[:, row], alt[:, row], tops[row, column])
        _genes(grid[-1, column], genes, (int(edges[0]), int(edges[-1])), site.chrom, rows, 3 if column else 5)
        for axes in grid[:, column]:
            _mark(axes, site)
    for axes, track in zip(grid[:, 0], found.tracks):
        axes.set_ylabel(short(labels[track], 22), rotation=0, ha="right", va="center", fontsize=7, labelpad=22)
    for axes, track in zip(grid[:, -1], found.tracks):
        effect = round(effects[track], 2)
        words = f"{effect:+.2f}".replace("-", "−") if effect else "0.00"
        axes.text(1.015, 0.5, words, transform=axes.transAxes, va="center", fontsize=7, fontweight="bold")
    if len(shown) > 1:
        grid[0, 0].set_title("the whole predicted window")
        grid[0, 1].set_title("next to the variant (grey band)")
        for axes in grid[:, 0]:
            axes.axvspan(*found.edges[list(near)], color=style.PALE, linewidth=0, zorder=-1)
    figure.align_ylabels(grid[:, 0])
    _legend(figure)
    return figure, _numbers(found.tracks, shown)


def _near(found: Predicted, site: Variant) -> tuple[int, int]:
    """Half-open range of the bins next to the variant, all of them where the window is short."""
    bins = len(found.ref)
    if bins <= 4 * NEAR:
        return 0, bins
    at = int(np.clip((site.pos - found.start) // found.bin_size, 0, bins - 1))
    first = int(np.clip(at - NEAR, 0, bins - 2 * NEAR - 1))
    return first, first + 2 * NEAR + 1


def _thinned(found: Predicted, first: int, last: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges (bp), REF and ALT of the bins ``[first, last)``, neighbours averaged down to ``POINTS`` steps."""
    step = -(-(last - first) // POINTS)
    cuts = np.arange(first, last, step)
    size = np.diff([*cuts, last])[:, None]
    ref, alt = (np.add.reduceat(values[:last], cuts, axis=0) / size for values in (found.ref, found.alt))
    return found.edges[[*cuts, last]], ref, alt


def _alleles(axes: Axes, edges: np.ndarray, ref: np.ndarray, alt: np.ndarray, top: float) -> None:
    """REF in grey; what ALT adds in red, what it takes away in blue, and ALT itself as a line."""
    axes.stairs(ref, edges, fill=True, color=REF)
    axes.stairs(np.maximum(ref, alt), edges, baseline=ref, fill=True, color=GAIN, alpha=0.85)
    axes.stairs(np.minimum(ref, alt), edges, baseline=ref, fill=True, color=LOSS, alpha=0.85)
    axes.stairs(alt, edges, baseline=None, color=style.INK, linewidth=0.7)
    axes.set_ylim(0, 1.12 * max(top, 1e-9))
    axes.spines["bottom"].set_color(style.GRID)
    axes.tick_params(axis="x", length=0, labelbottom=False)
    axes.yaxis.set_major_locator(MaxNLocator(2, prune="upper"))
    axes.yaxis.set_major_formatter(FuncFormatter(thousands))
    axes.tick_params(axis="y", labelsize=6, length=2)


def _genes(axes: Axes, genes: pd.DataFrame, stretch: tuple[int, int], chrom: str, rows: int, ticks: int) -> None:
    """The genes of ``stretch``, how many had no room, and the axis in bp."""
    start, end = stretch
    here = genes[(genes["start"] < end) & (genes["end"] > start)]
    if more := draw_genes(axes, here, start, end, f"{chrom} (bp)", rows):
        words = f"and {more} more genes"
        axes.text(1, 0, words, transform=axes.transAxes, ha="right", va="bottom", fontsize=6, color=style.MUTED)
    axes.xaxis.set_major_locator(MaxNLocator(ticks, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def _mark(axes: Axes, site: Variant) -> None:
    axes.axvspan(site.pos, site.pos + len(site.ref), color=style.ORANGE, alpha=0.5, linewidth=0, zorder=0)
    axes.axvline(site.pos + len(site.ref) / 2, color=style.ORANGE, linewidth=1, linestyle=(0, (3, 2)), zorder=3)


def _legend(figure: Figure) -> None:
    handles = [
        Patch(color=REF, label="REF"),
        Line2D([], [], color=style.INK, linewidth=0.9, label="ALT"),
        Patch(color=GAIN, alpha=0.85, label="ALT above REF"),
        Patch(color=LOSS, alpha=0.85, label="ALT below REF"),
        Line2D([], [], color=style.ORANGE, linestyle=(0, (3, 2)), linewidth=1, label="the variant"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))


def _numbers(tracks: list[str], shown: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> pd.DataFrame:
    """The plotted steps as rows: panel, track, start, end (bp, 0-based half-open), mean REF and ALT per bin."""
    rows = []
    for panel, (edges, ref, alt) in zip(("window", "near"), shown):
        for i, track in enumerate(tracks):
            rows.append(
                pd.DataFrame(
                    {
                        "panel": panel,
                        "track": track,
                        "start": edges[:-1],
                        "end": edges[1:],
                        "ref": ref[:, i],
                        "alt": alt[:, i],
                    }
                )
            )
    return pd.concat(rows, ignore_index=True)
