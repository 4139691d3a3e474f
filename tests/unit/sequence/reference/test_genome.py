"""presage.sequence.reference.genome: FASTA in, codes out."""

import gzip

import numpy as np
import pysam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presage.errors import UserError
from presage.sequence.reference.genome import Genome, contig_lengths, encode, prepare_fasta
from tests.unit.sequence.small_reads import CONTIGS, write_fasta


def test_codes_are_the_bases_and_n_outside(tmp_path):
    genome = prepare_fasta(write_fasta(tmp_path / "a.fa"), tmp_path / "genome.fa")
    truth = pysam.FastaFile(str(tmp_path / "a.fa")).fetch("chr2")
    assert genome.lengths == CONTIGS
    codes = genome.codes("chr2", -5, 305)
    assert "".join("ACGTN"[c] for c in codes) == "N" * 5 + truth + "N" * 5
    assert (genome.codes("chr2", 400, 410) == 4).all()


@settings(deadline=None, max_examples=50)
@given(st.text("acgtnACGTNryRY-*", max_size=50))
def test_encode_ignores_case_and_calls_the_rest_n(sequence):
    expected = ["ACGT".find(letter.upper()) for letter in sequence]
    assert encode(sequence).tolist() == [4 if code < 0 else code for code in expected]


def test_gzip_and_plain_give_the_same_file(tmp_path):
    plain = write_fasta(tmp_path / "a.fa")
    zipped = tmp_path / "a.fa.gz"
    zipped.write_bytes(gzip.compress(plain.read_bytes()))
    prepare_fasta(plain, tmp_path / "one.fa")
    prepare_fasta(zipped, tmp_path / "two.fa")
    assert (tmp_path / "one.fa").read_bytes() == (tmp_path / "two.fa").read_bytes() == plain.read_bytes()
    assert contig_lengths(zipped) == contig_lengths(plain) == CONTIGS


def test_real_hg38_megabase(real_data, tmp_path):
    genome = prepare_fasta(real_data / "mini_borzoi/hg38_chr1_1m.fa.gz", tmp_path / "genome.fa")
    assert genome.lengths == {"chr1": 1_000_000}
    assert (genome.codes("chr1", 0, 10_000) == 4).all()  # the telomere's gap
    assert (genome.codes("chr1", 10_000, 10_012) == encode("TAACCCTAACCC")).all()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"no fasta\n", "is not FASTA"),
        (gzip.compress(b">a\n" + b"ACGT" * 5000, mtime=0)[:60], "is truncated or corrupt"),
        (b">a\nACGT\nAC\nACGT\n", "cannot be indexed"),
    ],
)
def test_bad_fasta_is_told_in_one_line(tmp_path, content, what):
    path = tmp_path / "bad.fa"
    path.write_bytes(content)
    with pytest.raises(UserError, match=what) as error:
        prepare_fasta(path, tmp_path / "genome.fa")
    assert "\n" not in str(error.value)
    assert "bad.fa" in str(error.value)


def test_missing_fasta(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        prepare_fasta(tmp_path / "none.fa", tmp_path / "genome.fa")
    with pytest.raises(UserError, match="cannot be opened"):
        Genome(tmp_path / "none.fa")


@settings(deadline=None, max_examples=30)
@given(st.text("acgtnACGTNN", min_size=1, max_size=60))
def test_masked_and_unknown_are_what_letters_say(tmp_path_factory, bases):
    path = tmp_path_factory.mktemp("masked") / "a.fa"
    path.write_text(f">a\n{bases}\n")
    genome = prepare_fasta(path, path.with_suffix(".copy"))
    upper = [4 if "ACGT".find(x) < 0 else "ACGT".find(x) for x in bases]
    assert genome.masked("a", -2, len(bases) + 2).tolist() == [4, 4, *upper, 4, 4]
    starts, ends = genome.unknown("a")
    unknown = {b for s, e in zip(starts, ends) for b in range(s, e)}
    assert unknown == {i for i, x in enumerate(bases) if x in "nN"}
    assert (starts[1:] > ends[:-1]).all()


def test_unknown_runs_pass_the_borders_of_what_is_read_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr("presage.sequence.reference.genome._CHUNK", 10)
    (tmp_path / "a.fa").write_text(">a\n" + "A" * 8 + "N" * 14 + "A" * 8 + "N" * 5 + "\n")
    starts, ends = prepare_fasta(tmp_path / "a.fa", tmp_path / "genome.fa").unknown("a")
    assert (starts.tolist(), ends.tolist()) == ([8, 30], [22, 35])


def test_codes_are_uint8(tmp_path):
    genome = prepare_fasta(write_fasta(tmp_path / "a.fa"), tmp_path / "genome.fa")
    assert genome.codes("chr1", 0, 3).dtype == np.uint8
