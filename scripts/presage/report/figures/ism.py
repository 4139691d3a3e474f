"""The picture of a saturated region: per cell type a sequence logo of importance over a heat map of every change."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import logomaker
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from presage.config.ism import Picture
from presage.report import style
from presage.sequence.mutagenesis.seqlets import importance

ROWS = ["A", "C", "G", "T", "-"]  # of a heat map; the last is the deletion
LETTERS = {"A": style.GREEN, "C": style.BLUE, "G": style.ORANGE, "T": style.VERMILION}
LEGIBLE = 400  # bp; letters of a longer region would be thinner than a pixel, and bars are drawn instead
MARKED = 0.05  # seqlets with a q above this are marked without the motif's name
WIDEST = 24.0  # inches


@dataclass(frozen=True)
class Saturated:
    """A region as its tables have it.

    Attributes
    ----------
    table, seqlets, coverage : the tables `ism`, `seqlets`, `ism_coverage`
    change : the change that ``coverage`` shows, in words
    truth : `truth_motifs`, where the region lies in a simulated world
    """

    name: str
    table: pd.DataFrame
    seqlets: pd.DataFrame
    coverage: pd.DataFrame
    change: str | None = None
    truth: pd.DataFrame | None = None


def saturated(region: Saturated, settings: Picture, simulated: bool | None) -> Figure:
    """One pair of panels for each cell type with the strongest effects, above them the planted sites if known.

    All heat maps share one scale, all logos another. The truth bar is a world's own: grey and hatched are decoys.
    """
    table = region.table
    with style.style():
        if table.empty:
            figure = style.new_figure(region.name, 1.0, simulated)
            figure.text(0.008, 0.3, "The genome has no base here that could be changed.", color=style.MUTED)
            return figure
        tracks = shown_tracks(table, settings)
        low, high = int(table["pos"].min()), int(table["pos"].max()) + 1
        sites = planted(region.truth, str(table["chrom"].iloc[0]), low, high)
        heights = [0.3] * bool(len(sites)) + [0.85, 0.75] * len(tracks) + [0.7] * len(tracks) * settings.coverage
        figure = style.new_figure(
            f"{region.name}: every change of {high - low} bp", 1.1 + 1.1 * sum(heights), simulated, _width(high - low)
        )
        axes = style.panels(figure, heights)
        if len(sites):
            _sites(axes[0], sites)
        pairs = axes[bool(len(sites)) :]
        held = {track: importance(table[table["track"] == track]) for track in tracks}
        reach = limits(held.values())
        shown = substitutions(table[table["track"].isin(tracks)])
        limit = max(1e-9, float(shown["log_fc"].abs().max()))
        for i, track in enumerate(tracks):
            rows = table[table["track"] == track]
            logo(pairs[2 * i], rows, held[track], reach)
            _seqlets(pairs[2 * i], region.seqlets[region.seqlets["track"] == track])
            image = _heat(pairs[2 * i + 1], rows, np.arange(low, high), limit)
            pairs[2 * i].set_title(f"{rows['cell_type'].iloc[0]} ({track})")
        for axis in axes[: len(axes) - len(tracks) * settings.coverage]:
            axis.set_xlim(low - 0.5, high - 0.5)
            axis.tick_params(labelbottom=axis is pairs[2 * len(tracks) - 1])
            axis.xaxis.set_major_locator(MaxNLocator(8, integer=True))
            axis.xaxis.set_major_formatter("{x:,.0f}")
        pairs[2 * len(tracks) - 1].set_xlabel(f"position on {table['chrom'].iloc[0]} (bp, 0-based)")
        for axis, track in zip(pairs[2 * len(tracks) :], tracks):
            _coverage(axis, region, track, (low, high))
        bar = figure.colorbar(image, ax=pairs[1 : 2 * len(tracks) : 2], aspect=30, pad=0.01, shrink=0.6, extend="both")
        bar.set_label("log2 fold change, changed over reference")
        bar.outline.set_visible(False)
    return figure


def shown_tracks(table: pd.DataFrame, settings: Picture) -> list[str]:
    """For each cell type its track of one assay with the strongest effect of a substitution, strongest first.

    The assay is the one that the settings name, if the region has it, else that of the strongest track.
    """
    rows = substitutions(table)
    rows = rows.assign(size=rows["log_fc"].abs()).sort_values("size", ascending=False, kind="stable")
    best = rows.drop_duplicates("track")
    own = best[best["assay"] == settings.assay]
    own = own if len(own) else best[best["assay"] == best["assay"].iloc[0]]
    return own.drop_duplicates("cell_type")["track"].head(settings.cell_types).tolist()


def substitutions(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of the `ism` table that are no deletions: what these do is in part the model's answer to being moved."""
    return table[table["alt"] != "-"]


def planted(truth: pd.DataFrame | None, chrom: str, low: int, high: int) -> pd.DataFrame:
    """Planted sites that meet ``[low, high)``, by position; none where the truth is not known."""
    if truth is None:
        return pd.DataFrame()
    here = (truth["chrom"] == chrom) & (truth["end"] > low) & (truth["start"] < high)
    return truth[here].sort_values("start")


def _width(length: int) -> float:
    return min(WIDEST, max(style.WIDTH, 1.9 + 0.075 * length))


def limits(held: Iterable[pd.Series]) -> tuple[float, float]:
    """The y axis that logos share, with room above them for the marks of seqlets."""
    values = np.concatenate([one.to_numpy() for one in held])
    low, high = min(0.0, values.min()), max(0.0, values.max())
    pad = 0.06 * max(high - low, 1e-9)
    return low - pad, high + 2 * pad  # above them the seqlets' marks


def _sites(axis: Axes, sites: pd.DataFrame) -> None:
    for site in sites.to_dict("records"):
        colour = style.RIVAL if site["decoy"] else style.PURPLE
        box = Rectangle((site["start"] - 0.5, 0), site["end"] - site["start"], 1, facecolor=colour, linewidth=0)
        if site["decoy"]:
            box.set(hatch="////", edgecolor="white")
        axis.add_patch(box)
        arrow = "\N{RIGHTWARDS ARROW}" if site["strand"] == "+" else "\N{LEFTWARDS ARROW}"
        middle = (site["start"] + site["end"] - 1) / 2
        axis.text(middle, 1.15, f"{site['motif']} {arrow}", ha="center", va="bottom", fontsize=6)
    axis.set(ylim=(0, 1), yticks=[], ylabel="planted")
    axis.yaxis.label.set(rotation=0, ha="right", va="center", fontsize=7)
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)


def logo(axis: Axes, rows: pd.DataFrame, held: pd.Series, reach: tuple[float, float]) -> None:
    """Each base of the genome as high as its importance; bars where letters could not be read."""
    letters = rows.drop_duplicates("pos").set_index("pos")["ref"].reindex(held.index)
    if len(held) > LEGIBLE:
        axis.bar(held.index, held, width=1.0, color=[LETTERS[letter] for letter in letters])
    else:
        seen = held.abs() > (reach[1] - reach[0]) / 100  # thinner letters would make the file large and be no ink
        matrix = pd.DataFrame({letter: held.where(seen & (letters == letter), 0.0) for letter in ROWS[:4]})
        logomaker.Logo(matrix, ax=axis, color_scheme=LETTERS, font_name="DejaVu Sans", shade_below=0, flip_below=False)
    axis.axhline(0, color=style.MUTED, linewidth=0.5)
    axis.set(ylim=reach, ylabel="importance\n(log2)")
    axis.yaxis.set_major_locator(MaxNLocator(3))
    axis.spines[["top", "right", "bottom"]].set_visible(False)
    axis.tick_params(axis="x", length=0)


def _seqlets(axis: Axes, seqlets: pd.DataFrame) -> None:
    """A line over each positive seqlet, with the motif it is like."""
    line: dict[str, Any] = {"transform": axis.get_xaxis_transform(), "clip_on": False, "color": style.INK}
    for one in seqlets[seqlets["attribution"] > 0].to_dict("records"):
        axis.plot([one["start"] - 0.4, one["end"] - 0.6], [0.97, 0.97], linewidth=0.9, **line)
        if one["motif"] is not None and one["match_q"] <= MARKED:
            middle = (one["start"] + one["end"] - 1) / 2
            axis.text(middle, 0.99, one["motif"], ha="center", va="bottom", fontsize=6, **line)


def _heat(axis: Axes, rows: pd.DataFrame, positions: np.ndarray, limit: float) -> AxesImage:
    """Four bases and the deletion; the genome's own base is grey."""
    grid = rows.pivot(index="alt", columns="pos", values="log_fc").reindex(index=ROWS, columns=positions)
    deleted = bool(grid.loc["-"].notna().any())
    grid = grid if deleted else grid.drop(index="-")
    axis.set_facecolor(style.GRID)
    extent = (positions[0] - 0.5, positions[-1] + 0.5, len(grid) - 0.5, -0.5)
    image = axis.imshow(
        grid, aspect="auto", cmap="RdBu_r", vmin=-limit, vmax=limit, extent=extent, interpolation="none"
    )
    axis.set_yticks(range(len(grid)), [*ROWS[:4], "del."][: len(grid)], fontsize=5.5)
    axis.set_ylabel("change to")
    axis.tick_params(axis="y", length=0)
    axis.spines[:].set_visible(False)
    return image


def _coverage(axis: Axes, region: Saturated, track: str, bounds: tuple[int, int]) -> None:
    """Predicted coverage before and after the change, over a wider stretch than the region (shaded)."""
    rows = region.coverage[region.coverage["track"] == track]
    edges = np.append(rows["start"].to_numpy(), rows["end"].iloc[-1])
    axis.stairs(rows["ref"], edges, fill=True, color="#c9ced6", label="reference")
    axis.stairs(rows["alt"], edges, color=style.VERMILION, linewidth=0.9, label=region.change)
    axis.axvspan(*bounds, color=style.SKY, alpha=0.15, linewidth=0)
    axis.set(title=f"predicted coverage, {track}", ylabel="per bin", xlim=(edges[0], edges[-1]), ylim=(0, None))
    axis.xaxis.set_major_formatter("{x:,.0f}")
    axis.yaxis.set_major_locator(MaxNLocator(3))
    axis.legend(loc="upper right", ncols=2, borderaxespad=0, bbox_to_anchor=(1, 1.35))
