"""The dry-run matrix: which rules run, and how often, for each shipped config and each branch alone."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from presage.config.trunk import TrunkShape

ROOT = Path(__file__).resolve().parents[2]
SEQUENCE_WORLD = {
    "genome_world": 1,
    "sequence_reference": 1,
    "sequence_pseudobulk_part": 4,
    "sequence_pseudobulk": 1,
    "sequence_pseudobulk_page": 1,
    "sequence_bulk": 1,
    "sequence_trunk": 1,
    "sequence_adapt": 3,
    "sequence_history": 4,
    "sequence_sites": 1,
    "sequence_null_sites": 1,
    "sequence_variants_part": 2,  # the set and its null
    "sequence_variants": 1,
    "sequence_ism": 1,
    "sequence_ism_picture": 1,
    "sequence_variants_page": 1,
    "sequence_evaluate_tracks": 1,
    "sequence_evaluate_variants": 1,
    "sequence_leakage": 1,
    "sequence_generalise": 1,
    "sequence_evaluation_page": 1,
    "sequence_evaluate": 1,
    "sequence_figures": 1,
}
HELD_OUT = {  # a cell type and a donor, of the probe
    "sequence_generalise_adapt": 2,
    "sequence_generalise_split": 1,
    "sequence_generalise_one": 2,
}
HOMECAGE_WORLD = {
    "vivarium_world": 1,
    "homecage_segments": 24,
    "homecage_segments_all": 1,
    "homecage_pose_train": 1,
    "homecage_pose": 24,
    "homecage_features": 24,
    "homecage_quality": 1,
    "homecage_readings": 1,
    "homecage_distress": 1,
    "homecage_evaluate": 1,
    "homecage_figures": 1,
    "homecage_morning": 1,
}
CLIP = {"homecage_clip": 1}  # the demo's
PAGE = {"summary": 1, "index": 1, "record": 1, "report": 1}


def plan(tmp_path: Path, *args: str) -> dict[str, int]:
    """Rules and job counts of a dry run with its results in ``tmp_path``; fails with Snakemake's own words."""
    command = [sys.executable, "-m", "snakemake", "-n", "--cores", "2", *args]
    done = subprocess.run(
        [*command, "--config", f"results={tmp_path}/results"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-3000:]
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", said.split("Job stats:")[1].split("\n\n")[0], re.M))
    jobs.pop("total")
    return {rule: int(count) for rule, count in jobs.items()}


def branch_only(tmp_path: Path, branch: str) -> Path:
    path = tmp_path / f"{branch}.yaml"
    path.write_text(f"run: alone\n{branch}:\n  world: {{}}\n")
    return path


def test_without_a_config_the_built_in_world_runs(tmp_path: Path) -> None:
    assert plan(tmp_path) == SEQUENCE_WORLD | HELD_OUT | HOMECAGE_WORLD | CLIP | PAGE


def test_the_demo_is_the_built_in_world(tmp_path: Path) -> None:
    assert plan(tmp_path, "--configfile", "config/demo.yaml") == plan(tmp_path)


def test_sequence_alone(tmp_path: Path) -> None:
    config = branch_only(tmp_path, "sequence")
    assert plan(tmp_path, "--configfile", str(config)) == SEQUENCE_WORLD | PAGE


def test_the_decoder_for_cells_is_one_job_more(tmp_path: Path) -> None:
    config = tmp_path / "cells.yaml"
    config.write_text("run: alone\nsequence:\n  world: {}\n  cells: {adapter: lora}\n")
    assert plan(tmp_path, "--configfile", str(config)) == SEQUENCE_WORLD | {"sequence_cells": 1} | PAGE


def test_hold_outs_run_as_wildcards_along_every_axis(tmp_path: Path) -> None:
    held = "{cell_types: [rare, beta], donors: [donor1], tissues: [simulated], conditions: [a, A]}"
    (tmp_path / "c.yaml").write_text(
        f"run: g\nsequence: {{world: {{}}, cells: {{}}, adapt: {{seeds: [1, 2]}}, generalise: {held}}}\n"
    )
    jobs = plan(tmp_path, "sequence", "--configfile", f"{tmp_path}/c.yaml")
    assert jobs["sequence_generalise_split"] == 4  # a cell type needs no pooling again
    assert jobs["sequence_generalise_adapt"] == 6 * 2 and jobs["sequence_generalise_cells"] == 6
    assert jobs["sequence_generalise_one"] == 6 and jobs["sequence_generalise"] == 1


def test_the_small_paper_draws_every_figure(tmp_path: Path) -> None:
    jobs = plan(tmp_path, "--configfile", "config/paper_small.yaml")
    assert jobs["sequence_adapt"] == (5 + 6) * 2 and jobs["sequence_figures"] == jobs["homecage_figures"] == 1
    assert jobs["sequence_generalise_one"] == jobs["sequence_generalise_cells"] == 4


def test_homecage_alone(tmp_path: Path) -> None:
    config = branch_only(tmp_path, "homecage")
    assert plan(tmp_path, "--configfile", str(config)) == HOMECAGE_WORLD | PAGE


def test_real_data_needs_no_world(tmp_path: Path) -> None:
    jobs = plan(tmp_path, "--configfile", "config/real.yaml")
    assert not {"genome_world", "vivarium_world", "sequence_bulk"} & set(jobs)
    assert {"sequence_tfrecords", "sequence_pseudobulk", "sequence_adapt", "homecage_pose", "homecage_evaluate"} <= set(
        jobs
    )
    assert jobs["homecage_pose"] == 1
    assert jobs["sequence_mpra"] == jobs["sequence_mpra_picture"] == 1
    assert jobs["sequence_generalise_one"] == 4 and "sequence_generalise_split" not in jobs
    assert "sequence_ism" not in jobs


def test_regions_take_the_place_of_the_worlds_own_and_null_takes_it_away(tmp_path: Path) -> None:
    regions = "{a: {gene: SIM1}, b: {variant: 'chr1:500:A:C'}}"
    for given, jobs in ((regions, 2), ("null", 0), ("{}", 1)):
        (tmp_path / "c.yaml").write_text(f"run: ism\nsequence: {{world: {{}}, ism: {{regions: {given}}}}}\n")
        planned = plan(tmp_path, "sequence", "--configfile", f"{tmp_path}/c.yaml")
        assert (planned.get("sequence_ism", 0), planned.get("sequence_ism_picture", 0)) == (jobs, jobs)


def test_jobs_share_variants_null_and_calibration_set(tmp_path: Path) -> None:
    (tmp_path / "m.tsv").write_text("chrom\tpos\tref\talt\ttrack\teffect\n")
    measured = f"{tmp_path}/m.tsv"
    planted, plain = f"{{null_set: matched, calibration: {measured}}}", f"{{vcf: {measured}, null_set: null}}"
    sets = f"{{planted: {planted}, plain: {plain}}}"
    variants = f"{{jobs: 3, cells: 5, adapter: [lora, probe], sets: {sets}}}"
    (tmp_path / "c.yaml").write_text(f"run: v\nsequence: {{world: {{}}, cells: {{}}, variants: {variants}}}\n")
    jobs = plan(tmp_path, "sequence", "--configfile", f"{tmp_path}/c.yaml")
    assert jobs["sequence_variants_part"] == 3 * 3 + 3 and jobs["sequence_variants"] == 2
    assert jobs["sequence_null_sites"] == jobs["sequence_calibration_sites"] == 1
    assert jobs["sequence_sites"] == jobs["sequence_variants_cells"] == 2


def test_real_samples_without_labels_are_clustered_once(tmp_path: Path) -> None:
    sheet = tmp_path / "samples.tsv"
    names = {"pbmc\th5ad": "pbmc68k_reduced.h5ad\tcluster", "cr\tbam": "bamtofastq_cr12-v1.bam\t"}
    rows = [f"{row}\tregistry:singlecell/{rest}" for row, rest in names.items()]
    sheet.write_text("\n".join(["sample\tkind\tpath\tlabels", *rows]) + "\n")
    (tmp_path / "over.yaml").write_text(f"sequence: {{samples: {sheet}}}\n")
    jobs = plan(tmp_path, "sequence", "--configfile", "config/real.yaml", str(tmp_path / "over.yaml"))
    assert jobs["sequence_cluster"] == 1
    assert "sequence_cluster" not in plan(tmp_path, "sequence", "--configfile", "config/real.yaml")


def test_counts_alone_give_no_tracks_and_a_head_only_where_genes_have_places(tmp_path: Path) -> None:
    for name in ("a.h5ad", "g.fa", "g.gtf", "trunk/card.json", "trunk/trunk.safetensors"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(json.dumps({"shape": TrunkShape().model_dump(mode="json")}))
    (tmp_path / "samples.tsv").write_text("sample\tkind\tpath\ns\th5ad\ta.h5ad\n")
    text = f"""
run: counts
sequence:
  samples: {tmp_path}/samples.tsv
  reference: {{fasta: {tmp_path}/g.fa}}
  trunk: {{kind: presage, path: {tmp_path}/trunk}}
"""
    (tmp_path / "c.yaml").write_text(text)
    jobs = plan(tmp_path, "--configfile", f"{tmp_path}/c.yaml")
    expected = {"sequence_reference", "sequence_pseudobulk", "sequence_pseudobulk_page", "sequence_figures"}
    assert set(jobs) == {*expected, *PAGE}
    (tmp_path / "d.yaml").write_text(text.replace("g.fa}", f"g.fa, gtf: {tmp_path}/g.gtf}}"))
    with_genes = plan(tmp_path, "--configfile", f"{tmp_path}/d.yaml")
    assert set(with_genes) - set(jobs) == {"sequence_trunk", "sequence_gene_head"}


def test_an_adapter_from_elsewhere_scores_without_any_sample(tmp_path: Path) -> None:
    for name in ("g.fa", "v.vcf", "trunk/trunk.safetensors", "s1/adapter.safetensors", "s2/adapter.safetensors"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
        (tmp_path / name).with_name("card.json").write_text(json.dumps({"shape": TrunkShape().model_dump(mode="json")}))
    (tmp_path / "c.yaml").write_text(f"""
run: theirs
sequence:
  reference: {{fasta: {tmp_path}/g.fa}}
  trunk: {{kind: presage, path: {tmp_path}/trunk}}
  adapt: {{given: {{lab_a: [{tmp_path}/s1, {tmp_path}/s2]}}}}
  variants: {{jobs: 2, sets: {{mine: {{vcf: {tmp_path}/v.vcf, null_set: null}}}}}}
  ism: {{regions: {{here: {{chrom: chr1, start: 5, end: 9}}}}}}
""")
    scored = {f"sequence_variants{end}": n for end, n in (("", 1), ("_part", 2), ("_page", 1))}
    steps = ["reference", "trunk", "sites", "ism", "ism_picture", "figures"]
    steps += ["evaluate", "evaluate_variants", "evaluation_page", "leakage"]
    alone = {f"sequence_{step}": 1 for step in steps} | {"sequence_given": 2}
    assert plan(tmp_path, "--configfile", f"{tmp_path}/c.yaml") == alone | scored | PAGE
    (tmp_path / "more.yaml").write_text("sequence: {world: {}, variants: {adapter: lab_a}}\n")
    beside = plan(tmp_path, "sequence", "--configfile", f"{tmp_path}/c.yaml", f"{tmp_path}/more.yaml")
    assert beside["sequence_given"] == 2 and beside["sequence_adapt"] == 3
    (tmp_path / "none.yaml").write_text("sequence: {world: {}, adapt: {runs: []}}\n")
    pooled = plan(tmp_path, "sequence", "--configfile", f"{tmp_path}/c.yaml", f"{tmp_path}/none.yaml")
    assert pooled["sequence_pseudobulk"] == 1 and not {"sequence_adapt", "sequence_evaluate_tracks"} & set(pooled)


def test_the_trunks_outputs_are_kept_on_disk_only_when_asked_for(tmp_path: Path) -> None:
    later = "{name: later, kind: lora, targets: [transformer.*]}"
    early, probe = "{name: early, kind: lora, targets: [tower.*.conv]}", "{name: probe, kind: probe}"
    for cached, runs, jobs in (
        ("false", [later, probe], 0),
        ("true", [early], 0),
        ("true", [early, later], 1),
        ("true", [early, later, probe], 2),
    ):
        text = f"sequence: {{world: {{}}, adapt: {{seeds: [1, 2], cached_trunk: {cached}, runs: [{', '.join(runs)}]}}}}"
        (tmp_path / "c.yaml").write_text(f"run: cached\n{text}\n")
        planned = plan(tmp_path, "sequence", "--configfile", f"{tmp_path}/c.yaml")
        assert planned.get("sequence_embed", 0) == jobs
        assert planned["sequence_adapt"] == 2 * len(runs)


@pytest.mark.parametrize(
    ("given", "null", "calibration"),
    [
        ("vcf: V.vcf", 0, 0),
        ("vcf: V.bed, null_set: matched", 1, 0),
        ("vcf: V.bcf, null_set: N.tsv", 1, 0),
        ("vcf: V.vcf, null_set: null, calibration: C.tsv", 0, 1),
        ("null_set: matched, calibration: C.csv", 1, 1),
    ],
)
def test_a_set_has_the_jobs_that_it_asks_for(tmp_path: Path, given: str, null: int, calibration: int) -> None:
    for name in ("V.vcf", "V.bed", "V.bcf", "N.tsv", "C.tsv", "C.csv"):
        (tmp_path / name).touch()
        given = given.replace(name, str(tmp_path / name))
    if "null" not in given:  # empty is the built-in world's
        given += ", null_set: null"
    (tmp_path / "c.yaml").write_text(f"run: sets\nsequence: {{world: {{}}, variants: {{sets: {{s: {{{given}}}}}}}}}\n")
    jobs = plan(tmp_path, "sequence", "--configfile", f"{tmp_path}/c.yaml")
    found = [jobs.get(f"sequence_{name}", 0) for name in ("sites", "null_sites", "calibration_sites", "variants_part")]
    assert found == [1, null, calibration, 1 + null + calibration]


def test_a_bam_is_read_by_as_many_jobs_as_asked_for(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("run: parts\nsequence:\n  world: {}\n  pseudobulk: {parts: 5}\n")
    jobs = plan(tmp_path, "--configfile", f"{tmp_path}/c.yaml")
    assert jobs["sequence_pseudobulk_part"] == 2 * 5 + 2  # two donors' BAMs, and two fragments files


@pytest.mark.parametrize(
    ("target", "inside", "outside"),
    [
        ("sequence", "sequence_evaluate_tracks", "homecage_pose"),
        ("homecage", "homecage_evaluate", "sequence_trunk"),
        ("figures", "homecage_figures", "index"),
        ("morning", "homecage_morning", "sequence_trunk"),
    ],
)
def test_named_targets(tmp_path: Path, target: str, inside: str, outside: str) -> None:
    jobs = plan(tmp_path, target)
    assert inside in jobs
    assert outside not in jobs


@pytest.mark.parametrize("profile", ["slurm", "profiles/slurm-venv"])
def test_cluster_profiles_resolve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: str) -> None:
    # Snakemake asks conda for its version before it plans; a stand-in answers where there is none.
    monkeypatch.setenv("PATH", f"{ROOT}/tests/stand_in/bin{os.pathsep}{os.environ['PATH']}")
    assert plan(tmp_path, "--profile", profile) == plan(tmp_path)


def profile(folder: str) -> dict[str, object]:
    """The settings of a profile."""
    settings: dict[str, object] = yaml.safe_load((ROOT / folder / "profile.yaml").read_text())
    return settings


def test_the_default_profile_shares_no_key_with_a_cluster_profile() -> None:
    conda, venv = profile("profiles/slurm"), profile("profiles/slurm-venv")
    assert not set(profile("profiles/default")) & set(conda)
    assert {**venv, "software-deployment-method": ["conda"]} == conda


@pytest.mark.parametrize("site", ["profiles/site-example", "tests/slurm/site", "tests/slurm/site_with_accounts"])
def test_a_site_override_keeps_what_it_replaces(site: str) -> None:
    """It stands in the place of profiles/default, and its default-resources in the place of the cluster profile's."""
    settings, default = profile(site), profile("profiles/default")
    assert {key: settings.get(key) for key in default} == default
    own = settings.get("default-resources", profile("profiles/slurm")["default-resources"])
    assert set(profile("profiles/slurm")["default-resources"]) <= set(own)


def test_the_example_of_a_site_override_resolves(tmp_path: Path) -> None:
    override = ("--workflow-profile", "profiles/site-example")
    assert plan(tmp_path, "--profile", "profiles/slurm-venv", *override) == plan(tmp_path)


def test_every_rule_asks_for_memory_and_time() -> None:
    """But those that run where Snakemake does: downloads, and what only names targets."""
    silent = []
    for path in sorted((ROOT / "workflow" / "rules").rglob("*.smk")):
        text = path.read_text()
        here = set(re.findall(r"\w+", "".join(re.findall(r"^localrules:\n((?: +.*\n)+)", text, re.M))))
        rules = re.split(r"^rule (\w+):\n", text, flags=re.M)[1:]
        for name, body in zip(rules[::2], rules[1::2]):
            if name not in here and not ("mem_mb=memory(" in body and "runtime=minutes(" in body):
                silent.append(name)
    assert silent == []


def test_a_wrong_key_stops_before_any_job(tmp_path: Path) -> None:
    config = tmp_path / "wrong.yaml"
    config.write_text("sequence:\n  world: {}\n  pseudobluk: {}\n")
    command = [sys.executable, "-m", "snakemake", "-n", "--configfile", str(config)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "config key sequence.pseudobluk: is not known; did you mean 'pseudobulk'?" in done.stdout + done.stderr
