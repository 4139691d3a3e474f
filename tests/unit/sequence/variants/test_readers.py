"""Every kind of variant file gives the same alleles, and says in one line what is wrong with it."""

import gzip

import pysam
import pysam.bcftools
import pytest

from presage.errors import UserError
from presage.sequence.variants.alleles import Site
from presage.sequence.variants.readers import read_sites
from presage.sequence.variants.readers.table import read_rows
from tests.unit.sequence.variants.cases import random_genome, write_vcf

ROWS = [("chr1", 50, "A", "C,<DEL>"), ("chr1", 7, "ACG", "A"), ("2", 9, "n", "*")]
SITES = [
    Site("chr1", 49, "A", "C", 1),
    Site("chr1", 49, "A", "<DEL>", 1),
    Site("chr1", 6, "ACG", "A", 2),
    Site("2", 8, "N", "*", 3),
]


@pytest.fixture
def genome(tmp_path):
    return random_genome(tmp_path)[0]


def write_bcf(path, rows):
    """A BCF with one sample that has a genotype, by bcftools."""
    header = "".join(f"##contig=<ID={name}>\n" for name in dict.fromkeys(row[0] for row in rows))
    header += '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n##ALT=<ID=DEL,Description="Deletion">\n'
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tsomebody\n"
    lines = [f"{chrom}\t{pos}\t.\t{ref}\t{alt}\t.\t.\t.\tGT\t0/1\n" for chrom, pos, ref, alt in rows]
    text = path.with_suffix(".vcf.tmp")
    text.write_text("##fileformat=VCFv4.2\n" + header + columns + "".join(lines))
    pysam.bcftools.view("-Ob", "-o", str(path), str(text), catch_stdout=False)
    return path


def write_table(path, rows, separator="\t", header=("chrom", "pos", "ref", "alt")):
    # A field with a comma is quoted in a .csv.
    quoted = lambda field: f'"{field}"' if separator == "," and "," in str(field) else str(field)  # noqa: E731
    text = "\n".join(separator.join(map(quoted, row)) for row in (header, *rows)) + "\n"
    with gzip.open(path, "wt") if path.suffix == ".gz" else path.open("w") as out:
        out.write(text)
    return path


def test_all_kinds_give_the_same_alleles(tmp_path, genome):
    kinds = {
        "vcf": write_vcf(tmp_path / "x.vcf", ROWS),
        "bgzip": write_vcf(tmp_path / "y.vcf.gz", ROWS),
        "no ending": write_vcf(tmp_path / "plain", ROWS),
        "bcf": write_bcf(tmp_path / "x.bcf", ROWS),
        "tsv": write_table(tmp_path / "x.tsv", ROWS),
        "tsv.gz": write_table(tmp_path / "x.tsv.gz", ROWS),
        "csv": write_table(tmp_path / "x.csv", ROWS, ","),
        "other names": write_table(tmp_path / "z.tsv", ROWS, header=("#CHROM", "Position", "REF", "ALT")),
    }
    for kind, path in kinds.items():
        assert list(read_sites(path, genome)) == SITES, kind


def test_a_table_may_have_more_columns_in_any_order(tmp_path, genome):
    rows = [("x", "C", "A", 50, "chr1", 0.5)]
    path = write_table(tmp_path / "x.tsv", rows, header=("id", "alt", "ref", "pos", "chrom", "effect"))
    ((site, row),) = read_rows(path)
    assert site == Site("chr1", 49, "A", "C", 1) and row["effect"] == "0.5"


def test_regions_are_every_change_of_every_base(tmp_path):
    genome, text = random_genome(tmp_path)
    path = tmp_path / "x.bed"
    path.write_text("track name=x\nchr1\t298\t302\tname\n\n# note\n1\t598\t605\nchrX\t1\t2\n")
    found = list(read_sites(path, genome))
    expected = [(298, b) for b in "ACGT" if b != text["chr1"][298]] + [
        (299, b) for b in "ACGT" if b != text["chr1"][299]
    ]
    assert [(s.pos, s.alt) for s in found[:6]] == expected and all(s.ref == text["chr1"][s.pos] for s in found[:6])
    assert [(s.pos, s.ref, s.alt) for s in found[6:8]] == [
        (300, "N", "N"),
        (301, "N", "N"),
    ]  # each is left out, counted
    assert [(s.chrom, s.pos) for s in found[8:]] == [("1", 600)] + [("1", 598)] * 3 + [("1", 599)] * 3 + [("chrX", 1)]
    assert [s.record for s in found] == [2] * 8 + [5] * 7 + [6]


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        ("x.vcf", "chr1\t1\t2\n", "is not a VCF"),
        ("empty.vcf", "", "is empty"),
        ("short.vcf", "##fileformat=VCFv4.2\nchr1\tten\t.\tA\tC\n", "line 2: is not a VCF record"),
        ("x.tsv", "chrom\tpos\tref\nchr1\t1\tA\n", r"has no column alt \(it has chrom, pos, ref\)"),
        ("y.tsv", "chrom\tpos\tref\talt\nchr1\tten\tA\tC\n", "line 2: .* a pos that is no number"),
        ("z.tsv", "chrom\tpos\tref\talt\nchr1\t1\tA\n", "line 2: has 3 fields for 4 columns"),
        ("e.csv", "", "is empty"),
        ("x.bed", "chr1\t5\t5\n", "line 1: is not BED"),
        ("x.bcf", "no bcf", "cannot be read after record 0"),
    ],
)
def test_files_that_are_not_what_they_are_called(tmp_path, genome, name, text, what):
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=what) as caught:
        list(read_sites(tmp_path / name, genome))
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="does not exist"):
        list(read_sites(tmp_path / f"none{name}", genome))


def test_truncated_files(tmp_path, genome):
    rows = [("chr1", i, "ACGT"[i % 4] * (1 + i % 7), "T") for i in range(1, 9000)]
    whole = write_vcf(tmp_path / "whole.vcf.gz", rows).read_bytes()
    for cut in (whole[:-28], whole[: len(whole) // 2]):  # all blocks complete but the closing one; half of them
        (tmp_path / "cut.vcf.gz").write_bytes(cut)
        with pytest.raises(UserError, match="truncated"):
            list(read_sites(tmp_path / "cut.vcf.gz", genome))
    table = write_table(tmp_path / "whole.tsv.gz", rows).read_bytes()
    (tmp_path / "cut.tsv.gz").write_bytes(table[: len(table) // 2])
    with pytest.raises(UserError, match="truncated"):
        list(read_sites(tmp_path / "cut.tsv.gz", genome))
    bcf = write_bcf(tmp_path / "whole.bcf", rows).read_bytes()
    (tmp_path / "cut.bcf").write_bytes(bcf[: len(bcf) // 2])
    with pytest.raises(UserError, match="cannot be read"):
        list(read_sites(tmp_path / "cut.bcf", genome))
    with gzip.open(tmp_path / "plain.vcf.gz", "wb") as out:  # plain gzip has no closing block
        out.write(b"##fileformat=VCFv4.2\nchr1\t1\t.\tA\tC\n")
    assert len(list(read_sites(tmp_path / "plain.vcf.gz", genome))) == 1
