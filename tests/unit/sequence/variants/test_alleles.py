"""Alleles: what a VCF says, checked against a genome, and the sequences built from it."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presage import tables
from presage.sequence.reference.genome import encode
from presage.sequence.variants.alleles import REASONS, Dropped, Site, Variant, decode, normalise, resolve
from presage.sequence.variants.sequences import build
from tests.unit.sequence.variants.cases import random_genome


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


def test_every_reason_of_one_allele(tmp_path):
    genome, text = random_genome(tmp_path)
    at = lambda pos, n=1: text["chr1"][pos : pos + n]  # noqa: E731
    other = {"A": "C", "C": "A", "G": "T", "T": "G"}
    cases = [
        (49, at(49), "*", "star"),
        (49, at(49), "<DEL>", "symbolic"),
        (49, at(49), at(49), "same_as_ref"),
        (59, at(59), ".", "no_alt"),
        (59, at(59), "N", "alt_not_acgt"),
        (59, at(59), f"{at(59)}[chr2:5[", "symbolic"),
        (59, at(59), f".{at(59)}", "symbolic"),
        (60, other[at(60)], at(60), "ref_mismatch"),
        (599, at(599) + "A", at(599), "beyond_contig"),
        (-1, "A", "AC", "beyond_contig"),
        (10**9, "A", "C", "beyond_contig"),
        (300, "N", "A", "n_in_ref"),
        (301, "A", "C", "n_in_ref"),
        (69, at(69, 20), at(69), "too_long"),
    ]
    for pos, ref, alt, reason in cases:
        item = resolve(Site("1", pos, ref, alt, 3), "chr1", genome, 19)
        assert item == Dropped("chr1", pos, ref, alt, 3, reason)
    assert resolve(Site("chrX", 5, "A", "C", 3), None, genome, 19) == Dropped("chrX", 5, "A", "C", 3, "unknown_contig")
    assert {reason for *_, reason in cases} | {"unknown_contig", "duplicate", "in_set"} == set(REASONS)
    kept = resolve(Site("1", 49, at(49), other[at(49)], 3), "chr1", genome, 19)
    assert kept == Variant(f"1:50:{at(49)}:{other[at(49)]}", "chr1", 49, at(49), other[at(49)], 3)
    # The first and the last base of the contig are in it, and the longest that is allowed is.
    for pos, ref, alt in ((0, at(0), other[at(0)]), (599, at(599), other[at(599)]), (69, at(69, 19), at(69))):
        assert isinstance(resolve(Site("1", pos, ref, alt, 3), "chr1", genome, 19), Variant)


@pytest.mark.parametrize(
    ("ref", "alt", "kind", "anchor"),
    [
        ("A", "C", "snv", 0),
        ("ACG", "CCT", "mnv", 0),
        ("A", "AC", "insertion", 1),
        ("A", "CA", "insertion", 0),  # at the contig's start there is no base to its left
        ("AC", "A", "deletion", 1),
        ("CA", "A", "deletion", 0),
        ("AC", "GTT", "delins", 0),
        ("ACG", "TT", "delins", 0),
    ],
)
def test_the_kinds_of_alleles_and_their_anchors(ref: str, alt: str, kind: str, anchor: int):
    variant = Variant("", "c", 0, ref, alt, 1)
    assert (variant.kind, variant.anchor) == (kind, anchor)


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


def test_dropped_rows_fit_their_table(tmp_path):
    rows = pd.DataFrame([Dropped("chr1", 4, "A", "<DEL>", 1, "symbolic")])
    tables.write(tmp_path / "d.parquet", "dropped", rows)
    assert tables.read(tmp_path / "d.parquet", "dropped").equals(rows)
