"""Figures of the sequence branch: reads, adapters, tracks, variant effects. From a run to a figure and its numbers."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from presage.config.report import Report
from presage.report import style
from presage.report.heat import heat, ink, scale_bar
from presage.report.run import NoData, Run
from presage.report.style import Drawing


def thousands(value: float, _: Any = None) -> str:
    """1500 -> 1.5k, for axes of counts."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


# ---- fig 1 -------------------------------------------------------------------------------------------------------


def pseudobulk(run: Run, settings: Report, simulated: bool | None) -> Drawing:
    """Reads by fate in each sample, cells and depth of each cell type."""
    fates = reads_by_fate(run.json("sequence/pseudobulk/qc.json"))
    cells = run.rows("cells")
    types = cells.assign(cell_type=cells["cell_type"].fillna("no label"))
    counts = types.groupby(["cell_type", "used"]).size().unstack(fill_value=0)
    counts = counts.reindex(columns=[True, False], fill_value=0)
    counts = counts.set_axis(["used", "not used"], axis=1).sort_values("used")
    depth = types[types["used"]].groupby("cell_type")[["reads", "fragments"]].sum().reindex(counts.index).fillna(0)
    samples = list(dict.fromkeys(fates["sample"]))
    figure = style.new_figure("From reads to tracks", 1.6 + 0.24 * max(len(samples), len(counts)), simulated)
    left, middle, right = style.columns(figure, [1.8, 1.1, 0.95])
    _fates(left, fates, samples)
    _cells(middle, counts)
    _depth(right, depth)
    cell_numbers = counts.reset_index().melt("cell_type", var_name="use", value_name="cells")
    numbers = {"reads": fates, "cells": cell_numbers, "depth": depth.reset_index()}
    return figure, pd.concat([part.assign(panel=name) for name, part in numbers.items()], ignore_index=True)


def reads_by_fate(qc: dict[str, Any]) -> pd.DataFrame:
    """``qc.json`` as rows of sample, fate, reads; ``used`` first, then the other fates by size."""
    rows = [
        {"sample": sample, "fate": fate, "reads": int(n)}
        for sample, entry in qc["samples"].items()
        for fate, n in entry.get("reads", {}).items()
    ]
    if not rows:
        raise NoData("qc.json counts no reads")
    frame = pd.DataFrame(rows)
    size = frame.groupby("fate")["reads"].sum().sort_values(ascending=False)
    order = [f for f in size.index if f == "used"] + [f for f in size.index if f != "used" and size[f]]
    frame = frame[frame["fate"].isin(order)]
    return frame.assign(rank=frame["fate"].map(order.index)).sort_values(["sample", "rank"]).drop(columns="rank")


_LOST = [style.ORANGE, style.SKY, style.PURPLE, style.GREEN, style.VERMILION, style.BLACK, style.YELLOW, style.RIVAL]


def fate_look(order: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Colour and hatch of each fate: blue is used, the others take the palette in turn, hatched from the ninth on."""
    lost = [name for name in order if name != "used"]
    look = {name: (_LOST[i % len(_LOST)], "////" if i >= len(_LOST) else "") for i, name in enumerate(lost)}
    return {"used": (style.BLUE, ""), **look}


def fate_order(fates: pd.DataFrame) -> list[str]:
    """Fates as they are stacked: used first, then by size over all samples."""
    size = fates.groupby("fate")["reads"].sum().sort_values(ascending=False, kind="stable")
    return sorted(map(str, size.index), key=lambda name: name != "used")


def fate_bars(axes: Axes, fates: pd.DataFrame, samples: list[str]) -> None:
    """Stacked shares of each sample's reads by fate, with the total beside each bar."""
    style.tidy(axes, "x")
    wide = fates.pivot(index="sample", columns="fate", values="reads").fillna(0).reindex(samples)
    share = wide.div(wide.sum(axis=1), axis=0)
    left, order = np.zeros(len(samples)), fate_order(fates)
    for name, (colour, hatch) in fate_look(order).items():
        if name in share:
            axes.barh(
                samples,
                share[name],
                left=left,
                color=colour,
                hatch=hatch,
                edgecolor="white",
                height=0.66,
                label=name.replace("_", " "),
            )
            left += share[name].to_numpy()
    for y, total in enumerate(wide.sum(axis=1)):
        axes.text(1.01, y, thousands(total), va="center", fontsize=6.5, color=style.MUTED)
    axes.set(title="Reads and fragments by fate", xlabel="share of all (number: total)", xlim=(0, 1.13))
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)


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


# ---- fig 2 -------------------------------------------------------------------------------------------------------


def metric(frame: pd.DataFrame, name: str, **where: Any) -> pd.DataFrame:
    """Rows of a metrics or evaluation table by metric name and column values."""
    keep = frame["metric"] == name
    for column, value in where.items():
        keep &= frame[column] == value
    return frame[keep]


def over_seeds(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per model and group: a row without seed where there is one (already pooled), else the mean over seeds.

    The interval is that row's own, or the mean of the seeds' intervals; ``seeds`` counts what was averaged.
    """
    pooled = rows[rows["seed"].isna()].assign(seeds=0)
    have = set(zip(pooled["model"], pooled["group"]))
    known = np.array([pair in have for pair in zip(rows["model"], rows["group"])], dtype=bool)
    single = rows[rows["seed"].notna() & ~known]
    mean = single.groupby(["model", "group"], sort=False).agg(
        value=("value", "mean"), ci_low=("ci_low", "mean"), ci_high=("ci_high", "mean"), seeds=("seed", "nunique")
    )
    columns = ["model", "group", "value", "ci_low", "ci_high", "seeds"]
    frames = [f[columns] for f in (pooled, mean.reset_index()) if len(f)]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def adapters(run: Run, settings: Report, simulated: bool | None) -> Drawing:
    """Test Pearson of every model in each track, its mean, and how much of the difference between types it sees."""
    metrics = run.rows("metrics")
    rows = over_seeds(metric(metrics, PEARSON, split="test")).dropna(subset=["value"])
    if rows.empty:
        raise NoData(f"metrics.parquet has no {PEARSON} on test")
    each, whole = rows[rows["group"] != "all"], rows[rows["group"] == "all"]
    across = over_seeds(metric(metrics, ACROSS, split="test", group="all")).dropna(subset=["value"])
    models = list(whole.sort_values("value", ascending=False)["model"])
    # The trunk's own head predicts tracks of its own; only those that an adapter predicts too can be compared.
    groups = sorted(each.loc[each["model"] != TRUNK, "group"].unique())
    ceiling = over_seeds(metric(metrics, CEILING)).dropna(subset=["value"])
    panels = [(whole, "Mean over tracks", "Pearson r over bins")]
    panels += [(across, "Differences between cell types", "Pearson r over types")] * bool(len(across))
    height = 1.3 + max(0.26 * len(groups), (0.3 * len(models) + 0.55) * len(panels))
    figure = style.new_figure("Adapters against baselines, on test", height, simulated)
    left, right = style.columns(figure, [1.25, 1])
    colour = {name: BASELINES.get(name, c) for name, c in style.colours(models).items()}
    _each_track(left.subplots(), each, groups, models, colour, ceiling)
    names = _names(run, models)
    for axes, (data, title, label) in zip(style.panels(right, [1] * len(panels)), panels):
        _per_model(axes, data, models, names, colour)
        axes.set(title=title, xlabel=f"{label} (95 % CI)")
    numbers = [rows.assign(panel="pearson"), across.assign(panel="across types"), ceiling.assign(panel="ceiling")]
    return figure, pd.concat([n for n in numbers if len(n)], ignore_index=True)


PEARSON, ACROSS, CEILING = "bin_pearson", "across_types_r", "noise_ceiling"
TRUNK = "trunk"
BASELINES = {"mean_of_types": style.RIVAL}  # has seen the answer's mean: a reference, no rival


def _interval(axes: Axes, x: Any, y: Any, low: Any, high: Any, colour: str) -> None:
    """A horizontal 95 % interval behind a point; none where it is not known."""
    axes.hlines(
        y, np.where(np.isfinite(low), low, x), np.where(np.isfinite(high), high, x), color=colour, linewidth=1.4
    )


def _each_track(
    axes: Axes, rows: pd.DataFrame, groups: list[str], models: list[str], colour: dict[str, str], ceiling: pd.DataFrame
) -> None:
    for i, model in enumerate(models):
        mine = rows[rows["model"] == model].set_index("group").reindex(groups)
        y = np.arange(len(groups)) + (i - (len(models) - 1) / 2) * 0.72 / max(len(models), 1)
        _interval(axes, mine["value"], y, mine["ci_low"], mine["ci_high"], colour[model])
        axes.plot(mine["value"], y, "o", color=colour[model], markersize=3.4)
    known = ceiling[ceiling["group"].isin(groups)]
    if len(known):
        at = np.array([groups.index(group) for group in known["group"]])
        axes.vlines(known["value"], at - 0.42, at + 0.42, color=style.INK, linewidth=1, label="noise ceiling")
    for edge in range(1, len(groups)):
        axes.axhline(edge - 0.5, color=style.GRID, linewidth=0.6)
    axes.set_yticks(range(len(groups)), groups)
    axes.tick_params(axis="y", length=0)
    axes.set(title="Each track", xlabel="Pearson r over bins (95 % CI)", ylim=(len(groups) - 0.5, -0.5))
    style.tidy(axes, "x")
    if len(known):
        axes.legend(loc="lower left")


def _names(run: Run, models: list[str]) -> list[str]:
    """Model names, an adapter's with the share of the trunk that it trains."""
    share = {card["name"]: card.get("trainable_fraction") for card in run.cards()}
    names = []
    for model in models:
        part = share.get(model)
        note = ", own tracks" if model == TRUNK else "" if part is None else f" ({100 * part:.2g} %)"
        names.append(model.replace("_", " ") + note)
    return names


def _per_model(axes: Axes, rows: pd.DataFrame, models: list[str], names: list[str], colour: dict[str, str]) -> None:
    mine = rows.set_index("model").reindex(models)
    for i, model in enumerate(models):
        row = mine.loc[model]
        _interval(axes, row["value"], i, row["ci_low"], row["ci_high"], colour[model])
        axes.plot(row["value"], i, "o", color=colour[model], markersize=5)
        if not np.isfinite(row["value"]):
            axes.text(
                0.02, i, "undefined", transform=axes.get_yaxis_transform(), va="center", fontsize=6.5, color=style.MUTED
            )
    axes.set_yticks(range(len(models)), names)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(models) - 0.4, -0.6)
    style.tidy(axes, "x")


# ---- fig 3 -------------------------------------------------------------------------------------------------------


def example_tracks(run: Run, settings: Report, simulated: bool | None) -> Drawing:
    """Observed and predicted coverage of one test window, a row per track (at most eight)."""
    frame = run.rows("examples")
    tracks = list(dict.fromkeys(frame["track"]))[:8]
    frame = frame[frame["track"].isin(tracks)]
    figure = style.new_figure("One test window: observed and predicted", 1.1 + 0.72 * len(tracks), simulated)
    panels = style.panels(figure, [1] * len(tracks), sharex=True)
    for axes, track in zip(panels, tracks):
        rows = frame[frame["track"] == track].sort_values("bin")
        axes.fill_between(rows["bin"], rows["observed"], step="mid", color="#c9ced6", linewidth=0, label="observed")
        axes.plot(rows["bin"], rows["predicted"], color=style.BLUE, linewidth=1, label="predicted")
        r = np.corrcoef(rows["observed"], rows["predicted"])[0, 1] if rows["observed"].nunique() > 1 else np.nan
        axes.text(0.004, 0.93, track, transform=axes.transAxes, va="top", fontweight="bold", fontsize=7.5)
        axes.text(0.996, 0.93, f"r = {r:.2f}", transform=axes.transAxes, va="top", ha="right", fontsize=7)
        axes.set(ylim=(0, None), xlim=(rows["bin"].min() - 0.5, rows["bin"].max() + 0.5))
        axes.yaxis.set_major_locator(MaxNLocator(2))
        axes.margins(y=0.25)
    panels[-1].set_xlabel("bin of the window")
    panels[len(tracks) // 2].set_ylabel("coverage (scaled)")
    panels[0].legend(loc="lower right", bbox_to_anchor=(1, 1.0), ncols=2, borderaxespad=0.2)
    return figure, frame.reset_index(drop=True)


# ---- fig 4 -------------------------------------------------------------------------------------------------------


def variants(run: Run, settings: Report, simulated: bool | None) -> Drawing:
    """How well effects tell causal variants from controls, whether p is calibrated, and the strongest effects."""
    scores = run.rows("scores")
    truth, curves, metrics = run.optional("truth_variants"), run.optional("roc"), run.optional("metrics")
    top = strongest(scores, settings.top_variants)
    left: list[tuple[str, pd.DataFrame]] = []
    if curves is not None and len(curves):
        left.append(("roc", curves))
    if scores["p_null"].notna().any():
        controls = None if truth is None else set(truth.loc[truth["kind"] == "control", "variant"])
        left.append(("null", scores if controls is None else scores[scores["variant"].isin(controls)]))
    figure = style.new_figure("Variant effects per cell type", 1.2 + max(0.155 * len(top), 2.0 * len(left)), simulated)
    columns = style.columns(figure, [1.0] * bool(left) + [1.6])
    wide = top.rename_axis("variant").reset_index().melt("variant", var_name="group", value_name="log_fc")
    numbers = [wide.assign(panel="top")]
    if left:
        for axes, (kind, data) in zip(style.panels(columns[0], [1] * len(left)), left):
            numbers.append(_roc(axes, data, metrics) if kind == "roc" else _calibration(axes, data, truth is not None))
    _heat(columns[-1], top, _planted(truth, top))
    return figure, pd.concat(numbers, ignore_index=True)


def _planted(truth: pd.DataFrame | None, top: pd.DataFrame) -> pd.DataFrame | None:
    """Planted direction (+1, -1, 0) of the variants and groups of ``top``; None where the truth is not known."""
    if truth is None:
        return None
    group = truth["cell_type"] + " " + truth["assay"].str.upper()
    effect = truth.assign(group=group).groupby(["variant", "group"])["effect_log2"].mean().unstack()
    effect = effect.reindex(index=top.index, columns=top.columns).fillna(0.0)
    return effect.where(effect.abs() > 0.05, 0.0).apply(np.sign)


def strongest(scores: pd.DataFrame, limit: int) -> pd.DataFrame:
    """The ``limit`` variants with the largest absolute log2 fold change, as a matrix variant x track group."""
    group = scores["cell_type"] + " " + scores["assay"].str.upper()
    wide = scores.assign(group=group).groupby(["variant", "group"], sort=True)["log_fc"].mean().unstack()
    order = wide.abs().max(axis=1).sort_values(ascending=False, kind="stable").index[:limit]
    return wide.loc[order]


def _roc(axes: Axes, curves: pd.DataFrame, metrics: pd.DataFrame | None) -> pd.DataFrame:
    """Curves of the model and of the oracle; their areas are those of the metrics table."""
    axes.plot([0, 1], [0, 1], color=style.GRID, linewidth=1)
    looks = {"oracle": (style.INK, (0, (3, 2)), "variant_oracle_auroc"), "model": (style.BLUE, "-", "variant_auroc")}
    for name, (colour, line, area) in looks.items():
        rows = curves[curves["model"] == name]
        found = None if metrics is None else metric(metrics, area, split="not_train", group="all")["value"].dropna()
        label = name if found is None or found.empty else f"{name}, AUROC {found.iloc[0]:.2f}"
        axes.plot(rows["false_positive_rate"], rows["true_positive_rate"], color=colour, linestyle=line, label=label)
    axes.set(title="Causal against control", xlabel="false positive rate", ylabel="true positive rate")
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.02))
    axes.legend(loc="lower right")
    return curves.assign(panel="roc")


def _calibration(axes: Axes, scores: pd.DataFrame, controls: bool) -> pd.DataFrame:
    """Distribution of p: on the diagonal where variants do nothing, above it where they do."""
    p = np.sort(scores["p_null"].dropna().to_numpy())
    at = np.linspace(0, 1, 101)
    share = np.searchsorted(p, at, side="right") / max(len(p), 1)
    axes.plot([0, 1], [0, 1], color=style.GRID, linewidth=1)
    axes.plot(at, share, color=style.BLUE)
    who = "controls" if controls else "all variants"
    axes.set(title=f"p-values of {who}", xlabel="p against the null set", ylabel="share of pairs at most p")
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    return pd.DataFrame({"panel": "null", "p": at, "share": share})


def _heat(figure: Any, top: pd.DataFrame, planted: pd.DataFrame | None) -> None:
    """The matrix as colours; the planted direction, where it is known, as + and - on them."""
    axes = figure.subplots()
    image, limit = heat(axes, top)
    signs = np.zeros(top.shape) if planted is None else planted.to_numpy(float)
    for y, x in zip(*np.nonzero(signs)):
        sign = "+" if signs[y, x] > 0 else "\N{MINUS SIGN}"
        colour = ink(top.to_numpy(float)[y, x], limit, style.INK)
        axes.text(x, y, sign, color=colour, ha="center", va="center", fontsize=6)
    axes.set_xticks(range(top.shape[1]), top.columns, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(top)), [v if len(v) < 24 else v[:22] + "…" for v in top.index], fontsize=6)
    axes.set_title(f"The {len(top)} strongest" + (" (signs: planted)" if planted is not None else ""))
    scale_bar(figure, image, axes, "log2 fold change, ALT over REF", shrink=0.45, aspect=14)
