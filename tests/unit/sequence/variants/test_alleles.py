"""Alleles: what a VCF says, checked against a genome, and the sequences built from it."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from presage.sequence.genome import encode
from presage.sequence.variants.alleles import REASONS, Dropped, Variant, decode, normalise
from presage.sequence.variants.sequences import build
from presage.sequence.variants.sites import read_variants
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
    assert set(reasons) == set(REASONS) - {"duplicate", "in_the_set"}  # those are seen when all are sorted
    assert len(items) == 14


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


def test_dropped_rows_fit_their_table(tmp_path):
    import pandas as pd

    from presage import tables

    rows = pd.DataFrame([Dropped("chr1", 4, "A", "<DEL>", 1, "symbolic")])
    tables.write(tmp_path / "d.parquet", "dropped", rows)
    assert tables.read(tmp_path / "d.parquet", "dropped").equals(rows)
