"""fig4: do predictions know one cell type from another? Genes over types, beside the baselines."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from presage.config.report import Report
from presage.report import style
from presage.report.figures.adapters import BASELINES
from presage.report.figures.plot import panel, stacked
from presage.report.metric_rows import metric, over_seeds, whisker
from presage.report.run import NoData, Run

METRICS = {
    "gene_pearson": "r over genes, per type",
    "gene_centred_r": "the same, minus each\ngene's mean over types",
    "across_types_r": "r over types, per gene",
    "skill": "skill over the\nmean of types",
}
MOST = 10  # models that are shown
MARKS = {"mean_of_types": "D", "nearest_type": "^", "bulk_track": "s"}  # the baselines are all grey


def numbers(run: Run, settings: Report) -> pd.DataFrame:
    """Panels ``whole`` (each metric of each model, mean over types or genes) and ``types`` (gene_centred_r by type)."""
    test = metric_rows(run.rows("metrics"))
    whole = test[test["group"] == "all"]
    if whole["value"].notna().sum() == 0:
        notes = [note for note in whole["note"].dropna() if note] or ["no gene was evaluated on test"]
        raise NoData(notes[0])
    types = test[(test["metric"] == "gene_centred_r") & (test["group"] != "all")].dropna(subset=["value"])
    return stacked(whole=whole, types=types)


def metric_rows(metrics: pd.DataFrame) -> pd.DataFrame:
    """One row for each of :data:`METRICS`, model and group on test, with the note of those without a value."""
    parts = []
    for name in METRICS:
        rows = metric(metrics, name, split="test")
        pooled = over_seeds(rows).assign(metric=name)
        notes = rows.drop_duplicates(["model", "group"])[["model", "group", "note"]]
        parts.append(pooled.merge(notes, on=["model", "group"], how="left"))
    return pd.concat(parts, ignore_index=True)


def draw(numbers: pd.DataFrame, simulated: bool | None) -> Figure:
    """A column of points for each metric, and below them the types."""
    whole, types = panel(numbers, "whole"), panel(numbers, "types")
    first = whole[whole["metric"] == "gene_pearson"].sort_values("value", ascending=False, kind="stable")
    models = list(first["model"].head(MOST))
    kinds = list(dict.fromkeys(types["group"])) if len(types) else []
    fitted = [model for model in models if model not in BASELINES]
    colour = dict(zip(fitted, style.CYCLE * 2)) | dict.fromkeys(BASELINES, style.RIVAL)
    height = 1.15 + 0.2 * len(models) + (1.0 + 0.26 * len(kinds)) * bool(kinds)
    figure = style.new_figure("Genes over cell types, on test", height, simulated)
    parts = [1.0 + 0.2 * len(models)] + [1.0 + 0.26 * len(kinds)] * bool(kinds)
    figures = np.ravel(np.asarray(figure.subfigures(len(parts), 1, height_ratios=parts), dtype=object))
    shown = [name for name in METRICS if (whole["metric"] == name).any()]
    for axes, name in zip(np.ravel(figures[0].subplots(1, len(shown), sharey=True)), shown):
        _column(axes, whole[whole["metric"] == name], models, colour)
        axes.set_title(METRICS[name], fontsize=7.5)
    if kinds:
        _types(figures[1].subplots(), types, kinds, models, colour)
    return figure


def _shown(types: pd.DataFrame, models: list[str]) -> list[str]:
    """The models of the lower panel: the best few, the simplest and the nearest type, in the order of ``models``."""
    known = [model for model in models if (types["model"] == model).any()]
    best = types[~types["model"].isin(BASELINES)].groupby("model")["value"].mean().sort_values(ascending=False)
    kept = [*best.index[:3], *(name for name in ("probe", "nearest_type") if name in known)]
    return [model for model in known if model in kept]


def _column(axes: Axes, rows: pd.DataFrame, models: list[str], colour: dict[str, str]) -> None:
    known = rows.drop_duplicates("model").set_index("model").reindex(models)
    axes.axvline(0, color=style.GRID, linewidth=0.8)
    for y, model in enumerate(models):
        row = known.loc[model]
        if np.isfinite(row["value"]):
            whisker(axes, row["value"], y, row["ci_low"], row["ci_high"], colour[model])
            axes.plot(row["value"], y, MARKS.get(model, "o"), color=colour[model], markersize=4.5)
        elif isinstance(row.get("note"), str):
            axes.text(
                0.03, y, "undefined", transform=axes.get_yaxis_transform(), va="center", fontsize=6, color=style.MUTED
            )
    axes.set_yticks(range(len(models)), [_label(model) for model in models])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(models) - 0.4, -0.6)
    axes.margins(x=0.12)
    style.tidy(axes, "x")


def _types(axes: Axes, types: pd.DataFrame, kinds: list[str], models: list[str], colour: dict[str, str]) -> None:
    present = _shown(types, models)
    for i, model in enumerate(present):
        rows = types[types["model"] == model].drop_duplicates("group").set_index("group").reindex(kinds)
        y = np.arange(len(kinds)) + (i - (len(present) - 1) / 2) * 0.75 / max(len(present), 1)
        whisker(axes, rows["value"], y, rows["ci_low"], rows["ci_high"], colour[model])
        axes.plot(rows["value"], y, MARKS.get(model, "o"), color=colour[model], markersize=3.2, label=_label(model))
    for edge in range(1, len(kinds)):
        axes.axhline(edge - 0.5, color=style.GRID, linewidth=0.6)
    axes.axvline(0, color=style.GRID, linewidth=0.8)
    axes.set_yticks(range(len(kinds)), kinds)
    axes.tick_params(axis="y", length=0)
    axes.set(
        title="Each cell type, minus each gene's mean over types",
        xlabel="Pearson r over test genes (95 % CI)",
        ylim=(len(kinds) - 0.5, -0.5),
    )
    style.tidy(axes, "x")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


def _label(model: str) -> str:
    return BASELINES.get(model, model.replace("_", " "))
