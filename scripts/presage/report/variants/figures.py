"""Figures of a set of variants: strength against surety, effects by cell type, and how far they are of one type."""

from collections.abc import Hashable, Iterable, Mapping
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import offset_copy

from presage.report import style
from presage.report.heat import heat, ink, scale_bar
from presage.report.naming import name_points, short
from presage.report.run import NoData
from presage.report.style import FULL, Drawing
from presage.report.variants.rows import ALPHA, LIMIT, Overview, in_doubt
from presage.sequence.variants.vcf import strongest

NAMED, HEAT, SPECIFIC = 10, 30, 15  # variants with a name in the volcano, in the heat map, in the specificity figure
TYPES = 60  # cell types that a panel of the heat map has room for
CROWDED = 24  # cell types of a panel whose names still have room to lean
CROWD = 1500  # points that stay lines of the SVG; more become one picture inside it
# Orange is what to be careful with: the models of this study are fitted there.
FOLDS = {"train": style.ORANGE, "valid": style.GREEN, "test": style.BLUE, "outside": style.PURPLE}
MARKERS = ["o", "^", "s", "D", "v"]  # assays
NOTHING = "no variant was scored"
HEIGHTS = {"p_null": "−log10 p", "ratio": "size of the effect / its SD over models, strands and shifts"}


def named(variant: str) -> str:
    """A variant's name as the file has it, long alleles cut in the middle."""
    return short(variant, 27)


def fold_marks(axes: Axes, folds: pd.Series) -> None:
    """A square in the colour of the fold between each row of ``axes`` and its name."""
    beside = offset_copy(axes.get_yaxis_transform(), axes.get_figure(root=True), x=-7, units="points")
    for row, fold in enumerate(folds):
        axes.plot(0, row, "s", color=FOLDS[fold], markersize=4.5, transform=beside, clip_on=False)
    axes.tick_params(axis="y", length=0, pad=13)


def fold_handles(folds: Iterable[str], marker: str = "s", counts: Mapping[str, int] | None = None) -> list[Line2D]:
    """The legend of the folds."""
    words = {"train": "train: this study's models are fitted there", "outside": "outside of all windows"}
    found = []
    for fold in (fold for fold in FOLDS if fold in set(folds)):
        label = words.get(fold, fold) + (f" ({counts[fold]:,})" if counts else "")
        found.append(Line2D([], [], color=FOLDS[fold], marker=marker, linestyle="", label=label))
    return found


# ---- volcano ---------------------------------------------------------------------------------------------------


def volcano(seen: Overview, simulated: bool | None) -> Drawing:
    """Effect of every variant's strongest track against what tells it from noise; colour says the fold."""
    if not seen.variants:
        raise NoData(NOTHING)
    if not seen.height:
        raise NoData("there is no null set, and one model, strand and shift alone has no spread")
    figure = style.new_figure("Every variant, by its strongest track", 4.4, simulated, FULL)
    axes = style.tidy(figure.subplots(), "both")
    assays = dict(zip(dict.fromkeys(seen.tracks["assay"]), cycle(MARKERS)))
    for fold, colour in FOLDS.items():
        for assay, marker in assays.items():
            rows = seen.cloud[(seen.cloud["fold"] == fold) & (seen.cloud["assay"] == assay)]
            look: dict[str, Any] = {"color": colour, "marker": marker, "alpha": 0.65, "linewidths": 0}
            axes.scatter(rows["log_fc"], rows["height"], s=13, rasterized=len(seen.cloud) > CROWD, **look)
    if seen.height == "p_null":
        _level(axes, -np.log10(ALPHA), f"p = {ALPHA:g}")
    axes.axvline(0, color=style.MUTED, linewidth=0.6)
    low, high = min(0.0, seen.cloud["log_fc"].min()), max(0.0, seen.cloud["log_fc"].max())
    wide = (high - low) or 1.0
    axes.set(xlim=(low - 0.06 * wide, high + 0.14 * wide), ylim=(0, 1.42 * max(seen.cloud["height"].max(), 1.5)))
    axes.set(xlabel="log2 fold change, ALT over REF", ylabel=HEIGHTS[seen.height])
    axes.set_yticks([tick for tick in axes.get_yticks() if tick <= 1.05 * max(seen.cloud["height"].max(), 1.5)])
    handles = fold_handles(seen.folds, "o", seen.folds)
    for assay, marker in assays.items() if len(assays) > 1 else ():
        label = f"strongest in {assay.upper()}"
        handles.append(Line2D([], [], color=style.MUTED, marker=marker, linestyle="", label=label))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    figure.draw_without_rendering()  # names are placed between points, which the layout must have set first
    spots = [
        (float(row["log_fc"]), height, f"{row['rank']}  {row['variant']}")
        for row in strongest(seen.top, len(seen.tracks)).head(NAMED).to_dict("records")
        if np.isfinite(height := height_of(seen.height, row))
    ]
    name_points(axes, spots, length=32, angle=50, ranked=True)
    column = "minus_log10_p" if seen.height == "p_null" else "effect_by_sd"
    return figure, seen.cloud.rename(columns={"height": column})


def height_of(kind: str, row: Mapping[Hashable, Any]) -> float:
    """Where a variant stands in the volcano, from its strongest track's row of the `scores` table."""
    if kind == "p_null":
        return float(-np.log10(row["p_null"]))
    if not row["log_fc"]:
        return 0.0
    return min(abs(row["log_fc"]) / row["log_fc_sd"], LIMIT) if row["log_fc_sd"] else LIMIT


def _level(axes: Axes, y: float, words: str) -> None:
    axes.axhline(y, color=style.MUTED, linewidth=0.8, linestyle=(0, (3, 2)))
    place: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "ha": "right"}
    axes.annotate(words, (1, y), (-2, 2), fontsize=6.5, color=style.MUTED, **place)


# ---- heat map --------------------------------------------------------------------------------------------------


def by_type(rows: pd.DataFrame) -> pd.DataFrame:
    """Of each variant, assay and cell type the row with the largest effect; ``sure`` bool. The main strand counts,
    which is the same for all types."""
    rows = rows[rows["main_strand"]]
    size = rows["log_fc"].abs()
    found = rows.loc[size.sort_values(ascending=False, kind="stable").index]
    found = found.drop_duplicates(["rank", "assay", "cell_type"]).sort_index()
    doubt = in_doubt(*(found[name] for name in ("log_fc", "log_fc_sd", "p_null", "sign_agreement")))
    return found.assign(sure=~doubt)


def heat_map(seen: Overview, simulated: bool | None, genes: dict[str, str]) -> Drawing:
    """The strongest variants in every cell type, one panel per assay, with a cross where an effect is in doubt."""
    if not seen.variants:
        raise NoData(NOTHING)
    rows = by_type(seen.top[seen.top["rank"] <= HEAT])
    count = rows["rank"].max()
    assays = list(dict.fromkeys(seen.tracks["assay"]))
    panels = [rows[rows["assay"] == assay] for assay in assays]
    types = [_shown_types(panel, seen.tracks) for panel in panels]
    longest = max(len(short(name, 24)) for names in types for name in names)
    height = 1.8 + 0.19 * count + 0.055 * longest
    figure = style.new_figure("Effects by cell type", height, simulated, FULL)
    ratios = [max(len(names), 2) for names in types]
    grid = figure.subplots(1, len(assays), width_ratios=ratios, squeeze=False, sharey=True)[0]
    for axes, panel, names, assay in zip(grid, panels, types, assays):
        _heat_panel(figure, axes, panel, names, assay)
    first = rows.drop_duplicates("rank")
    symbols = [genes.get(gene, "") for gene in first["gene"].fillna("")]
    words = [f"{rank}  {named(v)}  {name}" for rank, v, name in zip(first["rank"], first["variant"], symbols)]
    grid[0].set_yticks(range(count), words, fontsize=6.5)
    fold_marks(grid[0], first["fold"])
    handles = fold_handles(first["fold"])
    handles.append(Line2D([], [], color=style.MUTED, marker="x", markersize=3.5, linestyle="", label="in doubt"))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    columns = [
        "rank",
        "variant",
        "fold",
        "cell_type",
        "assay",
        "track",
        "strand",
        "log_fc",
        "log_fc_sd",
        "sign_agreement",
    ]
    return figure, rows[[*columns, "p_null", "sure"]]


def _shown_types(panel: pd.DataFrame, tracks: pd.DataFrame) -> list[str]:
    """The cell types of a panel in the order of the tracks; of too many those with the largest effects."""
    names = list(dict.fromkeys(tracks.loc[tracks["assay"] == panel["assay"].iloc[0], "cell_type"]))
    size = panel["log_fc"].abs().groupby(panel["cell_type"]).max().sort_values(ascending=False, kind="stable")
    kept = set(size.index[:TYPES])
    return [name for name in names if name in kept]


def _heat_panel(figure: Figure, axes: Axes, panel: pd.DataFrame, types: list[str], assay: str) -> None:
    values = panel.pivot(index="rank", columns="cell_type", values="log_fc")[types].to_numpy(float)
    sure = panel.pivot(index="rank", columns="cell_type", values="sure")[types].to_numpy(bool)
    image, limit = heat(axes, values)
    axes.set_xticks(np.arange(-0.5, len(types)), minor=True)
    axes.set_yticks(np.arange(-0.5, len(values)), minor=True)
    axes.grid(which="minor", color="white", linewidth=0.8)
    axes.tick_params(which="minor", length=0)
    y, x = np.nonzero(~sure)
    signs = [ink(value, limit, style.MUTED) for value in values[y, x]]
    axes.scatter(x, y, s=8, marker="x", c=signs, linewidths=0.6)
    names = [short(name, 24) for name in types]
    turned: dict[str, Any] = {"rotation": 90, "va": "center", "fontsize": 5.5}  # many names must stand upright
    if len(types) <= CROWDED:
        turned = {"rotation": 50, "fontsize": 7}
    axes.set_xticks(range(len(types)), names, ha="right", rotation_mode="anchor", **turned)
    axes.set_title(assay.upper())
    scale_bar(
        figure,
        image,
        axes,
        "log2 fold change",
        location="bottom",
        shrink=0.5,
        aspect=24,
        pad=0.02,
    )


# ---- specificity -----------------------------------------------------------------------------------------------


def specificity(seen: Overview, simulated: bool | None, labels: dict[str, str]) -> Drawing:
    """The strongest variants' effect in each type minus the mean over types, and how often the top type is on top.

    ``labels`` by slug: types are compared within an assay and strand.
    """
    if not seen.variants:
        raise NoData(NOTHING)
    rows = seen.top[seen.top["rank"] <= SPECIFIC]
    best = strongest(rows, len(seen.tracks))
    same = rows.merge(best[["rank", "assay", "strand"]], on=["rank", "assay", "strand"])
    same = same[same.groupby("rank")["track"].transform("size") > 1]
    if same.empty:
        raise NoData("the strongest tracks have no other cell type of their assay and strand to be compared with")
    best = best[best["rank"].isin(same["rank"])]
    figure = style.new_figure("How far an effect is of one cell type", 1.2 + 0.25 * len(best), simulated, FULL)
    left, right = figure.subplots(1, 2, width_ratios=[3.4, 1], sharey=True)
    places = {rank: y for y, rank in enumerate(best["rank"])}
    y = np.arange(len(best))
    style.tidy(left, "x")
    left.axvline(0, color=style.MUTED, linewidth=0.8)
    others = same[same["track"] != same["rank"].map(best.set_index("rank")["track"])]
    look: dict[str, Any] = {"color": style.RIVAL, "markersize": 7, "markeredgewidth": 1.1}
    left.plot(others["specificity"], others["rank"].map(places), "|", label="the other cell types", **look)
    sd = best["specificity_sd"].astype(float).fillna(0.0)
    left.hlines(y, best["specificity"] - sd, best["specificity"] + sd, color=style.BLUE, linewidth=1.4)
    left.plot(best["specificity"], y, "o", color=style.BLUE, markersize=5, label="where it is strongest, ± SD")
    left.set_yticks(y, [f"{rank}  {named(v)}" for rank, v in zip(best["rank"], best["variant"])], fontsize=6.5)
    fold_marks(left, best["fold"])
    left.set(xlabel="log2 fold change minus its mean over cell types", ylim=(len(best) - 0.4, -0.6))
    left.margins(x=0.08)
    right.barh(y, best["top_share"], color=style.SKY, height=0.62)
    right.barh(y, 1 - best["top_share"], left=best["top_share"], color=style.PALE, height=0.62)
    for row, share, track in zip(y, best["top_share"], best["track"]):
        right.text(0.02, float(row), short(labels[track], 26), va="center", fontsize=6.3)
        right.text(1.03, float(row), f"{100 * share:.0f} %", va="center", fontsize=6.5, color=style.MUTED)
    right.set_xticks([0, 0.5, 1], ["0", "50 %", "100 %"])
    right.tick_params(axis="y", length=0)
    right.set(xlabel="predictions that agree on the type", xlim=(0, 1.2))
    handles = [*fold_handles(best["fold"]), *left.get_legend_handles_labels()[0]]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    columns = ["rank", "variant", "track", "cell_type", "assay", "strand", "specificity", "specificity_sd", "top_share"]
    return figure, same[columns]
