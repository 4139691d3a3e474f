"""How many windows a study has: counted where they are made or published, else cut from the contigs' lengths."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from presage import tables, text_table
from presage.config.reference import Reference
from presage.config.root import Sequence
from presage.errors import UserError
from presage.sequence.cost.at_hand import at_hand
from presage.sequence.reference.assemblies import ASSEMBLIES, check_preset
from presage.sequence.reference.folds import FOLDS, published
from presage.sequence.reference.genome import Genome, contig_lengths
from presage.sequence.reference.step import make_windows
from presage.sequence.reference.windows import chosen_contigs
from presage.sequence.trunk.family import AnyShape

_SCANNED = 200_000_000  # bytes: up to this size a FASTA without an index is read through


class Counted(NamedTuple):
    """Numbers by name, and in words where they come from."""

    value: dict[str, int]
    source: str


class Contigs(NamedTuple):
    """Contigs of the genome and their bp, and in words where they were read; empty where no index is at hand."""

    lengths: dict[str, int]
    source: str


def contigs(branch: Sequence, world_fasta: str, reference: Path) -> Contigs:
    """Contigs of a study's genome. ``reference``: the folder where the run keeps (or will keep) its own copy."""
    given = Path(world_fasta) if branch.world else at_hand(branch.reference.fasta)
    for fai in (reference / "genome.fa.fai", Path(f"{given}.fai")):
        if fai.exists():
            rows = [line.split("\t") for line in fai.read_text(encoding="utf-8").splitlines()]
            return Contigs({row[0]: int(row[1]) for row in rows}, str(fai))
    if branch.world:
        sizes = {f"chr{i}": 1000 * kb for i, kb in enumerate(branch.world.chromosome_kb, 1)}
        return Contigs(sizes, "the built-in world's chromosomes")
    if branch.reference.preset:
        build = ASSEMBLIES[branch.reference.preset]
        return Contigs({f"chr{name}": bp for name, bp in build.lengths.items()}, f"{branch.reference.preset}'s lengths")
    if given.exists() and given.stat().st_size < _SCANNED:
        return Contigs(contig_lengths(given), given.name)
    return Contigs({}, "")


def count_windows(settings: Reference, shape: AnyShape, genome: Contigs, reference: Path) -> Counted:
    """Windows by fold.

    Raises :class:`UserError` where neither a table, a BED nor the contigs' lengths are at hand.
    """
    made = reference / "windows.parquet"
    if made.exists():
        return Counted(by_fold(tables.read(made, "windows")["fold"]), str(made))
    if settings.windows:
        return count_published(at_hand(settings.windows), settings)
    if not genome.lengths:
        raise UserError(
            f"{settings.fasta}.fai",
            "is missing, so windows cannot be counted",
            "run `samtools faidx` on the FASTA, or set reference.preset",
        )
    main = check_preset(settings.fasta, settings.preset, genome.lengths) if settings.preset else None
    named = chosen_contigs(settings.contigs, genome.lengths) if settings.contigs else main
    unlike = settings.model_copy(update={"max_homology": None})
    windows, _ = make_windows(unlike, _Lengths(genome.lengths), shape.context, shape.crop * shape.bin_size, named)
    return Counted(
        by_fold(windows["fold"]),
        f"at most, cut from {genome.source}: those with N, blacklisted or homologous are left out later",
    )


def count_published(bed: Path, settings: Reference) -> Counted:
    """Windows by fold of a BED file whose fourth column names folds. Raises :class:`UserError` when it is missing."""
    if not bed.exists():
        raise UserError(bed, "is not there, so windows cannot be counted", "fetch it, or run `sequence` first")
    names = text_table.read_csv(bed, sep="\t", header=None, comment="#", usecols=[3], dtype=str)[3]
    return Counted(by_fold(published(names, settings.test_folds, settings.valid_folds)), str(bed))


def by_fold(folds: Iterable[str]) -> dict[str, int]:
    """How many there are of each fold."""
    found = pd.Series(list(folds), dtype=object).value_counts()
    return {name: int(found.get(name, 0)) for name in FOLDS}


class _Lengths(Genome):
    """A genome of which only the contigs' lengths are known; every base counts as known."""

    def __init__(self, lengths: dict[str, int]) -> None:
        self.path, self.lengths = Path("the genome"), lengths

    def unknown(self, chrom: str) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
