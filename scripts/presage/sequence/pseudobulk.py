"""Pseudobulk: from a sample sheet to tracks per cell type, counts per gene and training targets; nothing uncounted."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import zarr

from presage import tables
from presage.config.pseudobulk import Pseudobulk
from presage.errors import UserError
from presage.progress import progress
from presage.sequence.correlation import noise_ceiling
from presage.sequence.counts import GeneTable, GroupCounts
from presage.sequence.folds import FOLDS
from presage.sequence.genome import Genome, contig_lengths
from presage.sequence.h5ad import count_groups, gene_names
from presage.sequence.labels import check_matched, h5ad_barcodes, match_barcodes, matching
from presage.sequence.pool import SIGN, Pool, pool
from presage.sequence.sources import ASSAYS, GROUP, Sample, Source, sample_labels, with_sheet
from presage.sequence.targets import TargetSet
from presage.sequence.tracks import BigWig, slugify

STUDY = "reference"  # name of the study's own genome in the tracks table
NO_TARGETS = "no window of the study's genome has a track"
COUNTS_ONLY = "counts only: an h5ad has no coverage"


def aggregate(
    samples: Sequence[Sample],
    settings: Pseudobulk,
    genome: Genome,
    genes: pd.DataFrame,
    windows: pd.DataFrame,
    bin_size: int,
    out_dir: str | Path,
    *,
    held_out: Mapping[str, Sequence[str]] | None = None,
    simulated: bool = False,
    meta: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Pool the samples' cells by type and write what a model trains on.

    Writes into ``out_dir``: ``cells.parquet``, ``tracks.parquet``, ``bw/<slug>.bw`` (whole-number depth per base),
    ``counts.h5ad`` (molecules by gene of each cell type and donor), ``targets.zarr`` (the kept tracks on the study's
    genome) and ``qc.json``, which is also returned.

    Parameters
    ----------
    genes, windows
        The reference's tables. An empty genes table means that none are known.
    bin_size
        bp of a bin; a window's output is a whole number of bins.
    held_out
        Column of the cells table (cell_type, donor, condition, tissue) -> values that the config holds out; all must
        occur.
    simulated, meta
        Stored with every file.

    Raises :class:`UserError` for input that cannot be used; see ``bam``, ``fragments``, ``labels`` and ``counts``.
    """
    out_dir, meta = Path(out_dir), {**(meta or {}), "simulated": simulated}
    out_dir.mkdir(parents=True, exist_ok=True)
    table = GeneTable(genes, settings.count_introns) if len(genes) else None
    windows = _on_genome(windows, genome)
    counts = GroupCounts()
    with tempfile.TemporaryDirectory(dir=out_dir, prefix=".spool-") as spool:
        by_genome = _open_sources(samples, settings, genome, table, Path(spool))
        pools = []
        for name, sources in by_genome.items():
            there, suffix = (windows, "") if name == STUDY else (windows.iloc[:0], f"_on_{slugify(name)}")
            pools.append(pool(name, sources, there, bin_size, counts, out_dir / "bw", suffix))
    counted, counted_qc = _count_h5ads([s for s in samples if s.kind == "h5ad"], settings, genes, counts)
    tracks, cells = _judge(pools, by_genome, settings)
    cells = pd.concat([cells, counted], ignore_index=True)
    check_held_out(cells, held_out or {})
    for slug in tracks["slug"][~tracks["kept"]]:
        (out_dir / "bw" / f"{slug}.bw").unlink()
    tables.write(out_dir / "cells.parquet", "cells", cells, meta)
    tables.write(out_dir / "tracks.parquet", "tracks", tracks, meta)
    counts.write(out_dir / "counts.h5ad", genes, meta)
    qc = _qc(by_genome, counted_qc, windows, tracks)
    study = [p for p, name in zip(pools, by_genome) if name == STUDY]
    qc["tracks"] = _write_targets(study, tracks, windows, bin_size, settings.scale, simulated, out_dir / "targets.zarr")
    if not qc["tracks"]:
        qc["warnings"].append(f"targets.zarr is empty: {NO_TARGETS}")
    text = json.dumps({**meta, **qc}, indent=1, sort_keys=True)
    (out_dir / "qc.json").write_text(text + "\n", encoding="utf-8")
    return qc


def bulk_targets(
    sheet: str | Path,
    windows: pd.DataFrame,
    bin_size: int,
    genome: Genome,
    path: str | Path,
    *,
    scale: str = "mean_one",
    simulated: bool = False,
) -> TargetSet:
    """Targets from bulk bigWigs, to train a trunk on.

    ``sheet``: TSV with columns slug, assay, tissue, strand (+, - or .) and path, which starts at the sheet's folder or
    at the folder above it. The target set is written to ``path`` and opened.
    """
    sheet = Path(sheet)
    try:
        rows = pd.read_csv(sheet, sep="\t", dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise UserError(sheet, f"cannot be read as a table ({error})", "give a TSV with a header") from None
    for name in ("slug", "assay", "tissue", "strand", "path"):
        if name not in rows:
            raise UserError(sheet, f"has no column {name!r}", "the columns are slug, assay, tissue, strand, path")
    windows = _on_genome(windows, genome)
    if not len(windows):
        raise UserError(genome.path, "holds none of the windows", "give the genome that the windows were made on")
    targets = np.zeros((len(windows), _bins(windows, bin_size), len(rows)), dtype=np.float32)
    for column, path_ in enumerate(progress(rows["path"].tolist(), "bulk tracks", "track")):
        below, beside = sheet.parent / path_, sheet.parent.parent / path_
        file = BigWig(below if below.exists() else beside, genome.lengths)
        for chrom, here in windows.groupby("chrom", sort=False):
            starts = here["out_start"].to_numpy()
            targets[here.index.to_numpy(), :, column] = file.bins(str(chrom), starts, targets.shape[1], bin_size)
        file.close()
    targets, _, note = scaled(targets, windows["fold"].to_numpy(), scale)
    return TargetSet.write(
        path,
        targets,
        windows,
        rows["slug"].tolist(),
        bin_size,
        note,
        names=[f"{t} {a}{SIGN.get(s, '')}" for t, a, s in zip(rows["tissue"], rows["assay"], rows["strand"])],
        strand_pair=strand_partners(list(zip(rows["assay"], rows["tissue"])), rows["strand"].tolist()),
        simulated=simulated,
    )


def scaled(targets: np.ndarray, fold: np.ndarray, scale: str) -> tuple[np.ndarray, np.ndarray, str]:
    """Targets [windows, bins, tracks] in the scale that models train on, each track's divisor, and the scale in words.

    ``mean_one`` divides a track by its mean over the bins of the training windows (1 where that is 0), in place.
    """
    factors = np.ones(targets.shape[2])
    if scale == "none":
        return targets, factors, "depth summed per bin"
    train = np.flatnonzero(fold == "train")
    if len(train) and targets.shape[2]:
        mean = sum(targets[row].mean(axis=0, dtype=np.float64) for row in train) / len(train)
        factors = np.where(mean > 0, mean, 1.0)
        targets /= factors.astype(np.float32)
    return targets, factors, "depth summed per bin, divided by the track's mean over training bins"


def strand_partners(keys: Sequence[Any], strands: Sequence[str]) -> list[int]:
    """Index of the track with the same key on the other strand; its own where a track has no strand or no partner."""
    index = {(key, strand): i for i, (key, strand) in enumerate(zip(keys, strands))}
    other = {"+": "-", "-": "+"}
    return [index.get((key, other.get(strand, "")), i) for i, (key, strand) in enumerate(zip(keys, strands))]


def check_held_out(cells: pd.DataFrame, held_out: Mapping[str, Sequence[str]]) -> None:
    """Each value that the config holds out must occur among the cells. Raises :class:`UserError`."""
    for column, values in held_out.items():
        there = sorted(cells[column].dropna().unique())
        for value in values:
            if value not in there:
                raise UserError(
                    f"held-out {column}", f"{value!r} does not occur", f"choose from {', '.join(there[:20])}"
                )


# ---- input -----------------------------------------------------------------------------------------------------


def _on_genome(windows: pd.DataFrame, genome: Genome) -> pd.DataFrame:
    """The windows that the genome has bases for: published ones may lie on contigs that it lacks. Rows renumbered."""
    there = windows["chrom"].isin(genome.lengths.keys()) & (windows["padded"] < windows["end"] - windows["start"])
    return windows[there].reset_index(drop=True)


def _bins(windows: pd.DataFrame, bin_size: int) -> int:
    return int((windows["out_end"] - windows["out_start"]).iloc[0]) // bin_size


def _open_sources(
    samples: Sequence[Sample], settings: Pseudobulk, genome: Genome, genes: GeneTable | None, spool: Path
) -> dict[str, list[Source]]:
    """Samples with coverage, by the genome that they are on: several genomes never pool."""
    out: dict[str, list[Source]] = {}
    for number, sample in enumerate(samples):
        if sample.kind not in ASSAYS:
            continue
        name, known = STUDY, genes
        reference: Mapping[str, int] | None = genome.lengths
        if sample.genome == "header":
            name, reference, known = f"header of {sample.sample}", None, None
        elif sample.genome:
            name, reference, known = Path(sample.genome).name, contig_lengths(sample.genome), None
        source = Source(sample, settings, reference, known, spool / str(number))
        same = [key for key, there in out.items() if STUDY not in (key, name) and there[0].lengths == source.lengths]
        out.setdefault(same[0] if same else name, []).append(source)
    return out


def _count_h5ads(
    samples: Sequence[Sample], settings: Pseudobulk, genes: pd.DataFrame, counts: GroupCounts
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Add the molecules of h5ad samples to ``counts``; their rows of the cells table, and their part of qc.json."""
    cells, qc = [tables.empty("cells")], {}
    for sample in samples:
        rule, donor = sample.barcodes or settings.barcodes, sample.donor or sample.sample
        barcodes = h5ad_barcodes(sample.path, sample.sample, rule, donor)
        labels = sample_labels(sample, settings)
        if labels is None:
            labels = with_sheet(
                pd.DataFrame({"barcode": barcodes, "cell_type": sample.cell_type or sample.sample}), sample
            )
        named = match_barcodes(labels["barcode"].tolist(), barcodes)
        labels = labels.assign(barcode=labels["barcode"].map(named)).dropna(subset="barcode")
        check_matched(sample.labels or sample.path, labels["barcode"], barcodes, settings.min_matched)
        frame = pd.DataFrame({"barcode": barcodes}).merge(labels, on="barcode", how="left")
        if frame["cell_type"].isna().all():
            raise UserError(sample.labels or sample.path, f"labels no cell of {sample.sample}", "give its own labels")
        frame = with_sheet(frame, sample)
        groups = frame[GROUP].dropna().drop_duplicates(ignore_index=True)
        group = frame.merge(groups.reset_index(), on=GROUP, how="left")["index"].fillna(-1).astype(int).to_numpy()
        keys = [("h5ad", "", *row) for row in groups.itertuples(index=False)]
        sums, var, origin, umis = count_groups(sample.path, group, len(groups))
        names = list(zip(gene_names(var, genes), var.index.astype(str)))
        counts.add(keys, names, sums)
        frame["umis"] = umis
        frame["reason"] = np.where(group < 0, "not labelled", COUNTS_ONLY)
        cells.append(_cells_table(frame.assign(sample=sample.sample, reads=0, fragments=0, used=False)))
        qc[f"{sample.sample} {sample.kind}"] = {
            "path": sample.path,
            "unit": "cells",
            "total": len(frame),
            "cells": {"used": int((group >= 0).sum()), "not_labelled": int((group < 0).sum())},
            "labels": matching(labels["barcode"], barcodes),
            "counts_from": origin,
            "molecules": int(frame["umis"].sum()),
            "genes": {"in_h5ad": len(names), "in_reference": sum(name in set(genes["gene_id"]) for name, _ in names)},
        }
    return pd.concat(cells, ignore_index=True) if samples else cells[0], qc


# ---- output ----------------------------------------------------------------------------------------------------


def _judge(
    pools: Sequence[Pool], by_genome: Mapping[str, Sequence[Source]], settings: Pseudobulk
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tracks table and the cells table: which types have cells enough, and which cells therefore enter a track."""
    parts = [s.cells().assign(genome=g, assay=s.assay) for g, sources in by_genome.items() for s in sources]
    if not parts:
        return tables.empty("tracks"), tables.empty("cells")
    rows = pd.concat(parts, ignore_index=True)
    rows["some"] = rows[["reads", "fragments"]].sum(axis=1) > 0
    key = ["genome", "assay", "cell_type"]
    number = rows[rows["some"]].groupby(key).size()
    tracks = pd.concat([p.tracks for p in pools], ignore_index=True)
    tracks["cells"] = [int(number.get(row, 0)) for row in tracks[key].itertuples(index=False, name=None)]
    tracks["umis"] = np.where((tracks["assay"] == "rna") & (settings.umi == "exact"), tracks["reads"], 0)
    tracks["kept"] = tracks["cells"] >= settings.min_cells
    few = f"fewer than {settings.min_cells} cells with reads"
    tracks["reason"] = tracks["kept"].map({True: None, False: few}).astype(object)
    kept = set(tracks.loc[tracks["kept"], key].itertuples(index=False, name=None))
    rows["used"] = [
        some and tuple(row) in kept for some, *row in rows[["some", *key]].itertuples(index=False, name=None)
    ]
    # A cell may have RNA in one file and ATAC in another: one row in the table.
    same = rows.groupby(["sample", "barcode"], sort=False)
    cells = same[["cell_type", "donor", "condition", "tissue"]].first()
    cells[["reads", "umis", "fragments"]] = same[["reads", "umis", "fragments"]].sum()
    cells["used"] = same["used"].any()
    cells = cells.reset_index()
    empty = cells[["reads", "fragments"]].sum(axis=1) == 0
    why = np.where(cells["cell_type"].isna(), "not labelled", np.where(empty, "no read was used", few)).astype(object)
    why[cells["used"].to_numpy()] = None
    return tracks[tables.SCHEMAS["tracks"].names], _cells_table(cells.assign(reason=why))


def _cells_table(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.assign(cell=frame["sample"] + ":" + frame["barcode"])
    return frame[tables.SCHEMAS["cells"].names]


def _write_targets(
    study: Sequence[Pool],
    tracks: pd.DataFrame,
    windows: pd.DataFrame,
    bin_size: int,
    scale: str,
    simulated: bool,
    path: Path,
) -> dict[str, Any]:
    """Write the kept tracks of the study's genome (``study``: its pool, if any); what qc.json tells of each."""
    kept = set(tracks["slug"][tracks["kept"]])
    columns = [i for pool_ in study for i, slug in enumerate(pool_.tracks["slug"]) if slug in kept]
    if not columns or not len(windows):
        zarr.open_group(str(path), mode="w").attrs["empty"] = NO_TARGETS
        return {}
    mine = study[0].tracks.iloc[columns]
    targets, factors, note = scaled(study[0].targets[:, :, columns], windows["fold"].to_numpy(), scale)
    pairs = strand_partners(list(zip(mine["assay"], mine["cell_type"])), mine["strand"].tolist())
    TargetSet.write(
        path,
        targets,
        windows,
        mine["slug"].tolist(),
        bin_size,
        note,
        names=mine["name"].tolist(),
        strand_pair=pairs,
        simulated=simulated,
    )
    out = {}
    for column, slug, halved_by, factor in zip(columns, mine["slug"], mine["halved_by"], factors):
        r = {fold: study[0].halves.pearson(fold, column) for fold in FOLDS}
        ceiling = {fold: None if value is None else float(noise_ceiling(value)) for fold, value in r.items()}
        out[slug] = {"halved_by": halved_by, "half_r": r, "noise_ceiling": ceiling, "divided_by": float(factor)}
    return out


def _qc(
    by_genome: Mapping[str, Sequence[Source]], counted: Mapping[str, Any], windows: pd.DataFrame, tracks: pd.DataFrame
) -> dict[str, Any]:
    """What qc.json says of samples and windows. Fates add up to each sample's total."""
    samples, warnings = {}, []
    for name, sources in by_genome.items():
        for source in sources:
            entry = source.qc()
            samples[f"{source.sample.sample} {source.sample.kind}"] = {"genome": name, **entry}
            warnings += source.warnings()
            if not entry["reads"]["used"]:
                raise UserError(
                    source.sample.labels or source.sample.path,
                    f"no read of {source.sample.sample} can be used ({entry['reads']})",
                    "check that labels and reads belong together",
                )
    few = tracks[~tracks["kept"]]
    warnings += [f"no track {row.name}: {row.reason}" for row in few.itertuples(index=False)]
    padded = windows["padded"] > 0
    return {
        "samples": {**samples, **counted},
        "windows": {
            "by_fold": {fold: int((windows["fold"] == fold).sum()) for fold in FOLDS},
            "padded": int(padded.sum()),
            "padded_bp": int(windows["padded"].sum()),
        },
        "warnings": warnings,
    }
