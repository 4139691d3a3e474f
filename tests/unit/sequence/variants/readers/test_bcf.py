"""BCF against bcftools: any records, contigs that number themselves, long alleles."""

import pysam.bcftools
from hypothesis import given, settings
from hypothesis import strategies as st

from presage.sequence.variants.alleles import Site
from presage.sequence.variants.readers.bcf import read_bcf
from presage.sequence.variants.readers.vcf import read_vcf

BASES = st.text("ACGTN", min_size=1, max_size=40)
RECORDS = st.tuples(
    st.sampled_from(["chr1", "HLA-A*01:01", "2"]),
    st.integers(0, 2**31 - 3),
    BASES,
    st.lists(st.one_of(BASES, st.sampled_from(["*", "<DEL>", "A[2:5[", "]2:5]A"])), min_size=1, max_size=20),
    st.sampled_from([".", "rs1", "x" * 300]),
)


@settings(max_examples=40)
@given(st.lists(RECORDS, max_size=8))
def test_it_says_what_the_vcf_says(tmp_path_factory, records):
    folder = tmp_path_factory.mktemp("bcf")
    lines = ["##fileformat=VCFv4.2", '##ALT=<ID=DEL,Description="a,ID=x">']
    lines += ["##contig=<length=9,ID=chr1>", "##contig=<ID=HLA-A*01:01>", "##contig=<ID=2,assembly=b>"]
    lines.append("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO")
    lines += [f"{c}\t{p}\t{name}\t{r}\t{','.join(a)}\t.\t.\t." for c, p, r, a, name in records]
    (folder / "x.vcf").write_text("\n".join(lines) + "\n")
    pysam.bcftools.view("-Ob", "-o", str(folder / "x.bcf"), str(folder / "x.vcf"), catch_stdout=False)
    assert list(read_bcf(folder / "x.bcf")) == list(read_vcf(folder / "x.vcf"))


def test_an_allele_longer_than_any_byte_counts(tmp_path):
    (tmp_path / "x.vcf").write_text(
        "##fileformat=VCFv4.2\n##contig=<ID=c>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
        f"c\t1\t.\t{'A' * 40_000}\tC\t.\t.\t.\n"
    )
    pysam.bcftools.view("-Ob", "-o", str(tmp_path / "x.bcf"), str(tmp_path / "x.vcf"), catch_stdout=False)
    assert list(read_bcf(tmp_path / "x.bcf")) == [Site("c", 0, "A" * 40_000, "C", 1)]
