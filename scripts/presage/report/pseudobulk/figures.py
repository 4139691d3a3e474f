"""Figures of the pseudobulk page: reads by fate, knees, strand, noise ceilings, cells. From qc.json and tables."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from presage.report import style
from presage.report.metric_rows import thousands
from presage.report.naming import name_points, short
from presage.report.pseudobulk.fate_bars import fate_bars
from presage.report.run import NoData
from presage.report.style import FULL, HALF
from presage.sequence.evaluation.correlation import noise_ceiling
from presage.sequence.reference.folds import FOLDS

ROW = 0.25  # inches of one bar
# (assay, strand) -> colour, marker, word; RNA in blues, so that colour says the assay and shape the strand
KINDS = {
    ("rna", "+"): (style.BLUE, "^", "RNA, + strand"),
    ("rna", "-"): (style.SKY, "v", "RNA, − strand"),
    ("rna", "."): (style.BLUE, "o", "RNA, both strands"),
    ("atac", "."): (style.ORANGE, "s", "ATAC"),
}
_OTHER = (style.PURPLE, "D", "other")
_SHARE = LinearSegmentedColormap.from_list("labelled", ["#b4bac3", style.BLUE])


def records(frame: pd.DataFrame) -> Iterable[Any]:
    """Rows with their columns as attributes; their types are those of the table's contract, which mypy cannot know."""
    return frame.itertuples(index=False)


def fates(table: pd.DataFrame, simulated: bool | None, width: float = HALF) -> Figure:
    """Reads by fate per sample; the page's table, which carries the colours, is the legend."""
    samples = list(dict.fromkeys(table["sample"]))
    figure = style.new_figure("Reads and fragments by fate", 0.95 + ROW * len(samples), simulated, width)
    axes = figure.subplots()
    fate_bars(axes, table, samples)
    axes.set_title("")
    axes.set_yticks(range(len(samples)), [short(name, 24 if width == HALF else 48) for name in samples])
    return figure


# ---- knee ------------------------------------------------------------------------------------------------------


def knees(samples: Mapping[str, Mapping[str, Any]], simulated: bool | None) -> Figure:
    """Barcodes by rank against what each holds, one panel per sample; blue where the barcodes are labelled."""
    drawn = {key: entry for key, entry in samples.items() if (entry.get("knee") or {}).get("rank")}
    if not drawn:
        raise NoData("no sample of this run has barcodes by rank")
    wide = min(4, len(drawn))
    tall = -(-len(drawn) // wide)
    figure = style.new_figure("Barcodes by rank", 0.75 + 1.95 * tall, simulated, max(FULL * wide / 4, HALF))
    grid = list(np.ravel(np.asarray(figure.subplots(tall, wide, squeeze=False), dtype=object)))
    for axes, (key, entry) in zip(grid, drawn.items()):
        _knee(axes, key, entry)
    for axes in grid[len(drawn) :]:
        axes.set_axis_off()
    lines = [Line2D([], [], color=_SHARE(s), linewidth=2.4) for s in (0.0, 0.5, 1.0)]
    figure.legend(
        lines,
        ["no label", "half of them labelled", "labelled: a cell"],
        loc="outside lower center",
        ncols=3,
    )
    return figure


def _knee(axes: Axes, key: str, entry: Mapping[str, Any]) -> None:
    knee = entry["knee"]
    at = np.column_stack([knee["rank"], knee["count"]]).astype(float)
    at = at[at[:, 1] > 0]
    share = np.asarray(knee.get("labelled") or np.zeros(len(at)), dtype=float)[: len(at)]
    style.tidy(axes, "both")
    parts = np.stack([at[:-1], at[1:]], axis=1)
    axes.add_collection(LineCollection(list(parts), colors=_SHARE(share[1:]), linewidths=2.4, capstyle="round"))
    axes.plot(*at[:1].T, "o", color=_SHARE(share[0]), markersize=3)
    axes.set(xscale="log", yscale="log", xlabel="barcode rank", ylabel=f"{knee.get('unit', 'reads')} per barcode")
    axes.set(xlim=(0.8, at[-1, 0] * 1.25), ylim=(at[:, 1].min() * 0.7, at[:, 1].max() * 1.6))
    axes.set_title(short(key, 26), fontsize=7.5)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(thousands))
        axis.set_minor_formatter(FuncFormatter(lambda *_: ""))
    barcodes = entry.get("barcodes", {})
    if barcodes.get("labelled") is not None:
        words = f"{barcodes['labelled']:,} labelled\n{barcodes.get('not_labelled', 0):,} others"
        axes.text(0.04, 0.05, words, transform=axes.transAxes, fontsize=6.5, color=style.MUTED, va="bottom")


# ---- strand ----------------------------------------------------------------------------------------------------


def strands(samples: Mapping[str, Mapping[str, Any]], simulated: bool | None) -> Figure:
    """Share of exonic reads on the gene's own strand, in each RNA sample."""
    share = {
        key: entry["strand"]["sense_fraction"]
        for key, entry in samples.items()
        if entry.get("strand", {}).get("sense_fraction") is not None
    }
    if not share:
        raise NoData("no RNA sample tells strands (no exonic reads, or no gene annotation)")
    figure = style.new_figure("Sense reads (blue)", 0.95 + ROW * len(share), simulated, HALF)
    axes = style.tidy(figure.subplots(), "x")
    rows, values = np.arange(len(share)), np.array(list(share.values()), dtype=float)
    axes.barh(rows, values, color=style.BLUE, height=0.66, label="sense")
    axes.barh(rows, 1 - values, left=values, color="#d5d9df", height=0.66, label="antisense")
    axes.axvline(0.5, color=style.INK, linewidth=0.9, linestyle=(0, (3, 2)))
    for row, value in zip(rows, values):
        axes.text(1.01, float(row), f"{100 * value:.3g} %", va="center", fontsize=6.5, color=style.MUTED)
    axes.set_yticks(rows, [short(key, 24) for key in share])
    axes.tick_params(axis="y", length=0)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
    axes.set(xlabel="share of exonic reads", xlim=(0, 1.15), ylim=(len(share) - 0.5, -0.5))
    return figure


# ---- noise ceiling ---------------------------------------------------------------------------------------------


def ceilings(tracks: pd.DataFrame, qc_tracks: Mapping[str, Mapping[str, Any]], simulated: bool | None) -> Figure:
    """Noise ceiling of each kept track against its reads, a panel per fold.

    Where a track was down-sampled, the line behind its point is the ceiling at a part of its reads.
    """
    known = tracks[tracks["slug"].isin(qc_tracks.keys())]
    panels = [fold for fold in FOLDS if any(_ceiling(qc, fold) is not None for qc in qc_tracks.values())]
    if known.empty or not panels:
        raise NoData("no track could be halved by donor or cell")
    figure = style.new_figure("Noise ceiling by depth", 3.55, simulated, FULL)
    grid = np.ravel(np.asarray(figure.subplots(1, len(panels), sharey=True, squeeze=False), dtype=object))
    for axes, fold in zip(grid, panels):
        _ceilings(axes, known, qc_tracks, fold)
    low = grid[0].get_ylim()[0]
    bottom = low if low > 0.35 else min(low, 0.0)  # from zero, unless that would squeeze all tracks into the top
    grid[0].set(ylabel="noise ceiling (Pearson r over bins)", ylim=(bottom, 1.02))
    kinds = [kind for kind in KINDS if kind in set(zip(known["assay"], known["strand"]))]
    handles = [Line2D([], [], color=KINDS[k][0], marker=KINDS[k][1], linestyle="", label=KINDS[k][2]) for k in kinds]
    if any(qc.get("downsample") for qc in qc_tracks.values()):
        handles.append(Line2D([], [], color=style.MUTED, linewidth=0.9, label="the track at a part of its reads"))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    figure.draw_without_rendering()  # labels are placed between points, which the layout must have set first
    for axes, fold in zip(grid, panels):
        spots = [
            (float(row.reads), value, str(row.cell_type))
            for row in records(known)
            if (value := _ceiling(qc_tracks[row.slug], fold)) is not None
        ]
        name_points(axes, spots)
    return figure


def _ceiling(qc: Mapping[str, Any], fold: str) -> float | None:
    """A track's noise ceiling in ``fold``, or of one down-sampling step: given, or from the correlation of halves."""
    given = qc.get("noise_ceiling", qc.get("ceiling"))
    if isinstance(given, Mapping):
        return given.get(fold)
    half = (qc.get("half_r") or {}).get(fold)
    return None if half is None else float(noise_ceiling(half))


def _ceilings(axes: Axes, tracks: pd.DataFrame, qc_tracks: Mapping[str, Mapping[str, Any]], fold: str) -> None:
    style.tidy(axes, "both")
    for row in records(tracks):
        colour, marker, _ = KINDS.get((row.assay, row.strand), _OTHER)
        here = qc_tracks[row.slug]
        curve = [(step["share"] * row.reads, _ceiling(step, fold)) for step in here.get("downsample") or []]
        value = _ceiling(here, fold)
        curve.append((row.reads, value))
        line = np.array(sorted((x, y) for x, y in curve if y is not None), dtype=float)
        if len(line) > 1:
            axes.plot(line[:, 0], line[:, 1], color=colour, linewidth=0.9, alpha=0.75)
        if value is not None:
            axes.plot(
                row.reads, value, marker, color=colour, markersize=5, markeredgecolor="white", markeredgewidth=0.5
            )
    axes.set(xscale="log", title=f"{fold} windows", xlabel="reads or fragments in the track")
    axes.xaxis.set_major_formatter(FuncFormatter(thousands))
    axes.margins(0.12, 0.12)
    low, high = axes.get_xlim()
    if high < 100 * low:  # few decades: the axis needs labels between them
        axes.xaxis.set_minor_formatter(FuncFormatter(_two_and_five))
    else:
        axes.xaxis.set_minor_formatter(FuncFormatter(lambda *_: ""))


def _two_and_five(value: float, _: Any = None) -> str:
    """Labels at 2 and 5 only, so that a log axis shorter than a decade is still readable."""
    return thousands(value) if f"{value:e}"[0] in "25" else ""


# ---- cells -----------------------------------------------------------------------------------------------------


def cells(counts: pd.DataFrame, simulated: bool | None) -> Figure:
    """Cells of each type (row): used in blue, the others by reason (columns as in ``counts``)."""
    figure = style.new_figure("Cells by use", 1.05 + ROW * len(counts), simulated, FULL)
    axes = style.tidy(figure.subplots(), "x")
    rows, left = np.arange(len(counts)), np.zeros(len(counts))
    greys = ["#9ca3af", style.ORANGE, style.PURPLE, style.SKY, style.GREEN, style.VERMILION]
    for i, name in enumerate(counts):
        colour = style.BLUE if name == "used" else greys[(i - 1) % len(greys)]
        axes.barh(rows, counts[name], left=left, color=colour, height=0.66, label=short(str(name), 40))
        left += counts[name].to_numpy()
    axes.set_yticks(rows, [short(str(name), 40) for name in counts.index])
    axes.tick_params(axis="y", length=0)
    axes.set(xlabel="cells", ylim=(len(counts) - 0.5, -0.5))
    axes.xaxis.set_major_formatter(FuncFormatter(thousands))
    figure.legend(loc="outside lower center", ncols=4, columnspacing=1, handlelength=0.9)
    return figure
