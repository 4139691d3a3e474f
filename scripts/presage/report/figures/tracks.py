"""fig3: measured and predicted coverage of one test window, cell type by cell type, over its genes."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from presage.config.report import Report
from presage.report import style
from presage.report.figures.plot import panel, stacked
from presage.report.pseudobulk.gene_models import draw_genes, rows_needed
from presage.report.run import NoData, Run

MOST = 8  # tracks that are shown


def numbers(run: Run, settings: Report) -> pd.DataFrame:
    """Panels ``coverage`` (track, cell type, start and end of each bin in bp where they are known, observed,
    predicted) and ``genes`` of the window."""
    frame = run.rows("examples")
    frame = frame[frame["track"].isin(_chosen(run, list(dict.fromkeys(frame["track"]))))].reset_index(drop=True)
    windows, genes = run.optional("windows"), run.optional("genes")
    here = None
    if windows is not None and "window" in frame:
        found = windows[windows["window"] == frame["window"].iloc[0]]
        here = found.iloc[0] if len(found) else None
    if here is None:
        return stacked(coverage=frame)
    size = (here["out_end"] - here["out_start"]) / (frame["bin"].max() + 1)
    start = here["out_start"] + size * frame["bin"]
    frame = frame.assign(chrom=here["chrom"], start=start, end=start + size)
    near = pd.DataFrame()
    if genes is not None:
        meets = (genes["start"] < here["out_end"]) & (genes["end"] > here["out_start"])
        near = genes[(genes["chrom"] == here["chrom"]) & meets]
        near = near[["gene_id", "name", "strand", "start", "end", "exon_starts", "exon_ends"]]
    return stacked(coverage=frame, genes=near)


def _chosen(run: Run, tracks: list[str]) -> list[str]:
    """As many cell types as there is room for, each with one track of every assay (RNA on one strand)."""
    table = run.optional("tracks")
    known = {} if table is None else table.set_index("slug")[["cell_type", "assay"]].to_dict("index")
    if not all(track in known for track in tracks):
        return tracks[:MOST]
    first: dict[tuple[str, str], str] = {}
    for track in tracks:
        first.setdefault((known[track]["cell_type"], known[track]["assay"]), track)
    types = list(dict.fromkeys(kind for kind, _ in first))
    assays = sorted({assay for _, assay in first})
    kept = types[: max(1, MOST // len(assays))]
    return [first[kind, assay] for kind in kept for assay in assays if (kind, assay) in first]


def draw(numbers: pd.DataFrame, simulated: bool | None) -> Figure:
    """A row per track; r of the window stands beside it."""
    coverage, genes = panel(numbers, "coverage"), panel(numbers, "genes")
    tracks = list(dict.fromkeys(coverage["track"]))
    placed = "start" in coverage
    scale = 1000 if placed else 1
    low, high = (coverage["start"].min(), coverage["end"].max()) if placed else (-0.5, coverage["bin"].max() + 0.5)
    lanes = min(4, rows_needed(genes, int(low), int(high))) if len(genes) else 0
    heights = [0.62] * len(tracks) + [0.14 + 0.17 * lanes] * bool(lanes)
    figure = style.new_figure("One test window: measured and predicted", 1.15 + 1.08 * sum(heights), simulated)
    panels = style.panels(figure, heights)
    for axes, track in zip(panels, tracks):
        rows = coverage[coverage["track"] == track].sort_values("bin")
        x = (rows["start"] + rows["end"]) / 2 / scale if placed else rows["bin"]
        axes.fill_between(x, rows["observed"], step="mid", color="#c9ced6", linewidth=0, label="measured")
        axes.plot(x, rows["predicted"], color=style.BLUE, linewidth=1, label="predicted")
        r = np.corrcoef(rows["observed"], rows["predicted"])[0, 1] if rows["observed"].nunique() > 1 else np.nan
        axes.text(
            0.004, 0.95, track.replace("_", " "), transform=axes.transAxes, va="top", fontsize=7, fontweight="bold"
        )
        axes.text(0.996, 0.95, f"r = {r:.2f}", transform=axes.transAxes, va="top", ha="right", fontsize=7)
        highest = float(max(rows["observed"].max(), rows["predicted"].max()))
        axes.set(ylim=(0, 1.3 * highest or 1), xlim=(low / scale, high / scale))
        axes.yaxis.set_major_locator(MaxNLocator(2))
        axes.xaxis.set_major_locator(MaxNLocator(8))
        axes.tick_params(labelbottom=axes is panels[len(tracks) - 1] and not lanes)
    where = f"position on {coverage['chrom'].iloc[0]} (kb)" if placed else "bin of the window"
    if lanes:
        draw_genes(panels[-1], genes, int(low), int(high), where, lanes)
        panels[-1].xaxis.set_major_formatter(lambda value, _: f"{value / 1000:,.4g}")
        panels[-1].xaxis.set_major_locator(MaxNLocator(8))
    else:
        panels[-1].set_xlabel(where)
    panels[len(tracks) // 2].set_ylabel("coverage (scaled)")
    panels[0].legend(loc="lower right", bbox_to_anchor=(1, 1.0), ncols=2, borderaxespad=0.2)
    return figure


__all__ = ["NoData", "draw", "numbers"]
