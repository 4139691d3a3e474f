"""presage.sequence.reference.assemblies: builds known by length, and presets that stop a wrong FASTA."""

from itertools import combinations

import pytest

from presage.errors import UserError
from presage.sequence.reference.assemblies import ASSEMBLIES, check_preset, chromosome, guess_assembly


@pytest.mark.parametrize("build", ASSEMBLIES)
def test_a_build_is_known_however_contigs_are_spelt_and_from_any_one(build):
    assembly = ASSEMBLIES[build]
    assert guess_assembly(assembly.lengths) == build
    assert guess_assembly({f"chr{name}": bp for name, bp in assembly.lengths.items()} | {"chrM": 1, "odd": 5}) == build
    assert guess_assembly(dict.fromkeys(assembly.accessions)) == build
    assert {guess_assembly({name: bp}) for name, bp in assembly.lengths.items()} == {build}
    assert {chromosome(accession) for accession in assembly.accessions} == set(assembly.lengths)


def test_no_chromosome_has_one_length_in_two_builds():
    for one, two in combinations(ASSEMBLIES.values(), 2):
        shared = set(one.lengths) & set(two.lengths)
        assert not [name for name in shared if one.lengths[name] == two.lengths[name]]


def test_other_genomes_have_no_name():
    assert guess_assembly({}) is None
    assert guess_assembly({"chr1": 5, "MT": 16_569}) is None
    assert guess_assembly({"1": ASSEMBLIES["hg38"].lengths["1"], "2": 7}) is None


def test_sizes_are_those_of_the_builds():
    """Sums over autosomes, X and Y that are widely quoted."""
    sums = {build: sum(assembly.lengths.values()) for build, assembly in ASSEMBLIES.items()}
    assert sums["hg38"] == 3_088_269_832
    assert sums["hg19"] == 3_095_677_412
    assert sums["mm10"] == 2_725_521_370


def test_a_preset_gives_the_main_chromosomes_and_refuses_another_build():
    hg38 = {f"chr{name}": bp for name, bp in ASSEMBLIES["hg38"].lengths.items()} | {"chrM": 16_569, "chr1_x_alt": 9}
    assert check_preset("a.fa", "hg38", hg38) == [f"chr{name}" for name in [*range(1, 23), "X"]]
    assert check_preset("a.fa", "hg38", {"22": hg38["chr22"]}) == ["22"]
    with pytest.raises(UserError, match=r"chr1 is 248,956,422 bp here \(hg38\) and 249,250,621 bp in hg19"):
        check_preset("a.fa", "hg19", hg38)
    with pytest.raises(UserError, match=r"chr1 is 5 bp here and 248,956,422 bp in hg38; give hg38, or .* null"):
        check_preset("a.fa", "hg38", {"chr1": 5})
    with pytest.raises(UserError, match="holds no chromosome of mm39"):
        check_preset("a.fa", "mm39", {"I": 5})
