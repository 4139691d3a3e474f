"""presage.sequence.samples.chemistry: the kit is found in the reads, and the sheet is checked against them."""

import pandas as pd
import pytest

from presage.errors import UserError
from presage.sequence.samples.bam import Bam
from presage.sequence.samples.chemistry import Strands, look, settle
from presage.sequence.samples.counts import GeneTable
from tests.unit.sequence.small_reads import Read, write_bam

GENES = pd.DataFrame(
    [("g1", "A", "chr1", 10, 100, "+", [10, 80], [40, 100]), ("g2", "B", "chr2", 50, 90, "-", [50], [90])],
    columns=["gene_id", "name", "chrom", "start", "end", "strand", "exon_starts", "exon_ends"],
)


def test_reads_at_both_ends_of_genes_are_looked_at(tmp_path):
    reads = [Read("chr1", 12)] * 3 + [Read("chr1", 82)] * 2 + [Read("chr1", 60)] + [Read("chr2", 60, flag=16)] * 4
    reads += [Read("chr2", 60), Read("chr1", 12, mapq=3), Read("chr1", 12, flag=1 | 64), Read("chr1", 12, flag=256)]
    found = look(Bam(write_bam(tmp_path / "a.bam", reads)), GeneTable(GENES, introns=True), 30)
    assert found == Strands(sense=9, antisense=1)


@pytest.mark.parametrize(
    ("said", "found", "expected"),
    [
        (None, Strands(90, 10), ("three_prime", None)),
        (None, Strands(10, 90), ("five_prime", None)),
        ("five_prime", Strands(10, 90), ("five_prime", None)),
        ("five_prime", Strands(0, 0), ("five_prime", "is not confirmed by the reads (no read lies in an exon)")),
        (None, Strands(5, 1), ("three_prime", "could not be detected (83 % of 6 exonic reads are sense)")),
    ],
)
def test_what_is_gone_by(said, found, expected):
    chemistry, warning = settle("s", said, found)
    assert chemistry == expected[0]
    assert (warning is None) if expected[1] is None else (expected[1] in warning)


def test_reads_that_contradict_the_sheet_stop_early():
    with pytest.raises(
        UserError, match=r"sample s: is said to be three_prime, but 10 % of 1,000 exonic reads are sense"
    ):
        settle("s", "three_prime", Strands(100, 900))


def test_reads_of_no_strand_need_a_word_of_the_user():
    with pytest.raises(UserError, match=r"50 % of 1,000 exonic reads are sense: neither"):
        settle("s", None, Strands(500, 500))
    assert settle("s", "three_prime", Strands(500, 500))[0] == "three_prime"
