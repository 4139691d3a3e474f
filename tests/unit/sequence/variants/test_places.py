"""Fold and nearest transcription start of a variant."""

from presage.sequence.variants.alleles import Variant
from presage.sequence.variants.places import Places
from tests.unit.sequence.variants.cases import GENES, WINDOWS


def test_nearest_start_and_its_sign():
    places = Places(WINDOWS, GENES)
    at = lambda pos: places([Variant("", "chr1", pos, "A", "C", 1)]).iloc[0]  # noqa: E731
    assert (at(90)["gene"], at(90)["tss_distance"]) == ("g1", -10)  # upstream of a gene on +
    assert (at(410)["gene"], at(410)["tss_distance"]) == ("g2", -10)  # upstream of a gene on -
    assert (at(390)["gene"], at(390)["tss_distance"]) == ("g2", 10)
    assert (at(250)["gene"], at(251)["gene"]) == ("g1", "g2")
    assert at(191)["fold"] == "train" and at(192)["fold"] == "test" and at(384)["fold"] == "outside"


def test_without_genes():
    found = Places(WINDOWS)([Variant("", "chr2", 50, "A", "C", 1)]).iloc[0]
    assert found["fold"] == "valid" and found["gene"] is None
