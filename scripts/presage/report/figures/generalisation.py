"""fig7: what is lost on a cell type, donor, tissue or condition that was not fitted to, and what depth allows."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from presage.config.report import Report
from presage.report import style
from presage.report.figures.plot import panel, stacked
from presage.report.metric_rows import whisker
from presage.report.run import NoData, Run

METRIC = "bin_pearson"
LOOKS = {
    "in_sample": ("fitted with it", style.INK, "D"),
    "decoder": ("decoder for cells", style.BLUE, "o"),
    "same_type": ("head of the same type", style.GREEN, "s"),
    "nearest_head": ("nearest head", style.ORANGE, "^"),
    "same_type_measured": ("measured: same type, others", style.RIVAL, "P"),
    "nearest_measured": ("measured: nearest type", style.RIVAL, "x"),
    "mean_of_kept": ("measured: mean of types", style.RIVAL, "|"),
}
AXES = {"cell_type": "cell type", "donor": "donor", "tissue": "tissue", "condition": "condition", "tracks": "tracks"}


def numbers(run: Run, settings: Report) -> pd.DataFrame:
    """Panels ``held_out`` (r of each predictor by hold-out, over all tracks) and ``depth`` (ceiling by share of
    reads)."""
    table = run.optional("generalise")
    held = pd.DataFrame()
    if table is not None and len(table):
        same = (table["metric"] == METRIC) & (table["group"] == "all") & (table["assay"] == "all")
        columns = ["axis", "held_out", "predictor", "value", "ci_low", "ci_high", "drop", "drop_low", "drop_high"]
        held = table[same & table["seed"].isna()][[*columns, "ceiling", "primary"]].dropna(subset=["value"])
    depth = _depth(run)
    if held.empty and depth.empty:
        raise NoData("nothing is held out (config key sequence.generalise), and no reads were drawn down")
    return stacked(held_out=held, depth=depth)


def _depth(run: Run) -> pd.DataFrame:
    """``cell_type assay share ceiling``: the mean over a type's tracks on test windows, at shares of its reads."""
    try:
        qc: dict[str, Any] = run.json("sequence/pseudobulk/qc.json")["tracks"]
        known = run.rows("tracks").set_index("slug")
    except (NoData, KeyError):
        return pd.DataFrame()
    rows = []
    for slug, track in qc.items():
        points = [*track.get("downsample", []), {"share": 1.0, "noise_ceiling": track.get("noise_ceiling", {})}]
        for point in points if "downsample" in track else ():
            value = (point.get("noise_ceiling") or {}).get("test")
            if value is not None and slug in known.index:
                rows.append((known.loc[slug, "cell_type"], known.loc[slug, "assay"], point["share"], value))
    frame = pd.DataFrame(rows, columns=["cell_type", "assay", "share", "ceiling"])
    return frame.groupby(["cell_type", "assay", "share"], sort=False)["ceiling"].mean().reset_index()


def draw(numbers: pd.DataFrame, simulated: bool | None) -> Figure:
    """Predictors by hold-out, the drop beside them, and curves of depth."""
    held, depth = panel(numbers, "held_out"), panel(numbers, "depth")
    names = list(dict.fromkeys(zip(held["axis"], held["held_out"]))) if len(held) else []
    height = 1.0 + (0.75 + 0.42 * len(names)) * bool(names) + 2.1 * bool(len(depth))
    figure = style.new_figure("Held out: what is predicted unseen", height, simulated)
    parts = [0.75 + 0.42 * len(names)] * bool(names) + [2.1] * bool(len(depth))
    figures = list(np.ravel(np.asarray(figure.subfigures(len(parts), 1, height_ratios=parts), dtype=object)))
    if names:
        upper = figures.pop(0)
        left, right = upper.subplots(1, 2, sharey=True, width_ratios=[1.6, 1])
        _values(left, held, names)
        _drops(right, held, names)
        handles, labels = left.get_legend_handles_labels()
        known = dict(zip(labels, handles))
        upper.legend(known.values(), known.keys(), loc="outside lower center", ncols=4, columnspacing=1.2)
    if len(depth):
        _curves(figures[0], depth)
    return figure


def _values(axes: Axes, held: pd.DataFrame, names: list[tuple[str, str]]) -> None:
    for y, name in enumerate(names):
        rows = held[(held["axis"] == name[0]) & (held["held_out"] == name[1])]
        present = [p for p in LOOKS if (rows["predictor"] == p).any()]
        for i, predictor in enumerate(present):
            label, colour, marker = LOOKS[predictor]
            row = rows[rows["predictor"] == predictor].iloc[0]
            at = y + (i - (len(present) - 1) / 2) * 0.8 / max(len(present), 1)
            whisker(axes, row["value"], at, row["ci_low"], row["ci_high"], colour)
            filled = bool(row["primary"]) or predictor == "in_sample" or marker in "x|"
            face = colour if filled else "white"
            axes.plot(row["value"], at, marker, color=colour, markerfacecolor=face, markersize=4.5, label=label)
        if "ceiling" in rows and rows["ceiling"].notna().any():
            axes.vlines(rows["ceiling"].max(), y - 0.42, y + 0.42, color=style.INK, linewidth=1, label="noise ceiling")
    for edge in range(1, len(names)):
        axes.axhline(edge - 0.5, color=style.GRID, linewidth=0.6)
    axes.set_yticks(range(len(names)), [f"{AXES[axis]}\n{value}" for axis, value in names])
    axes.tick_params(axis="y", length=0)
    axes.set(xlabel="test Pearson r over bins (95 % CI)", ylim=(len(names) - 0.5, -0.5), title="Predicted unseen")
    style.tidy(axes, "x")


def _drops(axes: Axes, held: pd.DataFrame, names: list[tuple[str, str]]) -> None:
    """In-sample minus held-out of the predictors that are models; 0 is no loss."""
    axes.axvline(0, color=style.MUTED, linewidth=0.8)
    for y, name in enumerate(names):
        rows = held[(held["axis"] == name[0]) & (held["held_out"] == name[1])]
        present = [p for p in ("decoder", "same_type", "nearest_head") if (rows["predictor"] == p).any()]
        for i, predictor in enumerate(present):
            _, colour, marker = LOOKS[predictor]
            row = rows[rows["predictor"] == predictor].iloc[0]
            at = y + (i - (len(present) - 1) / 2) * 0.5 / max(len(present), 1)
            whisker(axes, row["drop"], at, row["drop_low"], row["drop_high"], colour)
            face = colour if row["primary"] else "white"
            axes.plot(row["drop"], at, marker, color=colour, markerfacecolor=face, markersize=4.5)
    axes.set(xlabel="drop of r against having fitted it", title="What is lost")
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.tick_params(axis="y", length=0)
    style.tidy(axes, "x")


def _curves(figure: Any, depth: pd.DataFrame) -> None:
    assays = list(dict.fromkeys(depth["assay"]))
    types = list(dict.fromkeys(depth["cell_type"]))
    colour = dict(zip(types, style.CYCLE * 3))
    dash = {kind: "-" if i < len(style.CYCLE) else (0, (3, 1.5)) for i, kind in enumerate(types)}
    for axes, assay in zip(np.ravel(np.asarray(figure.subplots(1, len(assays), sharey=True), dtype=object)), assays):
        for kind in types:
            rows = depth[(depth["assay"] == assay) & (depth["cell_type"] == kind)].sort_values("share")
            if len(rows):
                axes.plot(100 * rows["share"], rows["ceiling"], color=colour[kind], linestyle=dash[kind], marker="o",
                          markersize=3, label=kind)  # fmt: skip
        axes.set(
            title=f"{assay.upper()}: highest r that its reads allow", xlabel="share of the reads (%)", ylim=(0, 1.02)
        )
        axes.set_xscale("log")
        ticks = sorted(100 * depth["share"].unique())
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
        style.tidy(axes, "y")
    figure.axes[0].set_ylabel("noise ceiling on test")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(8, len(types)), columnspacing=1.2)
