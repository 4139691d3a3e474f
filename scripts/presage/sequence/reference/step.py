"""The reference of a study: genome, genes, windows with folds, blacklist, and what was left out of each."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from presage import tables
from presage.config.reference import Reference
from presage.errors import UserError
from presage.sequence.reference import folds
from presage.sequence.reference.assemblies import check_preset, guess_assembly
from presage.sequence.reference.blacklist import read_blacklist
from presage.sequence.reference.genes import read_genes
from presage.sequence.reference.genome import Genome, prepare_fasta
from presage.sequence.reference.homology import homologous
from presage.sequence.reference.windows import chosen_contigs, cut_windows, published_windows


def prepare_reference(
    settings: Reference, context: int, crop: int, out_dir: str | Path, meta: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Write genome.fa (with .fai), genes, windows and blacklist (.parquet) and qc.json into ``out_dir``; returns qc.

    ``context``: bp of the model's input; ``crop``: bp at each side of it that are not predicted. ``meta`` is stored in
    the tables' metadata beside what was left out (``not_used``). Without a GTF the genes table is empty, without a
    blacklist that one. ``settings.blacklist`` is a path here: a preset's own is looked up in the data registry before.
    """
    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    genome = prepare_fasta(settings.fasta, out_dir / "genome.fa")
    contigs = _contigs(settings, genome)
    blacklist, unlisted = tables.empty("blacklist"), {"regions_not_in_genome": 0}
    if settings.blacklist:
        blacklist, unlisted = read_blacklist(settings.blacklist, genome.lengths)
    tables.write(out_dir / "blacklist.parquet", "blacklist", blacklist, {**(meta or {}), "not_used": unlisted})

    windows, not_used = make_windows(settings, genome, context, crop, contigs, blacklist)
    tables.write(out_dir / "windows.parquet", "windows", windows, {**(meta or {}), "not_used": not_used})

    genes = tables.empty("genes")
    skipped: dict[str, int] = {}
    if settings.gtf:
        genes, skipped = read_genes(settings.gtf, genome.lengths)
        genes["fold"] = folds.of_intervals(genes["chrom"], genes["start"], genes["end"], windows)
    tables.write(out_dir / "genes.parquet", "genes", genes, {**(meta or {}), "not_used": skipped})

    qc = {
        "genome": _genome_qc(settings, genome, contigs),
        "genes": {"kept": len(genes), "by_fold": _by_fold(genes), "left_out": skipped},
        "windows": _windows_qc(settings, windows, not_used),
        "blacklist": {
            "regions": len(blacklist),
            "bp": int((blacklist["end"] - blacklist["start"]).sum()),
            "left_out": unlisted,
        },
    }
    (out_dir / "qc.json").write_text(json.dumps(qc, indent=1) + "\n", encoding="utf-8")
    return qc


def make_windows(
    settings: Reference,
    genome: Genome,
    context: int,
    crop: int,
    contigs: list[str] | None = None,
    blacklist: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, dict[str, int]]:
    """The windows table, and counts: what was left out of it by reason (windows, or bp where the key says so).

    Published windows are taken as they are: their folds are what the trunk was trained with, so a training window that
    went missing here would pass as unseen in the leakage audit. ``windows_homologous`` is then a count of held-out
    windows that a training window resembles, and only ``overlaps: drop_held_out`` leaves any out.

    ``contigs``: those that get fresh windows, None for all; ``blacklist``: rows of that table.
    """
    if context <= 2 * crop:
        raise UserError("crop", f"2 x {crop} bp leave nothing of {context} bp of context", "lower the crop")
    if settings.windows:
        windows = published_windows(settings, genome.lengths, context, crop)
        count = {"windows_not_in_genome": int((windows["padded"] == context).sum())}
    else:
        windows, count = cut_windows(settings, genome, context, crop, contigs, blacklist)
        windows, count = _split(settings, windows, count)
    if settings.overlaps != "keep":
        held = ("valid", "test")
        sides = (held, ("train",)) if settings.overlaps == "drop_held_out" else (("train",), held)
        windows, count["windows_overlapping"] = _without(windows, folds.reading(windows, *sides), settings)
    if settings.max_homology is not None:
        pairs = homologous(windows, genome, settings.max_homology)
        if settings.windows:
            count["windows_homologous"] = pairs["held"].nunique()
        else:
            alike = np.isin(np.arange(len(windows)), pairs["train"])
            windows, count["windows_homologous"] = _without(windows, alike, settings)
    return windows, count


def _contigs(settings: Reference, genome: Genome) -> list[str] | None:
    """Contigs that get fresh windows; None: all. Under a preset the genome's lengths are checked first."""
    main = check_preset(settings.fasta, settings.preset, genome.lengths) if settings.preset else None
    return chosen_contigs(settings.contigs, genome.lengths) if settings.contigs else main


def _split(settings: Reference, windows: pd.DataFrame, count: dict[str, int]) -> tuple[pd.DataFrame, dict[str, int]]:
    """Fresh windows with their folds."""
    if settings.split == "chromosome":
        fold = folds.by_chromosome(windows["chrom"], settings.test_chroms, settings.valid_chroms)
        return windows.assign(fold=fold), count
    windows = windows.assign(fold=folds.by_block(windows, settings.block_windows))
    between = (windows["fold"] == "").to_numpy()
    windows, left_out = _without(windows, between, settings)
    return windows, {**count, "windows_between_blocks": left_out}


def _without(windows: pd.DataFrame, out: np.ndarray, settings: Reference) -> tuple[pd.DataFrame, int]:
    """The windows but those marked in ``out`` (bool), numbered anew, and how many those are."""
    kept = windows[~out].reset_index(drop=True)
    for fold in folds.FOLDS:
        if (windows["fold"] == fold).any() and not (kept["fold"] == fold).any():
            raise UserError(
                "reference",
                f"no {fold} window is left of {int((windows['fold'] == fold).sum())} without those that another fold "
                f"shares (overlaps: {settings.overlaps}, max_homology: {settings.max_homology})",
                "hold out other chromosomes, or loosen these keys",
            )
    return kept.assign(window=np.arange(len(kept), dtype=np.int32)), int(out.sum())


def _genome_qc(settings: Reference, genome: Genome, contigs: list[str] | None) -> dict[str, Any]:
    unknown = [genome.unknown(chrom) for chrom in genome.lengths]
    return {
        "assembly": guess_assembly(genome.lengths),
        "preset": settings.preset,
        "contigs": len(genome.lengths),
        "contigs_for_windows": len(genome.lengths if contigs is None else contigs),
        "bp": sum(genome.lengths.values()),
        "n_bp": int(sum((ends - starts).sum() for starts, ends in unknown)),
    }


def _windows_qc(settings: Reference, windows: pd.DataFrame, count: Mapping[str, int]) -> dict[str, Any]:
    notes = {"windows_on_short_contigs", "windows_homologous" if settings.windows else ""}
    return {
        "source": "published" if settings.windows else "fresh",
        "by_fold": _by_fold(windows),
        "left_out": {key: number for key, number in count.items() if key not in notes},
        "on_short_contigs": count.get("windows_on_short_contigs", 0),
        "held_out_like_training": count.get("windows_homologous") if settings.windows else 0,
        "padded": int((windows["padded"] > 0).sum()),
        "padded_bp": int(windows["padded"].sum()),
        "overlaps": folds.overlaps(windows),
    }


def _by_fold(rows: pd.DataFrame) -> dict[str, int]:
    return {fold: int((rows["fold"] == fold).sum()) for fold in (*folds.FOLDS, folds.OUTSIDE)}
