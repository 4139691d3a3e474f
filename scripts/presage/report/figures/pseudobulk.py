"""fig18: reads by fate in each sample, cells and depth of each cell type."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from presage.config.report import Report
from presage.report import style
from presage.report.figures.plot import panel, stacked
from presage.report.metric_rows import thousands
from presage.report.pseudobulk.fate_bars import fate_bars, reads_by_fate
from presage.report.run import Run


def numbers(run: Run, settings: Report) -> pd.DataFrame:
    """Panels ``reads`` (by sample and fate), ``cells`` and ``depth`` (by cell type)."""
    fates = reads_by_fate(run.json("sequence/pseudobulk/qc.json"))
    cells = run.rows("cells")
    types = cells.assign(cell_type=cells["cell_type"].fillna("no label"))
    counts = types.groupby(["cell_type", "used"]).size().unstack(fill_value=0)
    counts = counts.reindex(columns=[True, False], fill_value=0)
    counts = counts.set_axis(["used", "not used"], axis=1).sort_values("used")
    depth = types[types["used"]].groupby("cell_type")[["reads", "fragments"]].sum().reindex(counts.index).fillna(0)
    return stacked(reads=fates, cells=counts.reset_index(), depth=depth.reset_index())


def draw(numbers: pd.DataFrame, simulated: bool | None) -> Figure:
    """Bars by sample, and by cell type."""
    fates, counts = panel(numbers, "reads"), panel(numbers, "cells").set_index("cell_type")
    samples = list(dict.fromkeys(fates["sample"]))
    figure = style.new_figure("From reads to tracks", 1.6 + 0.24 * max(len(samples), len(counts)), simulated)
    left, middle, right = style.columns(figure, [1.8, 1.1, 0.95])
    _fates(left, fates, samples)
    _cells(middle, counts)
    _depth(right, panel(numbers, "depth"))
    return figure


def _fates(figure: Any, fates: pd.DataFrame, samples: list[str]) -> None:
    fate_bars(figure.subplots(), fates, samples)
    figure.legend(loc="outside lower center", ncols=4, columnspacing=1, handlelength=0.9)


def _cells(figure: Any, counts: pd.DataFrame) -> None:
    axes = style.tidy(figure.subplots(), "x")
    rows = np.arange(len(counts))
    axes.barh(rows, counts["used"], color=style.BLUE, height=0.66, label="used")
    axes.barh(rows, counts["not used"], left=counts["used"], color=style.RIVAL, height=0.66, label="not used")
    axes.set_yticks(rows, [str(name) for name in counts.index])
    axes.tick_params(axis="y", length=0)
    axes.set(title="Cells", xlabel="cells")
    axes.xaxis.set_major_formatter(thousands)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    figure.legend(loc="outside lower center", ncols=2, columnspacing=1, handlelength=0.9)


def _depth(figure: Any, depth: pd.DataFrame) -> None:
    axes = style.tidy(figure.subplots(), "x")
    rows = np.arange(len(depth))
    for name, label, colour, shift in (
        ("reads", "RNA reads", style.BLUE, 0.18),
        ("fragments", "ATAC fragments", style.ORANGE, -0.18),
    ):
        if depth[name].any():
            axes.barh(rows + shift, depth[name], color=colour, height=0.34, label=label)
    axes.set_yticks(rows, [])
    axes.tick_params(axis="y", length=0)
    axes.set(title="Depth", xlabel="used")
    axes.xaxis.set_major_formatter(thousands)
    axes.xaxis.set_major_locator(MaxNLocator(3))
    figure.legend(loc="outside lower center", ncols=2, columnspacing=1, handlelength=0.9)
