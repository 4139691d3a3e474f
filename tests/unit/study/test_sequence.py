"""presage.study: where inputs lie, and which labels a row of the sample sheet gets."""

import shutil
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest

from presage import data_registry
from presage.config.genome_world import GenomeWorld
from presage.config.root import Sequence
from presage.config.variants import Variants, VariantSet
from presage.errors import UserError
from presage.sequence.reference.assemblies import ASSEMBLIES
from presage.sheets import Sample
from presage.study.paths import PUBLIC_FILES, PUBLIC_FOLDERS
from presage.study.sequence import SequenceInputs, check_distinct, is_clustered, with_labels

CLUSTERS = "run/labels.tsv"


def labels(*rows):
    return [row.labels for row in with_labels(list(rows), CLUSTERS, "s.tsv")]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (Sample("s", "bam", "a.bam"), CLUSTERS),
        (Sample("s", "bam", "a.bam", labels="cluster"), CLUSTERS),
        (Sample("s", "bam", "a.bam", labels="whole"), "whole"),
        (Sample("s", "bam", "a.bam", labels="l.tsv"), "l.tsv"),
        (Sample("s", "bam", "a.bam", cell_type="T"), ""),
        (Sample("s", "h5ad", "a.h5ad"), ""),
        (Sample("s", "h5ad", "a.h5ad", labels="cluster"), CLUSTERS),
        (Sample("s", "fragments", "a.tsv.gz", labels="whole"), "whole"),
        (Sample("s", "fragments", "a.tsv.gz", cell_type="T"), ""),
        (Sample("s", "bigwig", "a.bw", cell_type="T", assay="rna", strand="+"), ""),
    ],
)
def test_labels_of_one_row(row, expected):
    assert labels(row) == [expected]
    assert is_clustered(row) == (expected == CLUSTERS)


@pytest.mark.parametrize("kind", ["fragments", "bam_atac"])
@pytest.mark.parametrize("word", ["", "cluster"])
def test_atac_takes_the_labels_of_its_rna(kind, word):
    atac = Sample("s", kind, "a", labels=word)
    assert labels(Sample("s", "bam", "a.bam"), atac) == [CLUSTERS] * 2
    assert labels(Sample("s", "bam", "a.bam", labels="l.tsv"), atac) == ["l.tsv"] * 2
    assert labels(Sample("s", "h5ad", "a.h5ad"), atac) == ["", "a.h5ad"]
    for rna in ([], [Sample("s", "bam", "a.bam", labels="whole")], [Sample("other", "bam", "a.bam")]):
        with pytest.raises(UserError, match=rf"s\.tsv sample s \({kind}\): has no labels.*or to whole"):
            labels(*rna, atac)


def test_the_clusterings_barcodes_are_plain_whatever_the_rule():
    row = Sample("s", "bam", "a.bam", barcodes="{sample}_{barcode}")
    assert [r.barcodes for r in with_labels([row, Sample("s", "fragments", "f")], CLUSTERS, "s.tsv")] == [
        "{barcode}",
        "{barcode}",
    ]


def distinct(*rows: Sample, rule: str = "{barcode}") -> None:
    check_distinct(with_labels(list(rows), CLUSTERS, "s.tsv"), CLUSTERS, rule, "s.tsv")


@pytest.mark.parametrize("labels", ["l.tsv", "whole", "cluster", ""])
@pytest.mark.parametrize("path", ["a.bam", "./a.bam", "link.bam"])
def test_a_file_that_two_samples_name_with_the_same_labels_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, labels: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.bam").touch()
    Path("link.bam").symlink_to("a.bam")
    rows = Sample("s1", "bam", "a.bam", labels=labels), Sample("s2", "bam", path, labels=labels)
    with pytest.raises(UserError, match=r"s\.tsv sample s2 \(bam\): \S+ is also the file of s1 \(bam\), with the same"):
        distinct(*rows, rule="{sample}_{barcode}" if labels != "l.tsv" else "{barcode}")
    distinct(rows[0], Sample("s2", "bam", "b.bam", labels=labels))


def test_counts_and_fragments_are_refused_twice_too() -> None:
    for labels in ("", "a.h5ad"):
        with pytest.raises(UserError, match=r"sample s2 \(h5ad\): a.h5ad is also the file of s1"):
            distinct(Sample("s1", "h5ad", "a.h5ad"), Sample("s2", "h5ad", "a.h5ad", labels=labels))
    rna = [Sample(f"s{i}", "bam", f"{i}.bam", labels="l.tsv") for i in (1, 2)]
    with pytest.raises(UserError, match=r"sample s2 \(fragments\): f is also the file of s1"):
        distinct(*rna, Sample("s1", "fragments", "f"), Sample("s2", "fragments", "f"))


def test_a_bigwig_is_in_one_row_whatever_it_is_said_to_hold() -> None:
    plus = Sample("s", "bigwig", "a.bw", cell_type="T", assay="rna", strand="+")
    with pytest.raises(
        UserError, match=r"s \(bigwig, T rna -\): a.bw is also the file of s \(bigwig, T rna \+\); corr"
    ):
        distinct(plus, Sample("s", "bigwig", "a.bw", cell_type="T", assay="rna", strand="-"))


def test_a_pool_is_shared_by_samples_whose_labels_tell_their_cells_apart(tmp_path: Path) -> None:
    pool = [Sample(f"s{i}", "bam", "a.bam", labels=f"{i}.tsv") for i in (1, 2)]
    distinct(*pool, Sample("s1", "fragments", "f"), Sample("s2", "fragments", "f"))  # inherited, and so theirs
    together = [Sample(f"s{i}", "h5ad", "a.h5ad") for i in (1, 2)]
    distinct(*together, rule="{sample}_{barcode}")
    file = tmp_path / "l.tsv"
    file.write_text("barcode\tcell_type\tsample\n")
    distinct(*(Sample(f"s{i}", "bam", "a.bam", labels=str(file)) for i in (1, 2)))


@pytest.mark.parametrize("suffix", [".h5ad", ".zarr"])
def test_one_h5ad_of_many_samples_may_be_listed_for_each(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"

    def write(*columns: str) -> None:
        obs = pd.DataFrame(dict.fromkeys(columns, "x"), index=["AC-1", "CC-1"])
        data = anndata.AnnData(np.ones((2, 2), np.float32), obs=obs)
        data.write_h5ad(path) if suffix == ".h5ad" else data.write_zarr(path)

    rows = [Sample(f"s{i}", "h5ad", str(path)) for i in (1, 2)]
    write("cell_type", "sample")
    distinct(*rows)
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    write("cell_type")
    with pytest.raises(UserError, match="is also the file of s1"):
        distinct(*rows)


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
