"""A study on a small genome, for the tests of pooling."""

import pytest

from presage import tables
from presage.config.pseudobulk import Pseudobulk
from presage.config.reference import Reference
from presage.sequence.pseudobulk.aggregate import aggregate
from presage.sequence.reference.genome import Genome
from presage.sequence.reference.step import prepare_reference
from tests.unit.sequence.pseudobulk.pooling import GTF, NO_GENES
from tests.unit.sequence.small_reads import (
    write_fasta,
)


@pytest.fixture
def study(tmp_path):
    """A function that pools samples on a small genome (64 bp of context, 32 of output, bins of 8)."""
    fasta = write_fasta(tmp_path / "in.fa")
    (tmp_path / "in.gtf").write_text(GTF)
    reference = tmp_path / "reference"
    prepare_reference(Reference(fasta=str(fasta), gtf=str(tmp_path / "in.gtf")), 64, 16, reference)

    def run(samples, *, genes=True, out="out", held_out=None, processes=1, blacklist=None, **keys):
        return aggregate(
            samples,
            Pseudobulk(**{"min_cells": 1, "count_introns": False, **keys}),
            Genome(reference / "genome.fa"),
            tables.read(reference / "genes.parquet", "genes") if genes else NO_GENES,
            tables.read(reference / "windows.parquet", "windows"),
            8,
            tmp_path / out,
            held_out=held_out,
            processes=processes,
            blacklist=blacklist,
            simulated=True,
            meta={"code_hash": "x"},
        )

    return run
