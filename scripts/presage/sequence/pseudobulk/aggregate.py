"""Pseudobulk: from a sample sheet to tracks per cell type, counts per gene and training targets; nothing uncounted.

Two steps, so that a cluster can share the first: :func:`read_sample` takes a part of a sample's reads (see ``parts``),
and :func:`gather` adds all parts up. :func:`aggregate` does both.
"""

import json
import multiprocessing
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import zarr
from scipy import sparse

from presage import tables
from presage.config.pseudobulk import Pseudobulk, Reading
from presage.errors import UserError
from presage.sequence.pseudobulk import cells, qc
from presage.sequence.pseudobulk.cells import Opened
from presage.sequence.pseudobulk.h5ad_samples import count_h5ads
from presage.sequence.pseudobulk.parts import Part, read_part
from presage.sequence.pseudobulk.pool import plan, pool, strand_partners
from presage.sequence.reference.genome import Genome, contig_lengths
from presage.sequence.reference.windows import on_genome
from presage.sequence.samples.bigwigs import BigWigSource
from presage.sequence.samples.counts import GeneTable, GroupCounts
from presage.sequence.samples.sources import ASSAYS
from presage.sequence.samples.tracks import slugify
from presage.sequence.targets.scaling import Scale
from presage.sequence.targets.target_set import TargetSet, TargetWriter
from presage.sheets import Sample

STUDY = "reference"  # name of the study's own genome in the tracks table
NO_TARGETS = "no window of the study's genome has a track"
NO_READ = "no read on this strand"
_MANY = 1_000  # reads on one strand, of which the other must have some


def read_sample(
    sample: Sample,
    settings: Reading,
    genome: Genome,
    genes: pd.DataFrame,
    folder: str | Path,
    *,
    number: int = 0,
    of: int = 1,
    seed: int = 0,
) -> Part:
    """Part ``number`` (from 0) ``of`` a sample with reads, in ``folder``: see :mod:`presage.sequence.pseudobulk.parts`.

    ``genome``, ``genes``: the study's; a sample that the sheet puts on another genome is read on that, without genes.
    """
    reference: Mapping[str, int] | None = genome.lengths
    table = GeneTable(genes, settings.count_introns) if len(genes) else None
    if sample.genome:
        table, reference = None, None if sample.genome == "header" else contig_lengths(sample.genome)
    return read_part(sample, settings, reference, table, folder, number=number, of=of, seed=seed)


def aggregate(
    samples: Sequence[Sample],
    settings: Pseudobulk,
    genome: Genome,
    genes: pd.DataFrame,
    windows: pd.DataFrame,
    bin_size: int,
    out_dir: str | Path,
    *,
    processes: int = 1,
    seed: int = 0,
    **more: Any,
) -> dict[str, Any]:
    """Pool the samples' cells by type and write what a model trains on: :func:`read_sample` of all, :func:`gather`.

    ``processes``: how many samples, or parts of BAMs, are read at a time; the result does not depend on it.
    """
    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out_dir, prefix=".parts-") as folder:
        jobs, parts = [], []
        for row, sample in enumerate(samples):
            if sample.kind in ASSAYS:
                of = processes if sample.kind in ("bam", "bam_atac") else 1
                for number in range(of):
                    place = Path(folder) / f"{row}.{number}"
                    jobs.append((sample, settings, genome.path, genes, place, number, of, seed))
                    parts.append(place)
        if processes > 1:
            # Forked, so that nothing is imported or annotated again; no thread runs yet that a fork could cut short.
            with ProcessPoolExecutor(processes, multiprocessing.get_context("fork")) as workers:
                list(workers.map(_read_job, jobs))
        else:
            for job in jobs:
                _read_job(job)
        return gather(samples, parts, settings, genome, genes, windows, bin_size, out_dir, **more)


def _read_job(job: tuple[Any, ...]) -> None:
    sample, settings, fasta, genes, place, number, of, seed = job
    genome = Genome(fasta)
    read_sample(sample, settings, genome, genes, place, number=number, of=of, seed=seed)
    genome.close()


def gather(
    samples: Sequence[Sample],
    parts: Sequence[str | Path],
    settings: Pseudobulk,
    genome: Genome,
    genes: pd.DataFrame,
    windows: pd.DataFrame,
    bin_size: int,
    out_dir: str | Path,
    *,
    held_out: Mapping[str, Sequence[str]] | None = None,
    blacklist: pd.DataFrame | None = None,
    simulated: bool = False,
    meta: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Add the parts of all samples up and write what a model trains on.

    Writes into ``out_dir``: ``cells.parquet``, ``tracks.parquet``, ``counts.h5ad`` (molecules by gene of each cell type
    and donor) and ``qc.json``; and, where a sample has coverage (not only an h5ad),
    ``bw/<slug>.bw`` (depth per base) and ``targets.zarr`` (the kept tracks on the study's genome).

    Parameters
    ----------
    parts
        Folders of all parts of all samples with reads, in the order of ``samples`` and of their numbers.
    genes, windows
        The reference's tables. An empty genes table means that none are known.
    bin_size
        bp of a bin; a window's output is a whole number of bins.
    held_out
        Column of the cells table (cell_type, donor, condition, tissue) -> values that the config holds out; all must
        occur.
    blacklist
        Regions (the blacklist table) in which targets are cut down to what is usual in the window; bigWigs are not.
    simulated, meta
        Stored with every file.

    Raises :class:`UserError` where too few labels match, too many reads have no barcode, or nothing can be used.
    """
    out_dir, meta = Path(out_dir), {**(meta or {}), "simulated": simulated}
    out_dir.mkdir(parents=True, exist_ok=True)
    windows = on_genome(windows, genome)
    opened = opened_samples(samples, [Part.open(folder) for folder in parts], genome)
    for one in opened:
        qc.check(one, settings)
    cell_rows, numbers = cells.judge(opened, settings.min_cells)
    counts = GroupCounts()
    for one in opened:
        _add_genes(one, counts)
    counted, counted_qc = count_h5ads([s for s in samples if s.kind == "h5ad"], settings, genes, counts)
    cell_rows = pd.concat([cell_rows, counted], ignore_index=True)
    cells.check_held_out(cell_rows, held_out or {})
    finished = finished_tracks(samples, genome)
    report: dict[str, Any] = {"samples": {}, "tracks": {}, "warnings": []}
    tracks = [tables.empty("tracks")]
    for name in dict.fromkeys([*(one.genome for one in opened), *([STUDY] if finished else [])]):
        there = [one for one in opened if one.genome == name]
        study = name == STUDY
        of_genome, facts = tracks_of(
            name,
            there,
            finished if study else [],
            numbers,
            settings,
            windows if study else windows.iloc[:0],
            bin_size,
            genome.lengths if study else there[0].parts[0].facts["lengths"],
            out_dir,
            blacklist if study else None,
            simulated,
        )
        tracks.append(of_genome)
        report["tracks"] |= facts
        report["samples"] |= {f"{one.sample.sample} {one.sample.kind}": qc.of_sample(one) for one in there}
    table = pd.concat(tracks, ignore_index=True)
    report["samples"] |= counted_qc | {
        f"{row.sample.sample} bigwig": {"path": row.sample.path, "unit": "coverage", "warnings": row.warnings}
        for row in finished
    }
    report["windows"] = qc.of_windows(windows)
    report["warnings"] = qc.warnings(opened, table) + [text for row in finished for text in row.warnings]
    tables.write(out_dir / "cells.parquet", "cells", cell_rows, meta)
    tables.write(out_dir / "tracks.parquet", "tracks", table, meta)
    counts.write(out_dir / "counts.h5ad", genes, meta)
    if has_coverage(samples):
        (out_dir / "bw").mkdir(exist_ok=True)
        if not report["tracks"]:
            zarr.open_group(str(out_dir / "targets.zarr"), mode="w").attrs["empty"] = NO_TARGETS
            report["warnings"].append(f"targets.zarr is empty: {NO_TARGETS}")
    text = json.dumps({**meta, **report}, indent=1, sort_keys=True)
    (out_dir / "qc.json").write_text(text + "\n", encoding="utf-8")
    return report


def has_coverage(samples: Sequence[Sample]) -> bool:
    """Whether any row of the sheet yields tracks; an h5ad has counts only."""
    return any(sample.kind != "h5ad" for sample in samples)


# ---- input -----------------------------------------------------------------------------------------------------


def opened_samples(samples: Sequence[Sample], parts: Sequence[Part], genome: Genome) -> list[Opened]:
    """Samples with reads and their parts, with the genome that each is on: several genomes never pool."""
    out: list[Opened] = []
    lengths = {STUDY: dict(genome.lengths)}
    for sample in samples:
        if sample.kind not in ASSAYS:
            continue
        mine = [p for p in parts if (p.facts["sample"], p.facts["kind"]) == (sample.sample, sample.kind)]
        name = STUDY
        if sample.genome:
            name = f"header of {sample.sample}" if sample.genome == "header" else Path(sample.genome).name
            own = mine[0].facts["lengths"]
            name = next((known for known, there in lengths.items() if known != STUDY and there == own), name)
            lengths[name] = own
        out.append(Opened(sample, mine, name))
    return out


def finished_tracks(samples: Sequence[Sample], genome: Genome) -> list[BigWigSource]:
    """Samples that are coverage already."""
    return [BigWigSource(row, genome.lengths) for row in samples if row.kind == "bigwig"]


def _add_genes(one: Opened, counts: GroupCounts) -> None:
    """Molecules of a sample's groups of cells, by gene, to ``counts``."""
    for part in one.parts:
        rows = part.genes()
        gene, names = pd.factorize(rows["gene_id"])
        symbol = rows.drop_duplicates("gene_id")["name"]
        keys = [("reads", one.genome, *group) for group in part.groups.itertuples(index=False)]
        matrix = sparse.coo_matrix((rows["molecules"], (rows["group"], gene)), (len(keys), len(names)))
        counts.add(keys, list(zip(names, symbol)), matrix)


# ---- output ----------------------------------------------------------------------------------------------------


def tracks_of(
    name: str,
    opened: Sequence[Opened],
    finished: Sequence[BigWigSource],
    numbers: Mapping[tuple[str, str, str], int],
    settings: Pseudobulk,
    windows: pd.DataFrame,
    bin_size: int,
    lengths: Mapping[str, int],
    out_dir: Path,
    blacklist: pd.DataFrame | None,
    simulated: bool,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Write the bigWigs of one genome, and its targets where ``windows`` has any: its tracks, and what qc.json says."""
    parts = [part for one in opened for part in one.parts]
    enough = {(assay, kind) for (g, assay, kind), n in numbers.items() if g == name and n >= settings.min_cells}
    planned = plan(name, parts, finished, enough, "" if name == STUDY else f"_on_{slugify(name)}")
    tracks = planned.tracks.copy()
    tracks["cells"] = [numbers.get((name, a, kind), 0) for a, kind in zip(tracks["assay"], tracks["cell_type"])]
    collapsed = (tracks["assay"] == "rna") & (settings.umi != "none")
    tracks["umis"] = np.where(collapsed, planned.umis, 0)
    tracks["kept"] = [bool(a or b) for a, b in zip(planned.lanes, planned.finished)]
    few = [key not in enough for key in zip(tracks["assay"], tracks["cell_type"])]
    reason = pd.Series(np.where(few, cells.too_few(settings.min_cells), NO_READ), dtype=object)
    tracks["reason"] = reason.where(~tracks["kept"], None)
    mine = tracks[tracks["kept"]]
    _check_strands(mine, name)
    writer = None
    if len(windows) and len(mine):
        pairs = strand_partners(list(zip(mine["assay"], mine["cell_type"])), mine["strand"].tolist())
        names = mine["name"].tolist()
        writer = TargetWriter(
            out_dir / "targets.zarr",
            windows,
            mine["slug"].tolist(),
            bin_size,
            names=names,
            strand_pair=pairs,
            simulated=simulated,
        )
    with writer or nullcontext():
        pooled = pool(
            planned,
            parts,
            lengths,
            out_dir / "bw",
            windows=windows,
            bin_size=bin_size,
            shares=settings.downsample,
            writer=writer,
            blacklist=blacklist,
        )
        if writer:
            scale = Scale.by_assay(mine["assay"].tolist(), settings.squash, settings.clip_soft, settings.clip)
            writer.finish(scale, mean_one=settings.scale == "mean_one")
    tracks["depth"] = pooled.depth / max(1, sum(lengths.values()))
    facts: dict[str, Any] = {}
    if writer and (stored := TargetSet.open(out_dir / "targets.zarr").scale):
        divided = dict(zip(mine["slug"], stored.divided_by))
        for track, slug, halved_by in zip(mine.index, mine["slug"], mine["halved_by"]):
            facts[slug] = {**pooled.halves.report(track, halved_by), "divided_by": float(divided[slug])}
    return tracks[tables.SCHEMAS["tracks"].names], facts


def _check_strands(tracks: pd.DataFrame, genome: str) -> None:
    """A strand without any read, where the other has a thousand, is no biology. Raises :class:`UserError`."""
    reads = tracks[tracks["strand"] != "."].groupby(["assay", "strand"])["reads"].sum()
    for assay in reads.index.unique("assay"):
        plus, minus = (int(reads.get((assay, strand), 0)) for strand in "+-")
        if min(plus, minus) == 0 and max(plus, minus) >= _MANY:
            raise UserError(
                f"{assay} tracks on {genome}",
                f"{plus:,} reads on the + strand and {minus:,} on the -: one strand is empty",
                "set pseudobulk.stranded: false where the reads have no strand",
            )
