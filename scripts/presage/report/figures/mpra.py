"""The picture of a reporter assay: predicted against measured effects of each element, and r of every track."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from presage.config.ism import Mpra
from presage.report import style
from presage.sequence.mutagenesis.agreement import MEAN

WORDS = {"n": "in unknown bases (N)", "random": "in random bases"}
COLOUR = {"n": style.BLUE, "random": style.ORANGE}


def scatter(effects: pd.DataFrame, table: pd.DataFrame, settings: Mpra) -> Figure:
    """Per element a scatter for each background, the mean over tracks, and Pearson's r of each track beside it.

    ``effects`` and ``table`` are the tables `mpra_effects` and `mpra`. Changes with few barcodes are not drawn.
    """
    with style.style():
        elements = list(dict.fromkeys(effects["element"]))
        backgrounds = list(dict.fromkeys(effects["background"]))
        tracks = list(dict.fromkeys(table["track"]))
        height = 0.9 + len(elements) * max(1.9, 0.5 + 0.14 * len(tracks))
        width = max(style.WIDTH, 2.4 * len(backgrounds) + 3.0)
        title = "Reporter assay: predicted against measured changes of single bases"
        figure = style.new_figure(title, height, simulated=False, width=width)
        ratios = [1.0] * len(backgrounds) + [1.15]
        grid = figure.subplots(len(elements), len(ratios), squeeze=False, width_ratios=ratios)
        rows = effects[effects["barcodes"].isna() | (effects["barcodes"] >= settings.min_barcodes)]
        for axes, element in zip(grid, elements):
            own = table[(table["element"] == element) & (table["kind"] == "all")]
            for axis, background in zip(axes, backgrounds):
                here = rows[(rows["element"] == element) & (rows["background"] == background)]
                _points(axis, here, own[own["background"] == background])
                axis.set_title(f"{element} {WORDS[background]}", fontsize=7.5)
            _tracks(axes[-1], own, tracks)
        grid[0, 0].legend(loc="lower left", borderaxespad=0.1, handletextpad=0.1)
        grid[0, -1].legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=len(backgrounds))
    return figure


def _points(axis: Axes, rows: pd.DataFrame, table: pd.DataFrame) -> None:
    mean = rows.groupby(["pos", "alt"], sort=False).agg(x=("measured", "first"), y=("log_fc", "mean")).reset_index()
    for deleted, marker, label in ((False, "o", "substitution"), (True, "x", "deletion")):
        part = mean[(mean["alt"] == "-") == deleted]
        colour = style.VERMILION if deleted else style.BLUE
        axis.plot(part["x"], part["y"], marker, color=colour, markersize=2.2, alpha=0.6, label=label, rasterized=True)
    axis.axhline(0, color=style.GRID, linewidth=0.6, zorder=0)
    axis.axvline(0, color=style.GRID, linewidth=0.6, zorder=0)
    r = table[table["track"] == MEAN]
    if len(r):
        one = r.iloc[0]
        words = f"r = {one['pearson']:.2f} ({one['pearson_low']:.2f} to {one['pearson_high']:.2f}), n = {one['n']}"
        axis.text(0.02, 0.99, words, transform=axis.transAxes, va="top", fontsize=6)
    axis.set(xlabel="measured (log2)", ylabel="predicted (log2),\nmean of tracks")
    axis.margins(y=0.15)


def _tracks(axis: Axes, table: pd.DataFrame, tracks: list[str]) -> None:
    backgrounds = list(dict.fromkeys(table["background"]))
    for i, background in enumerate(backgrounds):
        mine = table[table["background"] == background].set_index("track").reindex(tracks)
        y = np.arange(len(tracks)) + (i - (len(backgrounds) - 1) / 2) * 0.3
        axis.hlines(y, mine["pearson_low"], mine["pearson_high"], color=COLOUR[background], linewidth=1.2)
        axis.plot(mine["pearson"], y, "o", color=COLOUR[background], markersize=3, label=background)
    axis.axvline(0, color=style.MUTED, linewidth=0.6)
    axis.set_yticks(range(len(tracks)), tracks, fontsize=5.5)
    axis.set(xlabel="Pearson r (95 % CI)", ylim=(len(tracks) - 0.4, -0.6))
    style.tidy(axis, "x")
