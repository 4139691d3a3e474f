"""presage.study.sequence: where the inputs of the sequence branch lie."""

from pathlib import Path

import pytest

from presage import data_registry
from presage.config.genome_world import GenomeWorld
from presage.config.root import Sequence
from presage.config.variants import Variants, VariantSet
from presage.errors import UserError
from presage.sequence.reference.assemblies import ASSEMBLIES
from presage.study.paths import PUBLIC_FILES, PUBLIC_FOLDERS
from presage.study.sequence import SequenceInputs

CLUSTERS = "run/labels.tsv"


def test_a_sheet_with_one_file_twice_is_refused_before_any_job(tmp_path: Path) -> None:
    (tmp_path / "a.bam").touch()
    sheet = tmp_path / "s.tsv"
    sheet.write_text("sample\tkind\tpath\ns1\tbam\ta.bam\ns2\tbam\t./a.bam\n")
    inputs = SequenceInputs(Sequence.model_construct(world=None, samples=str(sheet)), "", CLUSTERS)
    with pytest.raises(UserError, match="is also the file of s1"):
        inputs.check()


def test_files_of_a_sheet_with_clustered_rows(tmp_path: Path) -> None:
    for name in ("a.bam", "b.bam", "l.tsv"):
        (tmp_path / name).touch()
    sheet = tmp_path / "s.tsv"
    sheet.write_text("sample\tkind\tpath\tlabels\ns1\tbam\ta.bam\t\ns2\tbam\tb.bam\tl.tsv\n")
    config = Sequence.model_construct(world=None, samples=str(sheet))
    inputs = SequenceInputs(config, "", CLUSTERS)
    assert [row.sample for row in inputs.clustered] == ["s1"]
    assert inputs.cluster_files == [f"{tmp_path}/a.bam"]
    files = {source: inputs.source_files(source) for source in inputs.sources}
    assert files == {
        "s1.bam": sorted([f"{tmp_path}/a.bam", CLUSTERS]),
        "s2.bam": sorted([f"{tmp_path}/b.bam", f"{tmp_path}/l.tsv"]),
    }


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ({}, None),
        ({"preset": "mm39"}, None),
        ({"preset": "hg38"}, f"{PUBLIC_FILES}/blacklist/hg38-blacklist.v2.bed.gz"),
        ({"preset": "hg38", "blacklist": ""}, None),
        ({"preset": "hg38", "blacklist": "own.bed"}, "own.bed"),
    ],
)
def test_the_blacklist_is_the_own_one_or_the_presets(keys: dict, path: str | None) -> None:
    trunk = {"kind": "presage", "path": "t"}
    config = Sequence(samples="x.tsv", reference={"fasta": "a.fa", **keys}, trunk=trunk)
    assert SequenceInputs(config, "world").blacklist == path


def test_every_presets_blacklist_is_in_the_registry() -> None:
    names = [build.blacklist for build in ASSEMBLIES.values() if build.blacklist]
    assert len(names) == 3
    assert all(data_registry.members(name.removeprefix(data_registry.PREFIX)) for name in names)


def variant_sets(world=None, **given):
    config = Sequence.model_construct(world=world, variants=Variants(sets={"s": VariantSet(**given)}))
    return SequenceInputs(config, "world").variant_sets


def test_files_of_a_set_of_variants():
    found = variant_sets(vcf="a.bed.gz", null_set="b/n.bcf", calibration="registry:mini_borzoi/targets.txt")["s"]
    assert (found.vcf, found.null, found.null_file, found.null_name) == ("a.bed.gz", "b/n.bcf", "b/n.bcf", "n.bcf")
    assert found.calibration == f"{PUBLIC_FILES}/mini_borzoi/targets.txt"
    drawn = variant_sets(vcf="a.vcf", null_set="matched")["s"]
    assert (drawn.null, drawn.null_file) == ("matched", None)
    bare = variant_sets(vcf="a.vcf", null_set=None)["s"]
    assert (bare.null, bare.null_file, bare.null_name, bare.calibration) == (None, None, None, None)
    assert variant_sets(vcf="a.vcf")["s"].null == "matched" and variant_sets() == {}


def test_a_set_of_the_built_in_world_has_the_planted_null():
    world = GenomeWorld()
    found = variant_sets(world)["s"]
    assert (found.vcf, found.null, found.null_name) == ("world/variants.vcf.gz", "world/null.vcf.gz", "planted")
    assert variant_sets(world, null_set="matched")["s"].null_file is None
    assert variant_sets(world, null_set="n.vcf")["s"].null_name == "n.vcf"


@pytest.mark.parametrize(
    ("given", "key"),
    [
        (
            {"vcf": "a.maf"},
            "sets.s.vcf: a.maf is of no kind that can be read here; give .* in .vcf, .bcf",
        ),
        ({"vcf": "a.vcf", "null_set": "b.zip"}, "sets.s.null_set: b.zip is of no kind"),
        ({"vcf": "a.vcf", "calibration": "c.vcf"}, "sets.s.calibration: c.vcf .* ends in .tsv, .csv, .txt, or that"),
    ],
)
def test_a_variant_file_of_no_known_kind_is_named_by_its_key(given, key):
    with pytest.raises(UserError, match=f"config key sequence.variants.{key}"):
        variant_sets(**given)


ALONE = {
    "reference": {"fasta": "g.fa"},
    "trunk": {"kind": "presage", "path": "trunk"},
    "adapt": {"given": {"lab_a": ["s1", "registry:singlecell/"]}},
    "variants": {"sets": {"mine": {"vcf": "v.vcf"}}},
}


def test_an_adapter_from_elsewhere_scores_where_nothing_can_be_fitted():
    inputs = SequenceInputs(Sequence(**ALONE), "")
    assert inputs.runs == () and inputs.scorers == ["lab_a"] and not inputs.has_tracks
    assert inputs.given_adapters == {"lab_a": ["s1", f"{PUBLIC_FOLDERS}/singlecell"]}
    assert inputs.adapter_files[:2] == ["s1/adapter.safetensors", "s1/card.json"]
    inputs.check()
    both = SequenceInputs(Sequence(world={}, adapt=ALONE["adapt"]), "world")
    assert both.scorers == ["lora", "probe", "ridge", "lab_a"]


def test_an_adapter_that_cannot_be_fitted_cannot_score():
    inputs = SequenceInputs(Sequence(**{**ALONE, "ism": {"adapter": "lora"}}), "")
    with pytest.raises(UserError, match=r"sequence\.ism\.adapter: lora cannot be fitted.*name one of lab_a"):
        inputs.check()
