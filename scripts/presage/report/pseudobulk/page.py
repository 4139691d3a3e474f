"""qc.html of the pseudobulk step: what a lab looks at before it believes a track, in one file that opens from disk."""

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from presage.report.cages.timeline import simulated_sentence
from presage.report.drawing import Drawn, draw
from presage.report.page import Card, Table, table
from presage.report.pseudobulk import figures, gene_coverage
from presage.report.pseudobulk.fate_bars import fate_look, fate_order, reads_by_fate
from presage.report.pseudobulk.fates import by_fate
from presage.report.pseudobulk.neighbours import markers, reference_rows, umap
from presage.report.render import number, render
from presage.report.run import NoData, Run
from presage.report.style import FULL, HALF
from presage.sequence.reference.folds import FOLDS

FOLDER = "sequence/pseudobulk"
WARNINGS = 12  # shown at once; the others fold away
NAMED = 8  # tracks that one warning names
BESIDE = 8  # rows of fates that fit beside their figure; more go below it
NO_LABEL = "no label"
CHEMISTRY = {"three_prime": "3′", "five_prime": "5′", "unknown": "cannot be told"}
NO_KNEE = {"h5ad": "counts of cells only: empty droplets were left out before", "bigwig": "finished coverage, no cells"}


def pseudobulk_page(run: Run, title: str = "", genome: str = "") -> str:
    """The page as text. ``genome`` names the study's genome. Raises :class:`NoData` without qc.json and its tables."""
    qc, cells, tracks = run.json(f"{FOLDER}/qc.json"), run.table("cells"), run.table("tracks")
    simulated, samples = qc.get("simulated"), qc["samples"]
    of_tracks = qc.get("tracks", {})
    shown: dict[str, str] = {}

    def genes() -> Figure:
        figure, shown["genes"] = gene_coverage.draw(run.folder / FOLDER, tracks, run.optional("genes"), simulated)
        return figure

    genes_figure = draw("Coverage at the genes that differ most between cell types", genes)
    return render(
        "pseudobulk.html",
        title=title or run.name,
        simulated=simulated_sentence(simulated),
        facts=facts(run, samples, genome),
        cards=cards(samples, cells, tracks),
        warnings=grouped(qc.get("warnings", [])),
        shown=WARNINGS,
        fates=fate_section(qc, simulated),
        samples=sample_table(samples, cells),
        knees=draw("Barcodes by rank", lambda: figures.knees(samples, simulated)),
        without_knee=without_knee(samples),
        strands=draw("Share of sense reads", lambda: figures.strands(samples, simulated)),
        strand_table=strand_rows(samples),
        halved=" or ".join(sorted({f"{t['halved_by']}s" for t in of_tracks.values() if t.get("halved_by")})) or "cells",
        ceilings=draw("Noise ceiling by reads", lambda: figures.ceilings(tracks, of_tracks, simulated)),
        tracks=track_table(tracks, of_tracks),
        genes=genes_figure,
        genes_caption=f"{GENES_CAPTION} {shown.get('genes', '')}",
        cells_figure=draw("Cells by type and use", lambda: figures.cells(cells_by_use(cells), simulated)),
        cell_table=cell_table(cells),
        umap=umap(run),
        markers=markers(run.optional("markers")),
        reference=reference_rows(run),
    )


GENES_CAPTION = (
    "A column is a gene with 10 % of its length on both sides, a row a cell type; + strand upwards, − strand "
    "downwards. All rows of an assay share one scale at a gene, which its first row states. Chosen by variance of "
    f"log CPM over cell types, among genes with at least {gene_coverage.LEAST} molecules:"
)


# ---- head ------------------------------------------------------------------------------------------------------


def facts(run: Run, samples: Mapping[str, Any], genome: str) -> dict[str, str]:
    """What the page is about."""
    others = sorted({str(e["genome"]) for e in samples.values() if e.get("genome", "reference") != "reference"})
    names = ", ".join([genome, *others] if genome else others)
    return {"Run": run.name, "Samples": ", ".join(samples), **({"Genome": names} if names else {})}


def cards(samples: Mapping[str, Any], cells: pd.DataFrame, tracks: pd.DataFrame) -> list[Card]:
    """The handful of numbers that tell whether to read on."""
    used = cells[cells["used"]]
    found = [
        Card("Cells used", number(len(used)), f"of {number(len(cells))} in the labels and counts", ""),
        Card("Tracks kept", number(int(tracks["kept"].sum())), f"of {number(len(tracks))}", ""),
    ]
    for unit in ("reads", "fragments"):
        mine = [entry for entry in samples.values() if entry.get("unit") == unit and entry.get("reads")]
        total = sum(entry["total"] for entry in mine)
        if total:
            kept = sum(entry["reads"].get("used", 0) for entry in mine)
            words = f"{number(kept)} of {number(total)}"
            found.append(Card(f"{unit.capitalize()} used", percent(kept / total), words, ""))
    for column, words in (("umis", "Molecules"), ("fragments", "Fragments")):
        with_any = used.loc[used[column] > 0, column]
        if len(with_any):
            found.append(Card(f"{words} per cell", number(float(with_any.median())), "median of used cells", ""))
    return found


def percent(share: float) -> str:
    """A share for people."""
    return f"{number(100 * share, 2 if share < 0.1 else 3)} %"


def grouped(warnings: list[str]) -> list[str]:
    """Warnings as sentences, those on tracks that were not kept as one per reason: thin types come by the dozen."""
    tracks: dict[str, list[str]] = {}
    others = []
    for words in warnings:
        if match := re.fullmatch(r"no track (.+): (.+)", words):
            tracks.setdefault(match[2], []).append(match[1])
        else:
            others.append(words)
    for reason, names in tracks.items():
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        others.append(f"No track ({reason}): {', '.join(names[:NAMED])}{more}")
    return [words[:1].upper() + words[1:].rstrip(".") for words in others]


# ---- samples ---------------------------------------------------------------------------------------------------


def fate_section(qc: dict[str, Any], simulated: bool | None) -> dict[str, Any]:
    """Figure and rows of reads by fate; a row carries its colour, because the table is the figure's legend."""
    try:
        fates = reads_by_fate(qc)
    except NoData as why:
        return {"figure": Drawn("", 0, "", str(why)), "rows": []}
    look = fate_look(fate_order(fates))
    rows = by_fate(fates, {key: entry.get("unit", "reads") for key, entry in qc["samples"].items()})
    ranged = False
    for row in rows:
        row["colour"], row["hatch"] = look[row["fate"]]
        same = percent(row["lowest"]) == percent(row["highest"])
        row["range"] = "" if same else f"{percent(row['lowest'])[:-2]} to {percent(row['highest'])}"
        row["share"] = percent(row["share"])
        ranged |= not same
    stacked = len(rows) > BESIDE
    width = FULL if stacked else HALF
    figure = draw("Reads by fate in each sample", lambda: figures.fates(fates, simulated, width))
    units = len({row["unit"] for row in rows})
    return {"figure": figure, "rows": rows, "units": units, "ranged": ranged, "stacked": stacked}


def sample_table(samples: Mapping[str, Any], cells: pd.DataFrame) -> Table:
    """One row per sample: what came in, what was used, barcodes, depth of a cell."""
    used = cells[cells["used"]]
    rows = []
    for key, entry in samples.items():
        barcodes = entry.get("barcodes", {})
        of_cells = entry.get("unit") == "cells"
        fate = entry.get("cells" if of_cells else "reads", {}).get("used")
        total = entry.get("total")
        mine = used[used["sample"] == key.rpartition(" ")[0]]
        depth = mine["fragments" if entry.get("unit") == "fragments" else "umis"]
        rows.append(
            {
                "sample": key,
                "total": total,
                "unit": entry.get("unit"),
                "used %": round(100 * fate / total, 1) if fate is not None and total else None,
                "labelled barcodes": barcodes.get("labelled"),
                "other barcodes": barcodes.get("not_labelled"),
                "median per used cell": depth[depth > 0].median(),
                "contigs not in the genome": entry.get("contigs", {}).get("not_in_genome"),
            }
        )
    frame = pd.DataFrame(rows)
    numbers = [str(c) for c in frame if c not in ("sample", "unit")]
    frame[numbers] = frame[numbers].apply(lambda column: column.infer_objects())
    if not frame["contigs not in the genome"].any():
        frame = frame.drop(columns="contigs not in the genome")
    return table("Samples", frame.dropna(axis="columns", how="all"))


def without_knee(samples: Mapping[str, Any]) -> str:
    """Which samples have no curve of barcodes, and why."""
    reasons: dict[str, list[str]] = {}
    for key, entry in samples.items():
        if not entry.get("knee"):
            why = NO_KNEE.get(key.rpartition(" ")[2], "qc.json holds no ranks of it")
            reasons.setdefault(why, []).append(key)
    return "; ".join(f"{', '.join(names)} ({why})" for why, names in reasons.items())


def strand_rows(samples: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Sense and antisense of each RNA sample, with the chemistry that the reads show and the one that was stated."""
    rows = []
    for key, entry in samples.items():
        if not (strand := entry.get("strand")):
            continue
        detected, said = strand.get("detected"), strand.get("said")
        rows.append(
            {
                "sample": key,
                "sense": strand.get("sense"),
                "antisense": strand.get("antisense"),
                "detected": "too few or too even to tell" if detected is None else CHEMISTRY.get(detected, detected),
                "said": CHEMISTRY.get(said, said) if said else "not stated",
                "differs": bool(said and detected and detected != said),
            }
        )
    return rows


# ---- tracks and cells ------------------------------------------------------------------------------------------


def track_table(tracks: pd.DataFrame, of_tracks: Mapping[str, Any]) -> Table:
    """Every track: what is in it, how good it can be, kept or why not."""
    columns = ["name", "cells", "reads", "umis", "depth", "kept", "reason"]
    frame = tracks[[c for c in columns if c in tracks]].copy()
    for fold in FOLDS:
        values = [(of_tracks.get(slug, {}).get("noise_ceiling") or {}).get(fold) for slug in tracks["slug"]]
        frame[f"ceiling, {fold}"] = pd.Series(values, index=frame.index, dtype=float)
    frame["halved by"] = [of_tracks.get(slug, {}).get("halved_by") for slug in tracks["slug"]]
    if frame["reason"].isna().all():
        frame = frame.drop(columns="reason")
    else:
        frame["reason"] = frame.pop("reason")  # the longest words go last
    return table("Tracks", frame, {"umis": "molecules", "depth": "mean depth per base"})


def cells_by_use(cells: pd.DataFrame) -> pd.DataFrame:
    """Cells [types, used and then each reason], types with most cells first, cells without a label last."""
    if cells.empty:
        raise NoData("cells.parquet has no rows")
    use = cells["reason"].fillna("no reason given").where(~cells["used"], "used")
    counts = pd.crosstab(cells["cell_type"].fillna(NO_LABEL), use)
    reasons = counts.drop(columns="used", errors="ignore").sum().sort_values(ascending=False, kind="stable")
    counts = counts.reindex(columns=["used", *reasons.index], fill_value=0)
    order = sorted(counts.index, key=lambda name: (name == NO_LABEL, -counts.loc[name].sum()))
    return counts.loc[order]


def cell_table(cells: pd.DataFrame) -> Table:
    """Each type's cells, donors and depth, and why the others do not enter a track."""
    typed = cells.assign(cell_type=cells["cell_type"].fillna(NO_LABEL))
    rows = []
    for name, part in typed.groupby("cell_type", sort=False):
        used, why = part[part["used"]], part.loc[~part["used"], "reason"].value_counts()
        rows.append(
            {
                "cell type": name,
                "cells": len(part),
                "used": len(used),
                "donors": used["donor"].nunique(),
                "molecules per cell": used.loc[used["umis"] > 0, "umis"].median(),
                "fragments per cell": used.loc[used["fragments"] > 0, "fragments"].median(),
                "not used": "; ".join(f"{number(int(n))}: {reason}" for reason, n in why.items()),
            }
        )
    columns = ["cell type", "cells", "used", "donors", "molecules per cell", "fragments per cell", "not used"]
    frame = pd.DataFrame(rows, columns=columns).sort_values("cells", ascending=False, kind="stable")
    empty = [c for c in columns[4:6] if frame[c].isna().all()]
    if not frame["not used"].astype(bool).any():
        empty.append("not used")
    return table("Cells", frame.drop(columns=empty))
