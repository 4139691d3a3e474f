"""Alleles: what a VCF says, checked against a genome, and the sequences built from it."""

import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presage.errors import UserError
from presage.sequence.genome import encode
from presage.sequence.variants.alleles import (
    REASONS,
    Dropped,
    Variant,
    check,
    decode,
    normalise,
    read_sites,
    read_variants,
)
from presage.sequence.variants.sequences import build
from tests.unit.sequence.variants.cases import random_genome, write_vcf


class TextGenome:
    """A genome in memory, for open-ended inputs."""

    def __init__(self, **contigs):
        self.text = contigs
        self.lengths = {name: len(text) for name, text in contigs.items()}

    def codes(self, chrom, start, end):
        text = self.text[chrom]
        return encode("".join(text[i] if 0 <= i < len(text) else "N" for i in range(start, end)))


def haplotype(text, pos, ref, alt):
    assert text[pos : pos + len(ref)] == ref
    return text[:pos] + alt + text[pos + len(ref) :]


def test_every_allele_is_a_variant_or_dropped_with_its_reason(tmp_path):
    genome, text = random_genome(tmp_path)
    at = lambda pos, n=1: text["chr1"][pos - 1 : pos - 1 + n]  # noqa: E731 (1-based)
    other = {"A": "C", "C": "A", "G": "T", "T": "G"}
    rows = [
        ("1", 50, at(50), f"{other[at(50)]},*,<DEL>,{at(50)}"),
        ("chr1", 60, at(60), "."),
        ("chr1", 60, at(60), "N"),
        ("chr1", 60, at(60), f"{at(60)}[chr2:5["),
        ("chr1", 61, other[at(61)], at(61)),
        ("chrX", 5, "A", "C"),
        ("chr1", 600, at(600) + "A", at(600)),
        ("chr1", 0, "A", "AC"),
        ("chr1", 301, "N", "A"),
        ("chr1", 302, "A", "C"),
        ("chr1", 70, at(70, 20), at(70)),
    ]
    items = list(read_variants(write_vcf(tmp_path / "x.vcf.gz", rows), genome, max_length=19))
    assert isinstance(items[0], Variant)
    assert items[0].name == f"1:50:{at(50)}:{other[at(50)]}" and items[0].chrom == "chr1" and items[0].pos == 49
    reasons = [
        "star",
        "symbolic",
        "same_as_ref",
        "no_alt",
        "alt_not_acgt",
        "symbolic",
        "ref_mismatch",
        "unknown_contig",
    ]
    reasons += ["beyond_contig", "beyond_contig", "n_in_ref", "n_in_ref", "too_long"]
    assert [item.reason for item in items[1:]] == reasons
    assert {item.record for item in items[:4]} == {1} and items[-1].record == len(rows)
    assert set(reasons) == set(REASONS)
    assert check(tmp_path / "x.vcf.gz", genome, 19).total() == len(items) == 14


def test_genotypes_and_sample_names_are_never_read(tmp_path):
    genome, text = random_genome(tmp_path)
    row = [("chr1", 50, text["chr1"][49], "A" if text["chr1"][49] != "A" else "C")]
    plain = list(read_variants(write_vcf(tmp_path / "a.vcf", row), genome, 10))
    with_rubbish = list(read_variants(write_vcf(tmp_path / "b.vcf", row, "\tGT\tnot-a-genotype"), genome, 10))
    assert plain == with_rubbish and isinstance(plain[0], Variant)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_normalised_allele_is_the_same_haplotype_and_unique(data):
    text = data.draw(st.text("AC", min_size=12, max_size=30))
    pos = data.draw(st.integers(0, len(text) - 1))
    ref = text[pos : pos + data.draw(st.integers(1, min(5, len(text) - pos)))]
    alt = data.draw(st.text("AC", min_size=1, max_size=5).filter(lambda a: a != ref))
    genome = TextGenome(c=text)
    new = normalise("c", pos, ref, alt, genome)
    assert haplotype(text, *new) == haplotype(text, pos, ref, alt)
    assert normalise("c", *new, genome) == new
    # Of all spellings of this haplotype without empty alleles, none is shorter, nor further left at that length.
    goal = haplotype(text, pos, ref, alt)
    grow = len(goal) - len(text)
    size = len(new[1])
    for length in range(1, size + 1):
        for p in range(len(text) - length + 1):
            if length + grow >= 1 and goal[:p] == text[:p] and goal[p + length + grow :] == text[p + length :]:
                assert length == size and p >= new[0]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_windows_hold_both_haplotypes_and_pad_contig_ends(data):
    text = data.draw(st.text("ACGT", min_size=10, max_size=90))
    length = data.draw(st.sampled_from([40, 64]))
    pos = data.draw(st.integers(0, len(text) - 1))
    ref = text[pos : pos + data.draw(st.integers(1, min(length // 4, len(text) - pos)))]
    alt = data.draw(st.text("ACGT", min_size=1, max_size=length // 4).filter(lambda a: a != ref))
    alleles = build(Variant("", "c", pos, ref, alt, 1), TextGenome(c=text), pos - length // 2, length)
    pad = "N" * length
    start = pos - length // 2 + length
    whole, changed = pad + text + pad, pad + haplotype(text, pos, ref, alt) + pad
    grow = len(alt) - len(ref)
    assert decode(alleles.ref) == whole[start : start + length]
    assert decode(alleles.left) == changed[start : start + length]
    assert decode(alleles.right) == changed[start + grow : start + grow + length]
    if grow == 0:
        assert alleles.left is alleles.right


def test_real_snvs_match_the_real_genome(real_data, tmp_path):
    """A VCF without a #CHROM line, as published; every REF must fit the real chr1."""
    from presage.sequence.genome import prepare_fasta

    genome = prepare_fasta(real_data / "mini_borzoi" / "hg38_chr1_1m.fa.gz", tmp_path / "genome.fa")
    items = list(read_variants(real_data / "mini_borzoi" / "eqtl.vcf", genome, 1000))
    assert len(items) == 8 and all(isinstance(item, Variant) and item.kind == "snv" for item in items)
    assert items[0].name == "chr1:14677:G:A" and items[0].pos == 14676
    alleles = build(items[0], genome, items[0].pos - 65_536, 131_072)
    assert (alleles.ref[: 65_536 - 14_676] == 4).all() and np.flatnonzero(alleles.ref != alleles.left).tolist() == [
        65_536
    ]


def test_wrong_build_is_one_line(tmp_path):
    genome, text = random_genome(tmp_path)
    base = text["chr1"][49]
    wrong = "C" if base == "A" else "A"
    path = write_vcf(tmp_path / "x.vcf", [("chr1", 50, wrong, base)])
    with pytest.raises(UserError, match=rf"x\.vcf: REF differs .* 1 of 1 .*chr1:50 {wrong}, genome {base}"):
        check(path, genome, 10)
    mixed = write_vcf(tmp_path / "y.vcf", [("chr1", 50, wrong, base), ("chr1", 50, base, wrong)])
    assert check(mixed, genome, 10) == {"ref_mismatch": 1, "scored": 1}
    with pytest.raises(UserError, match="REF differs"):
        check(mixed, genome, 10, max_mismatch=0.4)


def test_unknown_contigs_only_is_one_line(tmp_path):
    genome, _ = random_genome(tmp_path)
    path = write_vcf(tmp_path / "x.vcf", [("NT_187361.1", 50, "A", "C"), ("chr9", 50, "A", "C")])
    with pytest.raises(UserError, match=r"no contig is in the genome \(NT_187361.1, chr9 against chr1, chr2\)"):
        check(path, genome, 10)


def test_no_allele_left_is_not_an_error(tmp_path):
    genome, _ = random_genome(tmp_path)
    assert check(write_vcf(tmp_path / "x.vcf", [("chr1", 5, "A", "<DEL>")]), genome, 10) == {"symbolic": 1}
    assert check(write_vcf(tmp_path / "y.vcf", []), genome, 10).total() == 0


def test_files_that_are_no_vcf(tmp_path):
    bed, empty, short, cut = (tmp_path / name for name in ("x.bed", "empty.vcf", "short.vcf", "cut.vcf.gz"))
    bed.write_text("chr1\t1\t2\n")
    empty.write_text("")
    short.write_text("##fileformat=VCFv4.2\nchr1\tten\t.\tA\tC\n")
    rows = [("chr1", i, "ACGT"[i % 4] * (1 + i % 7), "T") for i in range(1, 9000)]
    whole = write_vcf(tmp_path / "whole.vcf.gz", rows).read_bytes()
    cut.write_bytes(whole[:-28])  # all blocks complete, the closing one lost
    for path, what in (
        (bed, "not a VCF"),
        (empty, "is empty"),
        (short, "line 2: is not a VCF record"),
        (cut, "truncated"),
    ):
        with pytest.raises(UserError, match=what):
            list(read_sites(path))
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="truncated"):
        list(read_sites(cut))
    with gzip.open(cut, "wb") as out:
        out.write(b"##fileformat=VCFv4.2\nchr1\t1\t.\tA\tC\n")
    assert len(list(read_sites(cut))) == 1  # plain gzip has no closing block
    with pytest.raises(UserError, match="does not exist"):
        list(read_sites(tmp_path / "none.vcf"))


def test_dropped_rows_fit_their_table(tmp_path):
    import pandas as pd

    from presage import tables

    rows = pd.DataFrame([Dropped("chr1", 4, "A", "<DEL>", 1, "symbolic")])
    tables.write(tmp_path / "d.parquet", "dropped", rows)
    assert tables.read(tmp_path / "d.parquet", "dropped").equals(rows)
