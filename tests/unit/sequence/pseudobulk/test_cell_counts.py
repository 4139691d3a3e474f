"""presage.sequence.pseudobulk.cell_counts: molecules per barcode and gene, from BAM and h5ad."""

from collections import Counter

import anndata
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from scipy import sparse

from presage import tables
from presage.config.pseudobulk import Pseudobulk
from presage.config.reference import Reference
from presage.sequence.pseudobulk.cell_counts import LEFT_OUT, count_cells
from presage.sequence.reference.genome import Genome
from presage.sequence.reference.step import prepare_reference
from presage.sheets import Sample
from tests.unit.sequence.small_reads import Read, random_reads, write_bam, write_fasta

FEW = settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
GTF = 'chr1\tx\texon\t1\t400\t.\t+\t.\tgene_id "g1"; gene_name "A";\nchr2\tx\texon\t1\t300\t.\t-\t.\tgene_id "g2";\n'


@pytest.fixture
def count(tmp_path):
    """A function that counts a sample on a small genome with a gene on each of two contigs."""
    fasta = write_fasta(tmp_path / "in.fa")
    (tmp_path / "in.gtf").write_text(GTF)
    prepare_reference(Reference(fasta=str(fasta), gtf=str(tmp_path / "in.gtf")), 64, 16, tmp_path / "ref")
    genome = Genome(tmp_path / "ref/genome.fa")
    genes = tables.read(tmp_path / "ref/genes.parquet", "genes")

    def run(sample, min_umis=1, **keys):
        return count_cells(sample, Pseudobulk(**keys), genome, genes, min_umis)

    return run


def found_in(data):
    """(barcode, gene) -> molecules."""
    where = sparse.coo_matrix(data.X)
    names = zip(data.obs_names[where.row], data.var_names[where.col], where.data.tolist())
    return {(barcode, gene): n for barcode, gene, n in names}


def tagged(contig, start, flag, cell, umi, **more):
    return Read(contig, start, flag=flag, tags=(("CB", cell), ("UB", umi)), **more)


def test_molecules_of_a_bam(tmp_path, count):
    reads = [
        tagged("chr1", 10, 0, "AAAC-1", "AAAA"),
        tagged("chr1", 50, 0, "AAAC-1", "AAAA"),  # the same molecule
        tagged("chr1", 10, 0, "AAAC-1", "CCCC"),
        tagged("chr1", 10, 16, "AAAC-1", "GGGG"),  # antisense
        tagged("chr2", 10, 16, "AAAC-1", "AAAA"),
        tagged("chr2", 10, 16, "TTTT-1", "AAAA"),
        tagged("chrM", 10, 0, "GGGT-1", "AAAA"),  # no gene
        tagged("chr1", 10, 0, "CCCG-1", "AAAA", mapq=0),
    ]
    row = Sample("s", "bam", str(write_bam(tmp_path / "s.bam", reads)))
    assert found_in(count(row)) == {("AAAC-1", "g1"): 2, ("AAAC-1", "g2"): 1, ("TTTT-1", "g2"): 1}
    few = count(row, min_umis=2)
    assert found_in(few) == {("AAAC-1", "g1"): 2, ("AAAC-1", "g2"): 1}
    assert few.uns[LEFT_OUT] == 2  # TTTT-1, and GGGT-1, which has none in a gene
    assert few.var["name"].to_dict() == {"g1": "A", "g2": "g2"}


@FEW
@given(random_reads())
def test_any_bam_equals_a_plain_set_of_molecules(tmp_path, count, reads):
    """A gene fills a contig's strand, so molecules are distinct (cell, UMI, contig) of passing reads of that strand."""
    reads.append(Read())
    path = write_bam(tmp_path / "s.bam", reads)
    strand = {"chr1": 0, "chr2": 16}
    keys = set()
    for read in reads:
        tags = dict(read.tags)
        bad = read.flag & (4 | 256 | 512 | 2048) or (read.flag & 1 and read.flag & 64) or read.mapq < 30
        if bad or read.contig not in strand or (read.flag & 16) != strand[read.contig] or tags.get("xf", 25) != 25:
            continue
        if "CB" in tags and "UB" in tags and not set(tags["UB"]) - set("ACGT"):
            keys.add((tags["CB"], tags["UB"], {"chr1": "g1", "chr2": "g2"}[read.contig]))
    assert found_in(count(Sample("s", "bam", str(path)))) == Counter((cell, gene) for cell, _, gene in keys)


def test_a_bam_on_its_own_genome_is_counted_by_its_gene_tags(tmp_path, count):
    tags = (("CB", "AAAC-1"), ("UB", "AAAA"), ("GX", "ENSG1"), ("GN", "ACTB"))
    row = Sample("s", "bam", str(write_bam(tmp_path / "s.bam", [Read(tags=tags)])), genome="header")
    data = count(row)
    assert found_in(data) == {("AAAC-1", "ENSG1"): 1}
    assert data.var["name"].tolist() == ["ACTB"]


def test_an_h5ads_genes_are_named_as_the_references(tmp_path, count):
    obs = pd.DataFrame(index=["s_AAAC", "s_CCCG"])
    var = pd.DataFrame(index=["A", "g1", "new"])
    counts = np.array([[1, 2, 0], [0, 0, 4]], dtype=np.float32)
    anndata.AnnData(counts, obs=obs, var=var).write_h5ad(tmp_path / "a.h5ad")
    data = count(Sample("s", "h5ad", str(tmp_path / "a.h5ad")), min_umis=100, barcodes="{sample}_{barcode}")
    # A symbol and an identifier of one gene add up. Cells of an h5ad are judged by the quality table, not dropped here.
    assert found_in(data) == {("AAAC", "g1"): 3, ("CCCG", "new"): 4}
    assert data.uns[LEFT_OUT] == 0
