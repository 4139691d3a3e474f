"""presage.sequence.reference.contigs: names of UCSC, Ensembl, RefSeq matched, or refused where they mean two things."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presage.errors import UserError
from presage.sequence.reference.assemblies import ASSEMBLIES
from presage.sequence.reference.contigs import map_contigs, match_contigs

HG19 = {f"chr{name}": length for name, length in ASSEMBLIES["hg19"].lengths.items()}
HG38 = {f"chr{name}": length for name, length in ASSEMBLIES["hg38"].lengths.items()}


def test_contigs_match_by_alias_where_unambiguous():
    found = map_contigs(["1", "X", "MT", "GL1"], ["chr1", "chr2", "chrX", "chrM"])
    assert found.names == {"1": "chr1", "X": "chrX", "MT": "chrM"}
    assert found.renamed == found.names
    assert (found.missing, found.ambiguous) == (["GL1"], [])


def test_an_exact_name_wins_and_ambiguous_ones_stay_out():
    assert map_contigs(["chr1", "1"], ["chr1"]).missing == ["1"]
    assert map_contigs(["chr1", "1"], ["chr1"]).ambiguous == ["1"]
    both = map_contigs(["M", "MT"], ["chrM"])
    assert (both.names, both.ambiguous) == ({}, ["M", "MT"])
    assert map_contigs(["1"], ["chr1", "Chr1"]).names == {}


@pytest.mark.parametrize("build", ASSEMBLIES)
def test_refseq_accessions_are_chromosomes(build):
    assembly = ASSEMBLIES[build]
    reference = {f"chr{name}": length for name, length in assembly.lengths.items()}
    found = match_contigs("x.gtf", dict.fromkeys([*assembly.accessions, "NT_187361.1"]), reference)
    assert found.names == {accession: f"chr{name}" for accession, name in assembly.accessions.items()}
    assert found.missing == ["NT_187361.1"]
    other = {"hg38": HG19, "hg19": HG38}.get(build, HG38)
    with pytest.raises(UserError, match=f"is of {build} and the genome is hg"):
        match_contigs("x.gtf", dict.fromkeys(assembly.accessions), other)


def test_versions_of_an_accession_are_not_one_contig():
    assert map_contigs(["NC_000001.10"], ["NC_000001.11"]).names == {}
    assert map_contigs(["NC_000001.10"], ["NC_000001.10"]).names == {"NC_000001.10": "NC_000001.10"}


def test_another_genome_is_refused():
    with pytest.raises(UserError, match="no contig name matches"):
        match_contigs("x.bam", {"I": 5, "II": 6}, {"chr1": 5})
    with pytest.raises(UserError, match="contig 1 is 7 bp here and 5 bp in the genome; give the genome it was made"):
        match_contigs("x.bam", {"1": 7}, {"chr1": 5})
    said = r"contig chr1 is 249,250,621 bp here \(hg19\) and 248,956,422 bp in the genome \(hg38\)"
    with pytest.raises(UserError, match=said):
        match_contigs("x.bam", HG19, HG38)
    assert match_contigs("x.bam", {"1": None}, {"chr1": 5}).names == {"1": "chr1"}


def test_a_mitochondrion_of_another_length_is_left_out_alone():
    ucsc = {**HG19, "chrM": 16_571}
    found = match_contigs("x.bam", ucsc, {**HG19, "MT": 16_569})
    assert found.missing == ["chrM"] and len(found.names) == 24
    assert match_contigs("x.bam", {**ucsc, "chrMT": 16_569}, {**HG19, "MT": 16_569}).renamed == {"chrMT": "MT"}
    assert match_contigs("x.bam", {"MT": 16_569}, {"chrM": 16_571, "chrMT": 16_569}).names == {"MT": "chrMT"}
    with pytest.raises(UserError, match="chrM is 16,571 bp here"):  # nothing else is in the file
        match_contigs("x.bam", {"chrM": 16_571}, {**HG19, "chrM": 16_569})


@pytest.mark.parametrize(
    ("lengths", "both"),
    [
        ({"chrM": 9, "MT": 9}, "chrM and MT"),
        ({"M": None, "MT": None}, "M and MT"),
        ({"chr1": 50, "1": 50}, "chr1 and 1"),
        ({"chr1": None, "1": None}, "chr1 and 1"),
    ],
)
def test_two_contigs_that_could_be_one_are_refused(lengths, both):
    with pytest.raises(UserError, match=f"contigs {both} could both be the genome's chr"):
        match_contigs("x.bam", lengths, {"chr1": 50, "chrM": 9})


def test_lengths_tell_names_apart():
    found = match_contigs("x.bam", {"chr1": 50, "1": 7, "2": 8}, {"chr1": 50, "chr2": 8})
    assert (found.names, found.missing, found.ambiguous) == ({"chr1": "chr1", "2": "chr2"}, ["1"], ["1"])


@given(st.lists(st.sampled_from(["1", "chr1", "Chr1", "M", "MT", "chrM", "X", "odd"]), unique=True), st.data())
def test_no_two_names_are_ever_given_one_contig(names, data):
    reference = data.draw(st.lists(st.sampled_from(["1", "chr1", "MT", "chrM", "chrX", "odd"]), unique=True))
    found = map_contigs(names, reference)
    assert len(set(found.names.values())) == len(found.names)
    assert set(found.names.values()) <= set(reference)
    assert sorted([*found.names, *found.missing]) == sorted(names) and set(found.ambiguous) <= set(found.missing)
