"""Where regions lie: coordinates, genes on both strands, variants, and one line for each that cannot be found."""

import numpy as np
import pandas as pd
import pytest

from presage import tables
from presage.config.ism import AroundGene, AroundVariant, Interval
from presage.errors import UserError
from presage.sequence.mutagenesis.regions import Place, locate, read_bed
from tests.unit.sequence.variants.cases import random_genome

GENES = pd.DataFrame(
    [
        ("G1", "up", "chr1", 100, 200, "+", 100),
        ("G2", "down", "chr1", 300, 401, "-", 400),
        ("G3", "twin", "chr2", 20, 60, "+", 20),
        ("G4", "twin", "chr2", 80, 120, "+", 80),
    ],
    columns=["gene_id", "name", "chrom", "start", "end", "strand", "tss"],
)


def place(tmp_path, region, genes=GENES):
    genome, text = random_genome(tmp_path)
    return locate("r", region, genome, genes), text


def test_an_interval_in_the_genomes_own_spelling(tmp_path):
    assert place(tmp_path, Interval(chrom="1", start=5, end=9))[0] == Place("chr1", 5, 9)


@pytest.mark.parametrize(
    ("gene", "expected"),
    [
        ("up", Place("chr1", 70, 110)),
        ("G1.7", Place("chr1", 70, 110)),
        ("down", Place("chr1", 391, 431)),  # on the - strand upstream is to the right; the first base is 400
        ("G4", Place("chr2", 50, 90)),
    ],
)
def test_around_a_transcription_start_by_strand(tmp_path, gene, expected):
    assert place(tmp_path, AroundGene(gene=gene, upstream=30, downstream=10))[0] == expected


def test_around_a_variant_given_as_in_a_vcf(tmp_path):
    _, text = random_genome(tmp_path)
    ref = text["chr1"][120:122]
    alt = ref[0] + "ACGT"["TGCA".index(ref[1])]
    found, _ = place(tmp_path, AroundVariant(variant=f"1:121:{ref.lower()}:{alt}", flank=10))
    assert found[:3] == ("chr1", 110, 132)
    assert (found.variant.pos, found.variant.ref, found.variant.alt) == (121, ref[1], alt[1])  # trimmed


@pytest.mark.parametrize(
    ("region", "said"),
    [
        (Interval(chrom="chr9", start=1, end=5), "the genome has no contig 'chr9'; use one of chr1, chr2"),
        (Interval(chrom="chr1", start=590, end=601), r"chr1:590-601 is empty or leaves the contig \(600 bp\)"),
        (AroundGene(gene="G9"), "no gene is called 'G9'; give an identifier, e.g. G1, G2, G3"),
        (AroundGene(gene="twin"), "2 genes are called 'twin'; give an identifier, e.g. G3, G4"),
        (AroundGene(gene="up", upstream=101), "chr1:-1-200 is empty or leaves the contig"),
        (AroundVariant(variant="chr9:1:A:C"), "has no contig 'chr9'"),
        (AroundVariant(variant="chr1:302:A:C"), "letters other than A, C, G, T"),
        (AroundVariant(variant="chr1:600:AAA:C"), "REF reaches past the contig's ends"),
    ],
)
def test_refusals_name_the_key(tmp_path, region, said):
    with pytest.raises(UserError, match=rf"config key sequence\.ism\.regions\.r: .*{said}"):
        place(tmp_path, region)


def test_a_reference_base_of_another_build_is_told(tmp_path):
    _, text = random_genome(tmp_path)
    wrong = "ACGT"["TGCA".index(text["chr1"][120])]
    with pytest.raises(UserError, match="REF differs from the genome"):
        place(tmp_path, AroundVariant(variant=f"chr1:121:{wrong}:{text['chr1'][120]}"))


def test_a_study_without_genes(tmp_path):
    with pytest.raises(UserError, match=r"the study has no genes; set reference\.gtf"):
        place(tmp_path, AroundGene(gene="up"), tables.empty("genes"))


def test_a_region_of_a_bed_file(tmp_path):
    path = tmp_path / "r.bed"
    path.write_text("chr1\t5\t9\tother\nchr2\t7\t19\tplanted\t0\t+\n")
    assert read_bed(path, "planted") == Place("chr2", 7, 19)
    with pytest.raises(UserError, match="has no region none"):
        read_bed(path, "none")


def test_lengths_are_known_without_a_genome():
    assert Interval(chrom="1", start=5, end=9).length == 4
    assert AroundGene(gene="x", upstream=30, downstream=10).length == 40
    assert AroundVariant(variant="1:5:AC:A", flank=7).length == 16
    assert np.diff([AroundVariant(variant="1:5:A:C", flank=f).length for f in (0, 1)]) == 2
