"""Figures of the sequence branch: reads, adapters, tracks, variant effects. Each takes a run and gives a figure and its numbers."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from presage.config.report import Report
from presage.report import style
from presage.report.run import NoData, Run

Drawing = tuple[Figure, pd.DataFrame]


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
    counts = counts.reindex(columns=[True, False], fill_value=0).sort_values(True)
    depth = types[types["used"]].groupby("cell_type")[["reads", "fragments"]].sum().reindex(counts.index).fillna(0)
    samples = list(dict.fromkeys(fates["sample"]))
    height = 1.35 + 0.24 * max(len(samples) + 2, len(counts))
    figure = style.new_figure("From reads to tracks", height, simulated)
    left, middle, right = figure.subplots(1, 3, width_ratios=[1.7, 1, 1])
    _stack_fates(left, fates, samples)
    rows = np.arange(len(counts))
    middle.barh(rows, counts[True], color=style.BLUE, height=0.66, label="used")
    middle.barh(rows, counts[False], left=counts[True], color=style.RIVAL, height=0.66, label="not used")
    middle.set_yticks(rows, [str(t) for t in counts.index])
    middle.set(title="Cells", xlabel="cells")
    if counts[False].any():
        middle.legend(loc="lower right")
    for (name, colour), shift in zip((("reads", style.BLUE), ("fragments", style.ORANGE)), (0.18, -0.18)):
        if depth[name].any():
            right.barh(rows + shift, depth[name], color=colour, height=0.34, label=f"{_ASSAY[name]} {name}")
    right.set_yticks(rows, [])
    right.set(title="Depth", xlabel="reads or fragments used")
    right.legend(loc="upper center", bbox_to_anchor=(0.5, -0.25), ncols=1)
    for axes in (left, middle, right):
        axes.xaxis.set_major_formatter(thousands)
        axes.xaxis.set_major_locator(_MaxN(4))
        style.tidy(axes, "x")
    numbers = [fates.assign(panel="reads"), counts.stack().rename("cells").reset_index().assign(panel="cells"),
               depth.reset_index().assign(panel="depth")]  # fmt: skip
    return figure, pd.concat(numbers, ignore_index=True)


_ASSAY = {"reads": "RNA", "fragments": "ATAC"}


def _MaxN(n: int) -> Any:  # noqa: N802
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(n)


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


def _stack_fates(axes: Axes, fates: pd.DataFrame, samples: list[str]) -> None:
    wide = fates.pivot(index="sample", columns="fate", values="reads").fillna(0).reindex(samples)
    share = wide.div(wide.sum(axis=1), axis=0)
    names = list(dict.fromkeys(fates["fate"]))
    greys = [style.ORANGE, style.SKY, style.PURPLE, style.GREEN, style.VERMILION, style.BLACK, style.YELLOW, "#9ca3af"]
    left = np.zeros(len(samples))
    for i, name in enumerate(names):
        colour = style.BLUE if name == "used" else greys[(i - 1) % len(greys)]
        axes.barh(samples, share[name], left=left, color=colour, height=0.66, label=name.replace("_", " "))
        left += share[name].to_numpy()
    for y, total in enumerate(wide.sum(axis=1)):
        axes.text(1.01, y, thousands(total), va="center", fontsize=6.5, color=style.MUTED)
    axes.set(title="Reads and fragments by fate", xlabel="share of all (number: total)", xlim=(0, 1.12))
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
    axes.invert_yaxis()
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.25), ncols=3, columnspacing=1, handlelength=0.9)


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
    single = rows[rows["seed"].notna() & [(m, g) not in have for m, g in zip(rows["model"], rows["group"])]]
    mean = single.groupby(["model", "group"], sort=False).agg(
        value=("value", "mean"), ci_low=("ci_low", "mean"), ci_high=("ci_high", "mean"), seeds=("seed", "nunique")
    )
    columns = ["model", "group", "value", "ci_low", "ci_high", "seeds"]
    frames = [f[columns] for f in (pooled, mean.reset_index()) if len(f)]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def _interval(axes: Axes, x: Any, y: Any, low: Any, high: Any, colour: str) -> None:
    """A horizontal 95 % interval behind a point; NaN where there is none."""
    axes.hlines(
        y, np.where(np.isfinite(low), low, x), np.where(np.isfinite(high), high, x), color=colour, linewidth=1.4
    )


def adapters(run: Run, settings: Report, simulated: bool | None) -> Drawing:
    """Test Pearson of every model in each track with its interval against the noise ceiling, and what it costs to train."""
    metrics = run.rows("metrics")
    rows = over_seeds(metric(metrics, PEARSON, split="test")).dropna(subset=["value"])
    if rows.empty:
        raise NoData(f"metrics.parquet has no {PEARSON} on test")
    each, all_ = rows[rows["group"] != "all"], rows[rows["group"] == "all"]
    rank = all_.set_index("model")["value"].sort_values(ascending=False)
    models = [*rank.index, *[m for m in dict.fromkeys(each["model"]) if m not in rank.index]]
    groups = sorted(each["group"].unique())
    ceiling = over_seeds(metric(metrics, CEILING)).dropna(subset=["value"])
    height = 1.5 + max(0.3 * len(groups), 0.3 * len(models), 1.4)
    figure = style.new_figure("Adapters against baselines", height, simulated)
    left, right = figure.subplots(1, 2, width_ratios=[1.6, 1])
    colour = style.colours(models)
    for i, model in enumerate(models):
        mine = each[each["model"] == model].set_index("group").reindex(groups)
        y = np.arange(len(groups)) + (i - (len(models) - 1) / 2) * 0.7 / max(len(models), 1)
        _interval(left, mine["value"], y, mine["ci_low"], mine["ci_high"], colour[model])
        left.plot(mine["value"], y, "o", color=colour[model], label=model)
    _ceilings(left, ceiling[ceiling["group"].isin(groups)], groups)
    left.set_yticks(range(len(groups)), groups)
    left.set(title="Each track", xlabel="Pearson r on test (95 % CI)")
    left.invert_yaxis()
    left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16 - 0.02 * len(groups)), ncols=4, columnspacing=1)
    fractions = _all_models(right, metrics, all_, models, colour)
    for axes in (left, right):
        style.tidy(axes, "x")
    numbers = [
        rows.assign(panel="pearson"),
        ceiling.assign(panel="ceiling"),
        fractions.assign(panel="trainable fraction"),
    ]
    return figure, pd.concat([n for n in numbers if len(n)], ignore_index=True)


PEARSON, CEILING = "bin_pearson", "noise_ceiling"


def _ceilings(axes: Axes, ceiling: pd.DataFrame, groups: list[str]) -> None:
    for i, row in enumerate(ceiling.itertuples()):
        y = groups.index(row.group)
        label = "noise ceiling" if i == 0 else None
        axes.vlines(row.value, y - 0.42, y + 0.42, color=style.INK, linewidth=1, linestyle=(0, (2, 1.5)), label=label)


def _all_models(axes: Axes, metrics: pd.DataFrame, rows: pd.DataFrame, models: list[str], colour: dict) -> pd.DataFrame:
    """Mean over tracks, with the trainable share of the trunk beside each model's name."""
    fractions = over_seeds(metric(metrics, FRACTION)).drop_duplicates("model").set_index("model")["value"]
    mine = rows.set_index("model").reindex(models)
    y = np.arange(len(models))
    for i, model in enumerate(models):
        row = mine.loc[model]
        _interval(axes, row["value"], i, row["ci_low"], row["ci_high"], colour[model])
        axes.plot(row["value"], i, "o", color=colour[model], markersize=5.5)
    labels = [m if pd.isna(fractions.get(m)) else f"{m}\n{_share(fractions[m])} trained" for m in models]
    axes.set_yticks(y, labels)
    axes.invert_yaxis()
    axes.set(title="Mean over tracks", xlabel="Pearson r on test (95 % CI)", ylim=(len(models) - 0.4, -0.6))
    return fractions.rename("value").reset_index()


def _share(value: float) -> str:
    return "0 %" if value == 0 else f"{100 * value:.2g} %"


# ---- fig 3 -------------------------------------------------------------------------------------------------------


def example_tracks(run: Run, settings: Report, simulated: bool | None) -> Drawing:
    """Observed and predicted coverage of one test window, a row per track (at most eight)."""
    frame = run.rows("examples")
    tracks = list(dict.fromkeys(frame["track"]))[:8]
    frame = frame[frame["track"].isin(tracks)]
    figure = style.new_figure("One test window: observed and predicted", 1.1 + 0.72 * len(tracks), simulated)
    panels = np.atleast_1d(figure.subplots(len(tracks), 1, sharex=True))
    for axes, track in zip(panels, tracks):
        rows = frame[frame["track"] == track].sort_values("bin")
        axes.fill_between(rows["bin"], rows["observed"], step="mid", color="#c9ced6", linewidth=0, label="observed")
        axes.plot(rows["bin"], rows["predicted"], color=style.BLUE, linewidth=1, label="predicted")
        r = np.corrcoef(rows["observed"], rows["predicted"])[0, 1] if rows["observed"].nunique() > 1 else np.nan
        axes.text(0.004, 0.93, track, transform=axes.transAxes, va="top", fontweight="bold", fontsize=7.5)
        axes.text(0.996, 0.93, f"r = {r:.2f}", transform=axes.transAxes, va="top", ha="right", fontsize=7)
        axes.set(ylim=(0, None), xlim=(rows["bin"].min() - 0.5, rows["bin"].max() + 0.5))
        axes.yaxis.set_major_locator(_MaxN(2))
        axes.margins(y=0.25)
    panels[-1].set_xlabel("bin of the window")
    panels[len(tracks) // 2].set_ylabel("coverage (scaled)")
    panels[0].legend(loc="lower right", bbox_to_anchor=(1, 1.0), ncols=2, borderaxespad=0.2)
    return figure, frame.reset_index(drop=True)


# ---- fig 4 -------------------------------------------------------------------------------------------------------


def variants(run: Run, settings: Report, simulated: bool | None) -> Drawing:
    """How well effects separate causal variants from controls, whether p-values are calibrated, and the strongest effects."""
    scores = run.rows("scores")
    curves = run.optional("roc")
    p = scores["p_null"].dropna()
    panels = [name for name, on in (("roc", curves is not None and len(curves)), ("null", len(p))) if on]
    top = strongest(scores, settings.top_variants)
    height = 1.2 + max(0.15 * len(top), 1.9) + (0 if len(panels) < 2 else 0.0)
    figure = style.new_figure("Variant effects per cell type", height, simulated)
    widths = [1] * bool(panels) + [1.35]
    columns = figure.subfigures(1, len(widths), width_ratios=widths)
    columns = np.atleast_1d(columns)
    numbers = [
        top.rename_axis("variant")
        .reset_index()
        .melt("variant", var_name="group", value_name="log_fc")
        .assign(panel="top")
    ]
    if panels:
        axes = np.atleast_1d(columns[0].subplots(len(panels), 1))
        for ax, name in zip(axes, panels):
            numbers.append(_roc(ax, curves) if name == "roc" else _calibration(ax, scores))
    _heat(columns[-1], top)
    return figure, pd.concat(numbers, ignore_index=True)


def strongest(scores: pd.DataFrame, limit: int) -> pd.DataFrame:
    """The ``limit`` variants with the largest absolute log2 fold change, as a matrix variant x track group."""
    group = scores["cell_type"] + " " + scores["assay"].str.upper()
    wide = scores.assign(group=group).groupby(["variant", "group"], sort=True)["log_fc"].mean().unstack()
    order = wide.abs().max(axis=1).sort_values(ascending=False, kind="stable").index[:limit]
    return wide.loc[order]


def _roc(axes: Axes, curves: pd.DataFrame) -> pd.DataFrame:
    axes.plot([0, 1], [0, 1], color=style.GRID, linewidth=1)
    looks = {"oracle": (style.BLACK, (0, (3, 2))), "model": (style.BLUE, "-")}
    others = style.colours([m for m in dict.fromkeys(curves["model"]) if m not in looks])
    for model, rows in curves.groupby("model", sort=False):
        colour, line = looks.get(str(model), (others.get(model, style.BLUE), "-"))
        area = np.trapezoid(rows["true_positive_rate"], rows["false_positive_rate"])
        axes.plot(rows["false_positive_rate"], rows["true_positive_rate"], color=colour, linestyle=line,
                  label=f"{model}, AUROC {area:.2f}")  # fmt: skip
    axes.set(title="Causal against control", xlabel="false positive rate", ylabel="true positive rate")
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.02), aspect="equal")
    axes.legend(loc="lower right")
    return curves.assign(panel="roc")


def _calibration(axes: Axes, scores: pd.DataFrame) -> pd.DataFrame:
    """p-values of all scored pairs against the uniform: on the diagonal where variants do nothing, above it where they do."""
    p = np.sort(scores["p_null"].dropna().to_numpy())
    at = np.linspace(0, 1, 101)
    share = np.searchsorted(p, at, side="right") / len(p)
    axes.plot([0, 1], [0, 1], color=style.GRID, linewidth=1)
    axes.plot(at, share, color=style.BLUE)
    axes.set(
        title="p-values against the null set",
        xlabel="p",
        ylabel="share of pairs at most p",
        xlim=(0, 1),
        ylim=(0, 1.02),
    )
    return pd.DataFrame({"panel": "null", "p": at, "share": share})


def _heat(figure: Any, top: pd.DataFrame) -> None:
    axes = figure.subplots()
    limit = float(np.nanquantile(top.abs().to_numpy(), 0.98)) or 1.0
    image = axes.imshow(top, cmap="RdBu_r", norm=TwoSlopeNorm(0, -limit, limit), aspect="auto", interpolation="nearest")
    axes.set_xticks(range(top.shape[1]), top.columns, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(top)), [v if len(v) < 26 else v[:24] + "…" for v in top.index], fontsize=6)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(f"The {len(top)} strongest effects")
    bar = figure.colorbar(image, ax=axes, shrink=0.5, aspect=16, extend="both")
    bar.set_label("log2 fold change, ALT over REF")
    bar.outline.set_visible(False)
