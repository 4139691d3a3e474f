"""Coverage of the kept tracks at the few genes that differ most between cell types: the check that a person makes."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from presage.report import style
from presage.report.metric_rows import thousands
from presage.report.naming import short
from presage.report.pseudobulk.figures import KINDS, records
from presage.report.pseudobulk.gene_models import draw_gene, gene_axis
from presage.report.run import NoData
from presage.report.style import FULL

GENES, LEAST = 3, 50  # genes shown; molecules that one needs
MARGIN = 0.1  # of the gene's length, on both sides
POINTS = 240  # steps of a profile: more than the panel has pixels for
ROWS = 48  # rows of panels; more would be no figure but a browser
STUDY = "reference"  # genome of the tracks whose coordinates the genes table speaks


class Place(NamedTuple):
    """A stretch of the genome around ``gene`` (row of the genes table)."""

    gene: Any
    start: int
    end: int


def molecules_by_type(path: Path, types: set[str]) -> pd.DataFrame:
    """Molecules [cell types, genes] that were counted from reads (``counts.h5ad``), for ``types``."""
    import anndata

    data = anndata.read_h5ad(path)
    mine = (data.obs["source"] == "reads") & (data.obs["genome"] == STUDY) & data.obs["cell_type"].isin(types)
    data = data[mine.to_numpy()]
    names = data.obs["cell_type"].astype(str).to_numpy()
    sums = {name: np.asarray(data.X[names == name].sum(axis=0)).ravel() for name in sorted(set(names))}
    return pd.DataFrame.from_dict(sums, orient="index", columns=data.var_names)


def spread(molecules: pd.DataFrame, least: int = LEAST) -> pd.Series:
    """Variance over cell types of log2 CPM, largest first, of genes with ``least`` molecules or more.

    Half a molecule at the mean depth is added first, as edgeR does: without it, a type with few molecules would show
    each gene that it happens to miss as the most variable of all.
    """
    size = molecules.sum(axis=1)
    molecules = molecules[size > 0]
    size = size[size > 0]
    enough = molecules.loc[:, molecules.sum() >= least]
    prior = 0.5 * size / size.mean()
    per_million = enough.add(prior, axis=0).div(size + 2 * prior, axis=0) * 1e6
    return np.log2(per_million).var(axis=0, ddof=0).sort_values(ascending=False, kind="stable")


def places(genes: pd.DataFrame, chosen: list[str]) -> list[Place]:
    """The bodies of genes ``chosen`` with a margin; genes that the table lacks are passed over."""
    known = genes.drop_duplicates("gene_id").set_index("gene_id", drop=False)
    found = []
    for row in records(known.loc[[g for g in chosen if g in known.index]]):
        margin = max(1, int(MARGIN * (row.end - row.start)))
        found.append(Place(row, max(0, int(row.start) - margin), int(row.end) + margin))
    return found


def profile(path: Path, chrom: str, start: int, end: int) -> tuple[np.ndarray, np.ndarray]:
    """Edges (bp) and mean depth per base between them, from a bigWig; 0 where the file is empty or ends."""
    import pyBigWig

    edges = np.unique(np.linspace(start, end, POINTS + 1).astype(np.int64))
    depth = np.zeros(end - start)
    file = pyBigWig.open(str(path))
    length = (file.chroms() or {}).get(chrom, 0)
    if file.header()["nBasesCovered"] and start < length:
        stop = min(end, length)
        depth[: stop - start] = np.nan_to_num(file.values(chrom, start, stop, numpy=True))
    file.close()
    return edges, np.add.reduceat(depth, edges[:-1] - start) / np.diff(edges)


def rows_of(tracks: pd.DataFrame) -> list[tuple[str, str, pd.DataFrame]]:
    """Rows of panels: (assay, cell type, its tracks by strand), RNA before ATAC."""
    mine = tracks[tracks["kept"] & (tracks["genome"] == STUDY)]
    groups = mine.groupby(["assay", "cell_type"], sort=True)
    found = [(str(assay), str(name), part) for (assay, name), part in groups]
    return sorted(found, key=lambda row: (row[0] != "rna", row[0], row[1].lower()))


def draw(folder: Path, tracks: pd.DataFrame, genes: pd.DataFrame | None, simulated: bool | None) -> tuple[Figure, str]:
    """The figure, and which genes it shows in words. ``folder``: the run's ``sequence/pseudobulk``."""
    rows = rows_of(tracks)
    if not rows:
        raise NoData("no track was kept, so there is no bigWig (a study of h5ad counts alone has none: no coverage)")
    if genes is None or genes.empty:
        raise NoData("the reference has no gene annotation")
    by_type = molecules_by_type(folder / "counts.h5ad", {name for _, name, _ in rows})
    if len(by_type) < 2:
        raise NoData("fewer than two cell types have RNA molecules, so no gene differs between them")
    ranked = spread(by_type)
    shown = places(genes, list(ranked.index))[:GENES]
    if not shown:
        raise NoData(f"no gene of the reference has {LEAST} molecules")
    figure = _figure(folder, rows[:ROWS], shown, simulated)
    names = ", ".join(f"{p.gene.name} (SD {ranked[p.gene.gene_id] ** 0.5:.1f} log2 CPM)" for p in shown)
    rest = f" The first {ROWS} of {len(rows)} rows are drawn." if len(rows) > ROWS else ""
    return figure, f"{names}.{rest}"


def _figure(
    folder: Path, rows: list[tuple[str, str, pd.DataFrame]], shown: list[Place], simulated: bool | None
) -> Figure:
    each = 0.42 if len(rows) <= 12 else 0.31
    figure = style.new_figure("Coverage by cell type", 1.15 + each * len(rows), simulated, FULL)
    grid = figure.subplots(
        len(rows) + 1, len(shown), sharex="col", squeeze=False, height_ratios=[each] * len(rows) + [0.36]
    )
    engine: Any = figure.get_layout_engine()
    engine.set(hspace=0, h_pad=0.012)
    for column, place in enumerate(shown):
        where = (place.gene.chrom, place.start, place.end)
        profiles = [
            {str(track.strand): profile(folder / "bw" / f"{track.slug}.bw", *where) for track in records(part)}
            for _, _, part in rows
        ]
        for assay in dict.fromkeys(assay for assay, _, _ in rows):
            mine = [i for i, row in enumerate(rows) if row[0] == assay]
            limits = _limits([profiles[i] for i in mine])
            for i in mine:
                _panel(grid[i, column], assay, profiles[i], limits, first=i == mine[0])
        _gene(grid[-1, column], place)
        grid[0, column].set_title(f"{place.gene.name} ({place.gene.strand})")
    for axes, (assay, name, _) in zip(grid[:, 0], rows):
        axes.set_ylabel(
            f"{short(name, 18)}\n{assay.upper()}", rotation=0, ha="right", va="center", fontsize=6.8, labelpad=18
        )
    figure.supylabel("mean per base: RNA in reads, ATAC in cuts", fontsize=7.5, color=style.MUTED)
    figure.align_ylabels(grid[:, 0])
    return figure


def _limits(profiles: list[dict[str, tuple[np.ndarray, np.ndarray]]]) -> tuple[float, float]:
    """Lowest and highest value of an assay at a gene, over all cell types: one scale, so that heights compare."""
    high = max((v.max() for p in profiles for s, (_, v) in p.items() if s != "-"), default=0.0)
    low = max((v.max() for p in profiles for s, (_, v) in p.items() if s == "-"), default=0.0)
    whole = max(high + low, 1e-9)
    stranded = any("-" in p for p in profiles)
    return (-max(low, 0.12 * whole) if stranded else 0.0), max(high, 0.12 * whole)


def _panel(
    axes: Axes,
    assay: str,
    profiles: dict[str, tuple[np.ndarray, np.ndarray]],
    limits: tuple[float, float],
    first: bool,
) -> None:
    """One cell type at one gene: + strand upwards, - strand downwards."""
    for strand, (edges, value) in profiles.items():
        colour = KINDS.get((assay, strand), (style.PURPLE, "", ""))[0]
        axes.stairs(-value if strand == "-" else value, edges / 1000, fill=True, color=colour)
    axes.axhline(0, color=style.MUTED, linewidth=0.5)
    axes.set_ylim(1.06 * limits[0], 1.06 * limits[1])
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="x", length=0, labelbottom=False)
    # One scale for the assay's rows: the first row says it.
    whole = limits[1] - limits[0]
    ticks = [v for v in limits if abs(v) > 0.25 * whole]
    axes.set_yticks(ticks, [thousands(float(f"{abs(v):.2g}")) for v in ticks] if first else [""] * len(ticks))
    axes.tick_params(axis="y", labelsize=6, length=2)


def _gene(axes: Axes, place: Place) -> None:
    """The gene itself, and the axis in kb."""
    draw_gene(axes, place.gene)
    gene_axis(axes, place.start / 1000, place.end / 1000, 1, f"{place.gene.chrom} (kb)")
    axes.locator_params(axis="x", nbins=6)
