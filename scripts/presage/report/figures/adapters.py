"""fig2: what adapters reach on test windows, against what they train, and what that takes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator

from presage.config.report import Report
from presage.report import style
from presage.report.adapter_costs import adapter_costs
from presage.report.figures.plot import panel, stacked
from presage.report.metric_rows import metric, over_seeds, thousands, whisker
from presage.report.run import NoData, Run

METRIC, CEILING = "bin_pearson", "noise_ceiling"
BASELINES = {"mean_of_types": "mean of types", "nearest_type": "nearest type", "bulk_track": "bulk track"}
HOME = {
    "lora": "o",
    "dora": "D",
    "locon": "s",
    "ia3": "^",
    "houlsby": "v",
    "squeeze_excite": "P",
    "bitfit": "X",
    "norm": "<",
    "full": "*",
    "probe": "h",
    "ridge": "d",
}
_COSTS = {
    "adapter_parameters": "parameters in the trunk",
    "seconds": "time of a fit (s)",
    "peak_mb": "peak memory of a fit (MB)",
}


def numbers(run: Run, settings: Report) -> pd.DataFrame:
    """Panels ``model`` (mean over seeds), ``seed`` (each fit), ``baseline`` and ``ceiling``, on test windows."""
    test = metric(run.rows("metrics"), METRIC, split="test", group="all")
    costs = adapter_costs(run)
    pooled = over_seeds(test).dropna(subset=["value"])
    if pooled.empty:
        raise NoData(f"metrics.parquet has no {METRIC} on test")
    own = costs.groupby("name", sort=False).agg(
        kind=("kind", "first"),
        rank=("rank", "first"),
        train_share=("train_share", "first"),
        adapter_parameters=("adapter_parameters", "mean"),
        trainable_fraction=("trainable_fraction", "mean"),
        seconds=("seconds", "mean"),
        peak_mb=("peak_mb", "max"),
    )
    models = pooled[pooled["model"].isin(own.index)].merge(own.reset_index(names="model"), on="model")
    seeds = test[test["seed"].notna() & test["model"].isin(own.index)][["model", "seed", "value"]]
    seeds = seeds.merge(costs.rename(columns={"name": "model"}), on=["model", "seed"], how="left")
    known = metric(run.rows("metrics"), CEILING)
    ceiling = known[known["group"] == "all"].dropna(subset=["value"])
    return stacked(
        model=models.drop(columns="group"),
        seed=seeds,
        baseline=pooled[pooled["model"].isin(BASELINES)].drop(columns="group"),
        ceiling=ceiling[["value"]],
    )


def draw(numbers: pd.DataFrame, simulated: bool | None) -> Figure:
    """A list of models, r against each cost, and r against the training windows where shares of them were fitted."""
    models = panel(numbers, "model").sort_values("value", ascending=False, kind="stable")
    baselines = panel(numbers, "baseline")
    seeds, ceiling = panel(numbers, "seed"), panel(numbers, "ceiling")
    shares = models["train_share"].nunique() > 1
    kinds = list(dict.fromkeys(models["kind"]))
    colour = dict(zip(kinds, style.CYCLE * 2))
    whole = models[models["train_share"] == models["train_share"].max()]
    known = [name for name in _COSTS if name in whole and whole[name].notna().any()]
    columns = len(known) + shares
    rows = len(models) + len(baselines)
    height = 1.2 + 0.17 * rows + 2.2
    figure = style.new_figure("Adapters: accuracy and what it takes", height, simulated)
    halves = np.ravel(np.asarray(figure.subfigures(2, 1, height_ratios=[0.55 + 0.17 * rows, 2.25]), dtype=object))
    top, bottom = halves.tolist()
    _list(top.subplots(), models, baselines, ceiling, colour)
    axes = np.ravel(np.asarray(bottom.subplots(1, max(columns, 1), sharey=True), dtype=object)).tolist()
    for axis, name in zip(axes, known):
        _against(axis, whole, seeds, name, colour)
    if shares:
        _shares(axes[-1], models, colour)
    for row in baselines.to_dict("records"):
        for axis in axes:
            axis.axhline(row["value"], color=style.RIVAL, linewidth=0.8, linestyle=(0, (4, 2)))
        words = {"transform": axes[-1].get_yaxis_transform(), "fontsize": 6, "color": style.MUTED, "va": "center"}
        axes[-1].text(1.01, row["value"], BASELINES[row["model"]], **words)
    axes[0].set_ylabel("test Pearson r over bins")
    handles = [
        axes[0].plot([], [], HOME.get(kind, "o"), color=colour[kind], label=kind.replace("_", "-"))[0] for kind in kinds
    ]
    bottom.legend(handles=handles, loc="outside lower center", ncols=min(6, len(kinds)), columnspacing=1.2)
    return figure


def _list(
    axes: Axes, models: pd.DataFrame, baselines: pd.DataFrame, ceiling: pd.DataFrame, colour: dict[str, str]
) -> None:
    entries = [*models.to_dict("records"), *baselines.sort_values("value", ascending=False).to_dict("records")]
    for y, row in enumerate(entries):
        kind = row.get("kind")
        own = colour.get(str(kind), style.RIVAL)
        whisker(axes, row["value"], y, row["ci_low"], row["ci_high"], own)
        axes.plot(row["value"], y, HOME.get(str(kind), "o"), color=own, markersize=4.5)
    names = [_name(row) for row in entries]
    axes.set_yticks(range(len(entries)), names)
    if len(ceiling):
        axes.axvline(ceiling["value"].iloc[0], color=style.INK, linewidth=1)
        axes.text(ceiling["value"].iloc[0], -0.75, " noise ceiling", fontsize=6.5, va="center", ha="right")
    axes.set(xlabel="test Pearson r over bins, mean over tracks (95 % CI)", ylim=(len(entries) - 0.4, -1.1))
    axes.tick_params(axis="y", length=0)
    style.tidy(axes, "x")


def _name(row: Mapping[Any, Any]) -> str:
    name = str(row["model"])
    if name in BASELINES:
        return f"{BASELINES[name]} (baseline)"
    share = row.get("trainable_fraction")
    known = isinstance(share, float) and np.isfinite(share)
    part = "" if not known else f" ({_percent(share)} % of the trunk)" if share else " (head alone)"
    return name.replace("_", " ") + part


def _percent(share: float) -> str:
    return f"{100 * share:.0f}" if share > 0.095 else f"{100 * share:.2g}"


def _against(axes: Axes, models: pd.DataFrame, seeds: pd.DataFrame, name: str, colour: dict[str, str]) -> None:
    """r against a cost on a log axis; a fit that trains nothing in the trunk stands at the left edge."""
    seeds = seeds[seeds["model"].isin(models["model"])] if name in seeds else seeds.iloc[:0]
    positive = models.loc[models[name] > 0, name]
    edge = 0.3 * float(positive.min()) if len(positive) else 1.0
    for row in seeds.to_dict("records"):
        axes.plot(max(row[name], edge), row["value"], ".", color=colour[row["kind"]], alpha=0.35, markersize=4)
    for row in models.dropna(subset=[name]).to_dict("records"):
        x = max(row[name], edge)
        whisker(axes, x, row["value"], row["ci_low"], row["ci_high"], colour[row["kind"]], upright=True)
        axes.plot(x, row["value"], HOME.get(row["kind"], "o"), color=colour[row["kind"]], markersize=5)
        if name == "adapter_parameters" and pd.notna(row.get("rank")):
            axes.annotate(
                f"r{int(row['rank'])}",
                (x, row["value"]),
                (4, 3),
                textcoords="offset points",
                fontsize=6,
                color=style.MUTED,
            )
    reach = [max(value, edge) for value in models[name].dropna()]
    if max(reach) > 5 * min(reach):
        axes.set_xscale("log")
        axes.minorticks_off()
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if max(reach) < 50 * min(reach) else (1,), numticks=6))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(thousands)
    if name == "adapter_parameters" and (models[name] == 0).any():
        axes.axvline(edge, color=style.GRID, linewidth=0.8, zorder=0)
        axes.text(
            edge, 1.01, "head alone", transform=axes.get_xaxis_transform(), fontsize=6, color=style.MUTED, ha="left"
        )
    axes.set(xlabel=_COSTS[name])
    style.tidy(axes, "y")


def _shares(axes: Axes, models: pd.DataFrame, colour: dict[str, str]) -> None:
    """r against the share of training windows: a line for each kind and rank."""
    rank = models["rank"] if "rank" in models else pd.Series(pd.NA, index=models.index)
    for _, rows in models.groupby([models["kind"], rank.astype("Int64").fillna(0)], sort=False):
        rows = rows.sort_values("train_share")
        kind = str(rows["kind"].iloc[0])
        if len(rows) > 1:
            axes.plot(rows["train_share"], rows["value"], "-", color=colour[kind], linewidth=1)
        for row in rows.to_dict("records"):
            whisker(axes, row["train_share"], row["value"], row["ci_low"], row["ci_high"], colour[kind], upright=True)
            axes.plot(row["train_share"], row["value"], HOME.get(kind, "o"), color=colour[kind], markersize=4)
    axes.set(xlabel="share of training windows", xscale="log")
    ticks: Sequence[float] = sorted(models["train_share"].unique())
    axes.set_xticks(ticks, [f"{100 * tick:g} %" for tick in ticks])
    axes.minorticks_off()
    style.tidy(axes, "y")
