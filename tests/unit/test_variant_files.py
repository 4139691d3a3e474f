"""Kinds of variant files by name."""

import pytest

from presage.variant_files import kind_of


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a/b.vcf", "vcf"),
        ("b.VCF.GZ", "vcf"),
        ("b.vcf.bgz", "vcf"),
        ("b.bcf", "bcf"),
        ("b.tsv.gz", "table"),
        ("b.csv", "table"),
        ("b.txt", "table"),
        ("b.bed.gz", "regions"),
        ("registry:x/y.vcf", "vcf"),
        ("b.vcf.zip", None),
        ("vcf", None),
        ("", None),
    ],
)
def test_the_ending_tells(name, kind):
    assert kind_of(name) == kind
