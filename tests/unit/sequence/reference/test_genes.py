"""presage.sequence.reference.genes: GTF of every common flavour, one locus a gene."""

import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presage.errors import UserError
from presage.sequence.reference.genes import MAX_INTRON, read_genes
from tests.unit.sequence.small_reads import CONTIGS

LINE = '{chrom}\tx\texon\t{start}\t{end}\t.\t{strand}\t.\tgene_id "{gene}"; gene_name "{name}";\n'


def gtf(path, rows):
    keys = ("chrom", "start", "end", "strand", "gene", "name")
    path.write_text("#!x\n" + "".join(LINE.format(**dict(zip(keys, row))) for row in rows))
    return path


def test_genes_are_half_open_with_merged_exons_and_tss(tmp_path):
    rows = [
        ("1", 11, 20, "+", "ENSG01.7", "A"),
        ("1", 15, 30, "+", "ENSG01.7", "A"),
        ("1", 41, 50, "+", "ENSG01.7", "A"),
        ("1", 61, 70, "-", "ENSG02.1", "B"),
        ("HLA", 1, 5, "+", "ENSG03.1", "C"),
        ("1", 390, 410, "+", "ENSG04.1", "D"),
    ]
    genes, left_out = read_genes(gtf(tmp_path / "g.gtf", rows), CONTIGS)
    assert genes["gene_id"].tolist() == ["ENSG01", "ENSG02"]
    assert genes["chrom"].tolist() == ["chr1", "chr1"]
    assert [list(x) for x in genes["exon_starts"]] == [[10, 40], [60]]
    assert [list(x) for x in genes["exon_ends"]] == [[30, 50], [70]]
    assert genes[["start", "end"]].to_numpy().tolist() == [[10, 50], [60, 70]]
    assert genes["tss"].tolist() == [10, 69]
    assert left_out == {"genes_not_in_genome": 1, "genes_beyond_contig": 1, "genes_par_y": 0, "gene_copies": 0}


def test_gzipped_gtf_reads_the_same(tmp_path):
    plain = gtf(tmp_path / "g.gtf", [("chr1", 11, 20, "+", "a", "A")])
    (tmp_path / "g.gtf.gz").write_bytes(gzip.compress(plain.read_bytes()))
    assert read_genes(plain, CONTIGS)[0].equals(read_genes(tmp_path / "g.gtf.gz", CONTIGS)[0])


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('chr1\tx\texon\t1\t9\t.\t+\t.\tgene_name "A";\n', "line 1: an exon has no gene_id; add it"),
        ("chr1\tx\texon\t1\t9\t.\t+\t.\tID=x;gene=y\n", "GFF3 must be converted"),
        ('chr1\tx\texon\t1\t9\t.\t.\t.\tgene_id "A";\n', "no strand"),
        ('chr1\tx\texon\ta\tb\t.\t+\t.\tgene_id "A";\n', "are no numbers"),
        ("chr1\t1\t9\n", "has 3 columns of 9"),
        ('chr1\tx\tgene\t1\t9\t.\t+\t.\tgene_id "A";\n', "has no exon lines"),
        ('I\tx\texon\t1\t9\t.\t+\t.\tgene_id "A";\n', "no contig matches"),
    ],
)
def test_bad_gtf_is_told_in_one_line(tmp_path, text, what):
    (tmp_path / "g.gtf").write_text(text)
    with pytest.raises(UserError, match=what) as error:
        read_genes(tmp_path / "g.gtf", CONTIGS)
    assert "\n" not in str(error.value)


HUMAN = {"chr1": 248_956_422, "chr6": 170_805_979, "chr6_GL000250v2_alt": 4_672_374, "chrX": 156_040_895}
HUMAN |= {"chrY": 57_227_415, "chrM": 16_569}


def read(tmp_path, lines, lengths=HUMAN):
    """Genes (by id: contig, start, name) and counts of lines (chrom, start, end, strand, attributes)."""
    text = "".join(f"{c}\tx\texon\t{a}\t{b}\t.\t{s}\t.\t{more}\r\n" for c, a, b, s, more in lines)
    (tmp_path / "g.gtf").write_bytes(b"##x\r\n\r\n" + text.encode())
    genes, left_out = read_genes(tmp_path / "g.gtf", lengths)
    assert genes["gene_id"].is_unique
    found = genes[["gene_id", "chrom", "start", "name"]].itertuples(index=False, name=None)
    return {gene: rest for gene, *rest in found}, {key: n for key, n in left_out.items() if n}


def test_gencode_leaves_out_the_copy_on_y(tmp_path):
    attributes = 'gene_id "{}"; transcript_id "t"; gene_type "protein_coding"; gene_name "{}"; level 2;'
    lines = [
        ("chrX", 101, 200, "+", attributes.format("ENSG00000182378.15", "PLCXD1")),
        ("chrY", 101, 200, "+", attributes.format("ENSG00000182378.15_PAR_Y", "PLCXD1")),
        ("chrY", 301, 400, "+", attributes.format("ENSGR0000182484.7", "WASH6P")),
        ("chr1", 11, 20, "-", attributes.format("ENSG00000223972.5_2", "DDX11L1")),  # lifted to GRCh37
    ]
    genes, left_out = read(tmp_path, lines)
    assert genes == {"ENSG00000182378": ["chrX", 100, "PLCXD1"], "ENSG00000223972": ["chr1", 10, "DDX11L1"]}
    assert left_out == {"genes_par_y": 2}


def test_ensembl_repeats_an_identifier_on_x_and_y(tmp_path):
    attributes = 'gene_id "ENSG00000182378"; gene_version "15"; gene_source "havana";'
    lines = [("Y", 101, 900, "+", attributes), ("X", 101, 200, "+", attributes), ("MT", 1, 9, "+", 'gene_id "ENSG2";')]
    genes, left_out = read(tmp_path, lines)
    assert genes == {"ENSG00000182378": ["chrX", 100, "ENSG00000182378"], "ENSG2": ["chrM", 0, "ENSG2"]}
    assert left_out == {"genes_par_y": 1}


def test_ncbi_names_contigs_by_accession_and_genes_by_symbol(tmp_path):
    attributes = (
        'gene_id "DDX11L1_1"; transcript_id "NR_046018.2"; db_xref "GeneID:100287102"; note "a; b"; '
        'product "solute gene family"; gene "DDX11L1"; pseudo "true";'
    )
    genes, _ = read(tmp_path, [("NC_000001.11", 11874, 12227, "+", attributes)])
    assert genes == {"DDX11L1_1": ["chr1", 11873, "DDX11L1"]}
    with pytest.raises(UserError, match=r"contig NC_000001\.10 is of hg19 and the genome is hg38"):
        read(tmp_path, [("NC_000001.10", 11874, 12227, "+", attributes)])


def test_quotes_may_be_missing_or_doubled(tmp_path):
    lines = [("1", 1, 9, "+", "gene_id A; gene_name Aa"), ("1", 1, 9, "+", '"gene_id ""B""; gene_name ""Bb"";"')]
    assert read(tmp_path, lines)[0] == {"A": ["chr1", 0, "Aa"], "B": ["chr1", 0, "Bb"]}


def test_ucsc_aligns_a_gene_wherever_it_fits(tmp_path):
    """Kept is the locus with most exon bases, on an alternate haplotype only where there is no other."""

    def line(chrom, start, size, gene, strand="+", suffix=""):
        return (chrom, start + 1, start + size, strand, f'gene_id "{gene}"; transcript_id "NM_1{suffix}";')

    far = 1000 + 100 + MAX_INTRON
    lines = [
        line("chr1", 1000, 100, "far"),
        line("chr1", far + 1, 150, "far", suffix="_dup1"),
        line("chr1", 1000, 100, "near"),
        line("chr1", far, 150, "near"),
        line("chr1", 500, 10, "strands"),
        line("chr1", 700, 20, "strands", strand="-"),
        line("chr6", 500, 10, "hla"),
        line("chr6_GL000250v2_alt", 500, 20, "hla"),
        line("chr6_elsewhere", 500, 20, "hla"),
        line("chr6_elsewhere", 500, 20, "lost"),
        line("chr1", 10, 10, "NM_7"),
        line("chr1", 20, 10, "NM_7_dup1"),
    ]
    genes, left_out = read(tmp_path, lines)
    assert {gene: tuple(place[:2]) for gene, place in genes.items()} == {
        "far": ("chr1", far + 1),
        "near": ("chr1", 1000),
        "strands": ("chr1", 700),
        "hla": ("chr6", 500),
        "NM_7": ("chr1", 10),
    }
    assert left_out == {"gene_copies": 1 + 1 + 2, "genes_not_in_genome": 1}


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from("AB"), st.sampled_from(["chr1", "chr6"]), st.integers(1, 50), st.sampled_from("+-")),
        min_size=1,
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
def test_genes_do_not_depend_on_the_order_of_lines(tmp_path_factory, exons, random):
    folder = tmp_path_factory.mktemp("gtf")
    lines = [(chrom, start, start + 9, strand, f'gene_id "{gene}";') for gene, chrom, start, strand in exons]
    first = read(folder, lines)
    random.shuffle(lines)
    assert read(folder, lines) == first
    assert set(first[0]) == {gene for gene, *_ in exons}


def test_a_line_with_few_columns_is_told_whatever_it_is(tmp_path):
    (tmp_path / "g.gtf").write_text("chr1\tx\texon\t1\t9\n")
    with pytest.raises(UserError, match="line 1: has 5 columns of 9"):
        read_genes(tmp_path / "g.gtf", CONTIGS)
