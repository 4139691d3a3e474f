"""fig5: variant effects: causal from control by distance, sign, specificity, calibration, and the strongest."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from presage.config.report import Report
from presage.report import style
from presage.report.figures.plot import panel, stacked
from presage.report.heat import heat, ink, scale_bar
from presage.report.metric_rows import metric, whisker
from presage.report.run import Run

SPLIT = "not_train"
LOOKS = {"oracle": (style.INK, (0, (3, 2))), "model": (style.BLUE, "-"), "tss_distance": (style.RIVAL, "-")}
NAMES = {"oracle": "oracle (the planted rule)", "model": "model", "tss_distance": "distance to the TSS alone"}
SHARES = {"variant_sign_accuracy": "right sign", "variant_top_type": "right top type"}


def numbers(run: Run, settings: Report) -> pd.DataFrame:
    """Panels ``curves``, ``areas`` (AUROC and AUPRC by distance), ``shares`` (sign, top type), ``null`` (share of p at
    most p) and ``top`` (the strongest variants by cell type; ``planted`` -1, 0, +1 where the truth is known)."""
    scores = run.rows("scores")
    truth, curves, metrics = run.optional("truth_variants"), run.optional("roc"), run.optional("metrics")
    areas = shares = pd.DataFrame()
    if metrics is not None:
        keep = metrics["metric"].isin(["variant_auroc", "variant_auprc"]) & (metrics["split"] == SPLIT)
        areas = metrics[keep].dropna(subset=["value"])
        areas = areas[(areas["group"] == "all") | areas["group"].str.contains("tss ")]
        parts = [metric(metrics, name, split=SPLIT) for name in SHARES]
        shares = pd.concat(parts).dropna(subset=["value"])
        shares = shares[shares["group"].isin(["all", "rna", "atac"])]
    columns = ["metric", "model", "group", "value", "ci_low", "ci_high"]
    top = strongest(scores, settings.top_variants)
    signs = _planted(truth, top)
    wide = top.rename_axis("variant").reset_index().melt("variant", var_name="group", value_name="log_fc")
    if signs is not None:
        wide["planted"] = signs.reset_index(drop=True).melt(value_name="planted")["planted"].to_numpy()
    controls = None if truth is None else set(truth.loc[truth["kind"] == "control", "variant"])
    tested = scores if controls is None else scores[scores["variant"].isin(controls)]
    return stacked(
        curves=pd.DataFrame() if curves is None else curves,
        areas=areas[columns] if len(areas) else areas,
        shares=shares[columns] if len(shares) else shares,
        null=_null(tested).assign(of="controls" if controls is not None else "all variants"),
        top=wide,
    )


def _null(scores: pd.DataFrame) -> pd.DataFrame:
    p = np.sort(scores["p_null"].dropna().to_numpy(float))
    if not len(p):
        return pd.DataFrame()
    at = np.linspace(0, 1, 101)
    return pd.DataFrame({"p": at, "share": np.searchsorted(p, at, side="right") / len(p)})


def strongest(scores: pd.DataFrame, limit: int) -> pd.DataFrame:
    """The ``limit`` variants with the largest absolute log2 fold change, as a matrix variant x track group; on each
    variant's main strand."""
    scores = scores[scores["main_strand"]]
    group = scores["cell_type"] + " " + scores["assay"].str.upper()
    wide = scores.assign(group=group).groupby(["variant", "group"], sort=True)["log_fc"].mean().unstack()
    order = wide.abs().max(axis=1).sort_values(ascending=False, kind="stable").index[:limit]
    return wide.loc[order]


def _planted(truth: pd.DataFrame | None, top: pd.DataFrame) -> pd.DataFrame | None:
    """Planted direction (+1, -1, 0) of the variants and groups of ``top``; None where the truth is not known."""
    if truth is None:
        return None
    group = truth["cell_type"] + " " + truth["assay"].str.upper()
    effect = truth.assign(group=group).groupby(["variant", "group"])["effect_log2"].mean().unstack()
    effect = effect.reindex(index=top.index, columns=top.columns).fillna(0.0)
    return effect.where(effect.abs() > 0.05, 0.0).apply(np.sign)


def draw(numbers: pd.DataFrame, simulated: bool | None) -> Figure:
    """Curves and shares on the left, the heat map on the right."""
    parts = {name: panel(numbers, name) for name in ("curves", "areas", "shares", "null", "top")}
    rows = [name for name in ("curves", "areas") if len(parts[name])]
    rows += ["last"] if len(parts["shares"]) or len(parts["null"]) else []
    variants = parts["top"]["variant"].nunique()
    figure = style.new_figure("Variant effects", 1.0 + max(1.75 * len(rows), 0.17 * variants + 1.2), simulated)
    columns = style.columns(figure, [1.75] * bool(rows) + [1.25])
    if rows:
        for place, name in zip(np.ravel(np.asarray(columns[0].subfigures(len(rows), 1), dtype=object)), rows):
            last = [part for part in ("shares", "null") if len(parts[part])]
            pair = np.ravel(np.asarray(place.subplots(1, len(last) if name == "last" else 2), dtype=object))
            if name == "curves":
                _curves(pair, parts["curves"])
            elif name == "areas":
                _areas(pair, parts["areas"])
            for axes, part in zip(pair, last if name == "last" else ()):
                (_shares if part == "shares" else _calibration)(axes, parts[part])
    _heat(columns[-1], parts["top"])
    return figure


def _curves(pair: Any, curves: pd.DataFrame) -> None:
    curves = curves[curves["group"] == "all"] if "group" in curves else curves
    for axes, y, title in (
        (pair[0], "true_positive_rate", "Causal against control"),
        (pair[1], "precision", "Precision"),
    ):
        for name, (colour, line) in LOOKS.items():
            rows = curves[curves["model"] == name] if y in curves else curves.iloc[:0]
            x = "false_positive_rate" if y == "true_positive_rate" else "true_positive_rate"
            if len(rows):
                axes.plot(rows[x], rows[y], color=colour, linestyle=line, label=NAMES[name])
        axes.set(title=title, xlim=(-0.01, 1.01), ylim=(-0.01, 1.03))
    pair[0].set(xlabel="false positive rate", ylabel="true positive rate")
    pair[1].set(xlabel="recall", ylabel="precision")
    handles, labels = pair[0].get_legend_handles_labels()
    pair[1].legend(handles, labels, loc="lower left", bbox_to_anchor=(0.0, 0.27), fontsize=6, handlelength=1.6)


def _areas(pair: Any, areas: pd.DataFrame) -> None:
    """By bin of distance: the model beside the distance alone."""
    groups = sorted(dict.fromkeys(areas["group"]), key=lambda group: (group != "all", ">" in group, _first(group)))
    groups = [group for group in groups if "," not in group] or groups
    for axes, name, title in ((pair[0], "variant_auroc", "AUROC by distance"), (pair[1], "variant_auprc", "AUPRC")):
        rows = areas[areas["metric"] == name]
        models = [model for model in dict.fromkeys(rows["model"]) if model != "tss_distance"]
        for i, model in enumerate([*models, "tss_distance"]):
            own = rows[rows["model"] == model].drop_duplicates("group").set_index("group").reindex(groups)
            colour = style.RIVAL if model == "tss_distance" else style.CYCLE[i]
            x = np.arange(len(groups)) + (i - len(models) / 2) * 0.22
            whisker(axes, x, own["value"], own["ci_low"], own["ci_high"], colour, upright=True)
            axes.plot(x, own["value"], "o", color=colour, markersize=4)
        if name == "variant_auroc":
            axes.axhline(0.5, color=style.GRID, linewidth=1)
        names = [group.replace("tss ", "").replace(" kb", "") for group in groups]
        axes.set_xticks(range(len(groups)), names)
        axes.set(title=title, xlabel="distance to the TSS (kb)", ylim=(0, 1.02))
        style.tidy(axes, "y")


def _first(group: str) -> float:
    digits = "".join(c if c.isdigit() or c == "." else " " for c in group).split()
    return float(digits[0]) if digits else -1.0


def _shares(axes: Axes, shares: pd.DataFrame) -> None:
    groups = [group for group in ("all", "atac", "rna") if len(shares) and (shares["group"] == group).any()]
    for i, (name, label) in enumerate(SHARES.items()):
        rows = shares[shares["metric"] == name] if len(shares) else shares
        if len(rows):
            own = rows.drop_duplicates("group").set_index("group").reindex(groups)
            x = np.arange(len(groups)) + (i - 0.5) * 0.25
            colour = (style.BLUE, style.ORANGE)[i]
            whisker(axes, x, own["value"], own["ci_low"], own["ci_high"], colour, upright=True)
            axes.plot(x, own["value"], "os"[i], color=colour, markersize=4.5, label=label)
    axes.set_xticks(range(len(groups)), [group.upper() if group != "all" else group for group in groups])
    axes.set(title="Sign and cell type", ylabel="share of causal variants", ylim=(0, 1.02))
    if len(shares):
        axes.legend(loc="lower left", fontsize=6)
    style.tidy(axes, "y")


def _calibration(axes: Axes, null: pd.DataFrame) -> None:
    """On the diagonal where variants do nothing, above it where they do."""
    axes.plot([0, 1], [0, 1], color=style.GRID, linewidth=1)
    if len(null):
        axes.plot(null["p"], null["share"], color=style.BLUE)
        axes.set_title(f"p-values of {null['of'].iloc[0]}")
    axes.set(xlabel="p against the null set", ylabel="share at most p", xlim=(0, 1), ylim=(0, 1.02))


def _heat(figure: Any, top: pd.DataFrame) -> None:
    """The strongest variants by cell type; + and - are the planted direction, where it is known."""
    axes = figure.subplots()
    order, groups = list(dict.fromkeys(top["variant"])), list(dict.fromkeys(top["group"]))
    wide = top.pivot(index="variant", columns="group", values="log_fc").loc[order, groups]
    image, limit = heat(axes, wide)
    known = "planted" in top
    if known:
        signs = top.pivot(index="variant", columns="group", values="planted").loc[order, groups].to_numpy(float)
        for y, x in zip(*np.nonzero(np.nan_to_num(signs))):
            sign = "+" if signs[y, x] > 0 else "\N{MINUS SIGN}"
            colour = ink(wide.to_numpy(float)[y, x], limit, style.INK)
            axes.text(x, y, sign, color=colour, ha="center", va="center", fontsize=6)
    axes.set_xticks(range(len(groups)), groups, rotation=55, ha="right", rotation_mode="anchor", fontsize=6)
    axes.set_yticks(range(len(order)), [v if len(v) < 24 else v[:22] + "…" for v in order], fontsize=6)
    axes.set_title(f"The {len(order)} strongest" + ("\n(signs: planted)" if known else ""))
    scale_bar(figure, image, axes, "log2 fold change, ALT over REF", shrink=0.45, aspect=14, location="bottom")
