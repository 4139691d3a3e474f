"""fig8: what the trunk had seen, and what metrics are where it had."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from presage.config.report import Report
from presage.report import style
from presage.report.figures.plot import panel, stacked
from presage.report.metric_rows import metric, over_seeds, thousands, whisker
from presage.report.run import Run

FOLDS = {
    "train": ("trained on", style.VERMILION),
    "valid": ("chosen on", style.ORANGE),
    "test": ("held out", style.BLUE),
    "outside": ("outside all windows", style.SKY),
    "unknown": ("not known", style.RIVAL),
}
KINDS = {"window": "windows", "gene": "genes", "variant": "variants", "region": "regions", "mpra": "reporter elements"}
METRICS = {"bin_pearson": "Pearson r over bins", "variant_auroc": "AUROC of labelled variants"}
MOST = 5  # models that are shown
FEW = 20  # with fewer variants in a fold an AUROC says nothing


def numbers(run: Run, settings: Report) -> pd.DataFrame:
    """Panels ``items`` (number by kind and fold; ``overlap``: of them reached by inputs of another fold) and
    ``metrics`` by split."""
    table = run.rows("leakage")
    seen = table.assign(overlap=table["input_overlap"].notna())
    items = seen.groupby(["kind", "fold"], sort=False).agg(items=("item", "size"), overlap=("overlap", "sum"))
    metrics = run.optional("metrics")
    parts = []
    for name in METRICS:
        if metrics is None:
            break
        for split in ("train", "valid", "test", "test_clean", "outside"):
            found = metric(metrics, name, split=split, group="all")
            rows = over_seeds(found[(found["n"] >= FEW) | (name == "bin_pearson")]).dropna(subset=["value"])
            parts += [rows.assign(metric=name, split=split)] * bool(len(rows))
    values = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    return stacked(items=items.reset_index(), metrics=values)


def draw(numbers: pd.DataFrame, simulated: bool | None) -> Figure:
    """Stacked shares by kind; each metric by fold."""
    items, values = panel(numbers, "items"), panel(numbers, "metrics")
    kinds = [kind for kind in KINDS if (items["kind"] == kind).any()]
    shown = [name for name in METRICS if len(values) and (values["metric"] == name).any()]
    height = 1.35 + 0.34 * len(kinds) + 2.1 * bool(shown)
    figure = style.new_figure("What the trunk had seen", height, simulated)
    parts = [0.85 + 0.34 * len(kinds)] + [2.1] * bool(shown)
    figures = np.ravel(np.asarray(figure.subfigures(len(parts), 1, height_ratios=parts), dtype=object))
    _items(figures[0].subplots(), items, kinds)
    figures[0].legend(loc="outside lower center", ncols=5, columnspacing=1.2)
    if shown:
        for axes, name in zip(np.ravel(np.asarray(figures[1].subplots(1, len(shown)), dtype=object)), shown):
            _metric(axes, values[values["metric"] == name])
            axes.set(title=METRICS[name], ylabel="value (95 % CI)")
    return figure


def _items(axes: Axes, items: pd.DataFrame, kinds: list[str]) -> None:
    left = np.zeros(len(kinds))
    totals = items.groupby("kind")["items"].sum().reindex(kinds)
    for fold, (label, colour) in FOLDS.items():
        own = items[items["fold"] == fold].set_index("kind")["items"].reindex(kinds).fillna(0)
        if own.any():
            share = (own / totals).to_numpy()
            axes.barh(range(len(kinds)), share, left=left, color=colour, height=0.62, label=label, edgecolor="white")
            for y, (value, count) in enumerate(zip(share, own)):
                if value > 0.07:
                    shade = style.INK if fold in ("outside", "valid", "unknown") else "white"
                    axes.text(
                        left[y] + value / 2, y, thousands(count), ha="center", va="center", fontsize=6.5, color=shade
                    )
            left += share
    axes.set_yticks(range(len(kinds)), [KINDS[kind] for kind in kinds])
    axes.tick_params(axis="y", length=0)
    axes.set(xlim=(0, 1), ylim=(len(kinds) - 0.5, -0.5), xlabel="share of all (number inside)")
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])


def _metric(axes: Axes, rows: pd.DataFrame) -> None:
    splits = [split for split in ("train", "valid", "test", "test_clean", "outside") if (rows["split"] == split).any()]
    order = rows[rows["split"] == "test"].sort_values("value", ascending=False)["model"]
    models = list(order if len(order) else dict.fromkeys(rows["model"]))[:MOST]
    for i, (model, colour) in enumerate(zip(models, style.CYCLE)):
        own = rows[rows["model"] == model].drop_duplicates("split").set_index("split").reindex(splits)
        x = np.arange(len(splits)) + (i - (len(models) - 1) / 2) * 0.11
        axes.plot(x, own["value"], "-", color=colour, linewidth=0.6, alpha=0.6)
        whisker(axes, x, own["value"], own["ci_low"], own["ci_high"], colour, upright=True)
        axes.plot(x, own["value"], "o", color=colour, markersize=4, label=model.replace("_", " "))
    names = {
        "train": "train",
        "valid": "valid",
        "test": "test",
        "test_clean": "test, input\nunseen",
        "outside": "outside",
    }
    axes.set_xticks(range(len(splits)), [names[split] for split in splits])
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3, fontsize=6.5, columnspacing=1.0)
    style.tidy(axes, "y")
