"""One allele list in every kind of file: all readers say the same, and none says anything about samples."""

import gzip

import pysam
import pysam.bcftools
import pytest

from presage.errors import UserError
from presage.sequence.variants.alleles import Site
from presage.sequence.variants.readers import read_sites
from tests.unit.sequence.variants.cases import random_genome

HEADER = "##fileformat=VCFv4.2\n##contig=<ID=chr1,length=600>\n##contig=<ID=chr2,length=300>\n"
FORMAT = '##ALT=<ID=DEL,Description="d">\n##FORMAT=<ID=GT,Number=1,Type=String,Description="g">\n'
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
RECORDS = [
    ("chr2", 7, "a", "C,*"),
    ("chr1", 0, "N", "A"),
    ("chr1", 9, "ACGTACGTACGTACGTACGT", "A"),
    ("chr1", 12, "G", "<DEL>"),
    ("chr1", 12, "G", "G[chr2:5["),
    ("chr1", 600, "T", "."),
]
EXPECTED = [
    Site("chr2", 6, "A", "C", 1, "rs7"),
    Site("chr2", 6, "A", "*", 1, "rs7"),
    Site("chr1", -1, "N", "A", 2, "rs0"),
    Site("chr1", 8, "ACGTACGTACGTACGTACGT", "A", 3, "rs9"),
    Site("chr1", 11, "G", "<DEL>", 4, "rs12"),
    Site("chr1", 11, "G", "G[chr2:5[", 5, "rs12"),
    Site("chr1", 599, "T", ".", 6, "rs600"),
]
SECRET = "MRS_SMITH"


def vcf_text(sample: str = "") -> str:
    columns = COLUMNS + (f"\tFORMAT\t{sample}" if sample else "")
    rows = [f"{c}\t{p}\trs{p}\t{r}\t{a}\t.\t.\t." + ("\tGT\t0/1" if sample else "") for c, p, r, a in RECORDS]
    return HEADER + FORMAT + "\n".join([columns, *rows]) + "\n"


def written(folder, name):
    """The records as a file of the kind that its name says."""
    path, name = folder / name, name.lower()
    if ".tsv" in name or ".csv" in name:
        between = "," if ".csv" in name else "\t"
        quote = '"' if ".csv" in name else ""
        rows = [(SECRET, c, r, quote + a + quote, str(p), f"rs{p}") for c, p, r, a in RECORDS]
        text = "\n".join(between.join(row) for row in [("sample", "#CHROM", "Ref", "ALT", "pos", "ID"), *rows]) + "\n"
    else:
        text = vcf_text(SECRET)
    if name.endswith(".bcf"):
        (folder / "source.vcf").write_text(text)
        kind = "-Ou" if name.startswith("plain") else "-Ob"
        pysam.bcftools.view(kind, "-o", str(path), str(folder / "source.vcf"), catch_stdout=False)
    elif name.endswith(".bgz"):
        with pysam.BGZFile(str(path), "wb") as out:
            out.write(text.encode())
    elif name.endswith(".gz"):
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


@pytest.mark.parametrize(
    "name", ["x.vcf", "x.vcf.gz", "x.vcf.bgz", "x.bcf", "plain.bcf", "x.tsv", "x.tsv.gz", "x.csv", "x.CSV.GZ"]
)
def test_every_kind_says_the_same(tmp_path, name):
    genome, _ = random_genome(tmp_path)
    found = list(read_sites(written(tmp_path, name), genome))
    assert found == EXPECTED
    assert SECRET not in repr(found)


@pytest.mark.parametrize("name", ["x.vcf.gz", "x.vcf.bgz", "x.bcf", "plain.bcf", "x.tsv.gz"])
def test_a_file_cut_anywhere_is_named_and_quotes_nothing(tmp_path, name):
    genome, _ = random_genome(tmp_path)
    path = written(tmp_path, name)
    whole = path.read_bytes()
    for size in range(0, len(whole), max(1, len(whole) // 40)):
        path.write_bytes(whole[:size])
        with pytest.raises(UserError, match=name) as caught:
            list(read_sites(path, genome))
        assert SECRET not in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.maf", b"chr1\t5\n", "of no known kind; variants come in files that end in .vcf, .bcf, .tsv"),
        ("x.vcf", b"", "is empty"),
        ("x.vcf", b"chr1\t5\t.\tA\tC\n", "is not a VCF"),
        ("x.vcf", b"##fileformat=VCFv4.2\nchr1\tten\t.\tA\tC\n", "line 2: is not a VCF record"),
        ("x.vcf", "##fileformat=VCFv4.2\nchr1\t\u00b2\t.\tA\tC\n".encode(), "line 2: is not a VCF record"),
        ("x.vcf", b"##fileformat=VCFv4.2\n\nchr1\t5\t.\tA\n", "line 3: is not a VCF record"),
        ("x.bcf", b"##fileformat=VCFv4.2\n", "is not a BCF"),
        ("x.bcf", b"", "is not a BCF"),
        ("x.bcf", b"BCF\x02\x02\xff\xff\xff\xff", "damaged or truncated"),
        ("x.tsv", b"", "is empty"),
        ("x.tsv", b"##only a comment\n", "has no header"),
        ("x.tsv", b"chrom\tpos\tref\tMRS_SMITH\n", "has no column alt; its header must name chrom, pos, ref, alt"),
        ("x.csv", b"chrom\tpos\tref\talt\n", "has no column chrom; its header must .* with commas between"),
        ("x.tsv", b"chrom\tpos\tref\talt\talt\n", "has two columns alt"),
        ("x.tsv", b"chrom\tpos\tref\talt\n1\t5\tA\n", "line 2: has fewer columns"),
        ("x.tsv", b"chrom\tpos\tref\talt\n\n1\t5.0\tA\tC\n", "line 3: pos is no integer"),
        ("x.tsv", b'chrom\tpos\tref\talt\n1\t"' + b"5" * 200_000, "line 2: cannot be read as a table"),
        ("x.bed", b"chr1\t5\n", "line 1: is not BED"),
        ("x.bed", b"track name=x\nchr1\t5\t6\nchr1\t-5\t6\n", "line 3: is not BED"),
        ("x.bed", b"#c\nchr1\t7\t6\n", "line 2: ends at 6, before its start"),
    ],
)
def test_bad_files_are_told_in_one_line(tmp_path, name, content, said):
    genome, _ = random_genome(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=said) as caught:
        list(read_sites(tmp_path / name, genome))
    assert str(caught.value).startswith(str(tmp_path / name)) and "MRS_SMITH" not in str(caught.value)


@pytest.mark.parametrize("name", ["x.vcf", "x.bcf", "x.tsv", "x.bed"])
def test_a_missing_file_and_a_folder(tmp_path, name):
    genome, _ = random_genome(tmp_path)
    with pytest.raises(UserError, match="does not exist"):
        list(read_sites(tmp_path / name, genome))
    (tmp_path / name).mkdir()
    with pytest.raises(UserError, match="cannot be read"):
        list(read_sites(tmp_path / name, genome))


def test_what_programs_leave_in_text_is_read(tmp_path):
    """A byte order mark, other line ends, an old encoding, no final line end, spaces around cells."""
    genome, _ = random_genome(tmp_path)
    table, vcf = tmp_path / "x.txt", tmp_path / "x.vcf"
    table.write_bytes(b"\xef\xbb\xbfchrom\tpos\tref\talt\r\n chr1\t 5 \tA\tc")
    vcf.write_bytes(b"##fileformat=VCFv4.2\r\n##author=Ren\xe9\r\nchr1\t5\t.\tA\tC\r\n")
    for path in (table, vcf):
        assert list(read_sites(path, genome)) == [Site("chr1", 4, "A", "C", 1)]


def test_real_snvs_are_sites_as_published(real_data, tmp_path):
    genome, _ = random_genome(tmp_path)
    found = list(read_sites(real_data / "mini_borzoi" / "eqtl.vcf", genome))  # it has no #CHROM line
    assert len(found) == 8 and found[0] == Site("chr1", 14_676, "G", "A", 1, "chr1_14677_G_A_b38")
