"""Both branches end to end on the smallest worlds: what a run leaves, and that it reruns nothing."""

import json
import shutil
import subprocess
from pathlib import Path
from zipfile import ZipFile

import pyarrow.parquet as pq
import pytest
import yaml

from presage import tables
from tests.running import MICRO, ONLINE, ROOT, SECRET, snakemake

LEFT = [
    "summary.json",
    "config.yaml",
    "record.json",
    "index.html",
    "sequence/reference/genome.fa",
    "sequence/reference/genome.fa.fai",
    "sequence/reference/genes.parquet",
    "sequence/reference/windows.parquet",
    "sequence/reference/blacklist.parquet",
    "sequence/reference/qc.json",
    "sequence/pseudobulk/cells.parquet",
    "sequence/pseudobulk/tracks.parquet",
    "sequence/pseudobulk/bw",
    "sequence/pseudobulk/counts.h5ad",
    "sequence/pseudobulk/targets.zarr",
    "sequence/pseudobulk/qc.json",
    "sequence/adapt/lora/seed1/adapter.safetensors",
    "sequence/adapt/lora/seed1/card.json",
    "sequence/adapt/lora/seed1/history.parquet",
    "sequence/adapt/lora/seed1/history.svg",
    "sequence/embeddings/embedding.zarr",
    "sequence/cells/decoder.safetensors",
    "sequence/cells/card.json",
    "sequence/cells/embeddings.parquet",
    "sequence/cells/evaluation.parquet",
    "sequence/variants/planted/sites.parquet",
    "sequence/variants/planted/null_sites.parquet",
    "sequence/variants/planted/null_dropped.parquet",
    "sequence/variants/planted/scores.parquet",
    "sequence/variants/planted/dropped.parquet",
    "sequence/variants/planted/scores.vcf.gz",
    "sequence/variants/planted/scores.vcf.gz.tbi",
    "sequence/ism/planted.parquet",
    "sequence/ism/planted.svg",
    "sequence/ism/planted.npz",
    "sequence/ism/planted.bw",
    "sequence/ism/planted.coverage.parquet",
    "sequence/ism/planted.seqlets.parquet",
    "sequence/evaluate/metrics.parquet",
    "sequence/evaluate/leakage.parquet",
    "sequence/evaluate/generalise.parquet",
    "homecage/segments.parquet",
    "homecage/readings/daily.parquet",
    "homecage/distress/scores.parquet",
    "homecage/distress/alarms.parquet",
    "homecage/distress/model",
    "homecage/distress/lead_time.parquet",
    "homecage/distress/evaluation.parquet",
    "homecage/morning.html",
    "homecage/timeline",
]
TABLES = {
    "genes": "sequence/reference/genes.parquet",
    "windows": "sequence/reference/windows.parquet",
    "cells": "sequence/pseudobulk/cells.parquet",
    "tracks": "sequence/pseudobulk/tracks.parquet",
    "history": "sequence/adapt/lora/seed1/history.parquet",
    "sites": "sequence/variants/planted/sites.parquet",
    "null_sites": "sequence/variants/planted/null_sites.parquet",
    "scores": "sequence/variants/planted/scores.parquet",
    "dropped": "sequence/variants/planted/dropped.parquet",
    "ism": "sequence/ism/planted.parquet",
    "ism_coverage": "sequence/ism/planted.coverage.parquet",
    "seqlets": "sequence/ism/planted.seqlets.parquet",
    "metrics": "sequence/evaluate/metrics.parquet",
    "leakage": "sequence/evaluate/leakage.parquet",
    "generalise": "sequence/evaluate/generalise.parquet",
    "cell_embeddings": "sequence/cells/embeddings.parquet",
    "segments": "homecage/segments.parquet",
    "daily": "homecage/readings/daily.parquet",
    "distress_scores": "homecage/distress/scores.parquet",
    "alarms": "homecage/distress/alarms.parquet",
    "lead_time": "homecage/distress/lead_time.parquet",
    "evaluation": "homecage/distress/evaluation.parquet",
}
KEYS = [
    "sequence.trunk_params",
    "sequence.adapter.lora.trainable_fraction",
    "sequence.adapter.lora.test_pearson_per_celltype",
    "sequence.adapter.lora.test_pearson_across_celltypes",
    "sequence.cells.test_pearson_per_celltype",
    "sequence.cells.deviance_gain",
    "sequence.variants.scored",
    "sequence.variants.dropped",
    "sequence.variants.auroc",
    "sequence.variants.sign_accuracy",
    "homecage.pose.test_rmse_px",
    "homecage.pose.frames",
    "homecage.cages",
    "homecage.cage_days",
    "homecage.no_call_fraction",
    "homecage.detection_rate",
    "homecage.median_lead_time_days",
    "homecage.median_lead_time_ci_low",
    "homecage.median_lead_time_ci_high",
    "homecage.false_alarms_per_cage_month",
    "homecage.alarm_budget",
]


@pytest.fixture(scope="session")
def run(micro_run: Path) -> Path:
    """The folder of a finished micro run."""
    return micro_run


def workflow(run: Path, *args: str, config: Path = MICRO) -> subprocess.CompletedProcess[str]:
    """Snakemake where that run was made."""
    return snakemake(config, Path("results"), "--directory", str(run.parents[1]), *args)


def test_everything_of_the_contract_is_there(run: Path) -> None:
    assert [path for path in LEFT if not (run / path).exists()] == []


def test_snakemakes_report_has_a_caption_and_labels_for_everything(run: Path, tmp_path: Path) -> None:
    done = snakemake(MICRO, run.parent, "--cores", "1", "--report", str(tmp_path / "report.zip"))
    assert done.returncode == 0, done.stdout[-3000:]
    page = ZipFile(tmp_path / "report.zip").read("report/report.html").decode()
    results, _ = json.JSONDecoder().raw_decode(page.split('<script id="results">')[1].split("var results = ")[1])
    shown = {Path(path).name for path in results}
    assert {path.name for path in run.glob("figures/*.svg")} | {"index.html", "qc.html", "variants.html"} <= shown
    for path, item in results.items():
        assert len(item["caption"]) > 20 and set(item["labels"]) == {"shows", "as"}, path


@pytest.mark.parametrize("table", TABLES)
def test_tables_keep_their_contract(run: Path, table: str) -> None:
    rows = tables.read(run / TABLES[table], table)
    assert len(rows) or table in ("dropped", "alarms")
    meta = tables.read_meta(run / TABLES[table])
    assert table in ("history", "scores", "dropped") or meta["simulated"] is True


def test_the_summary_has_every_key_as_number_or_null_with_a_reason(run: Path) -> None:
    summary = json.loads((run / "summary.json").read_text())
    assert [key for key in KEYS if key not in summary] == []
    for key, value in summary.items():
        if not key.endswith("_why"):
            assert value is None or isinstance(value, int | float | str)
            assert value is not None or summary[f"{key}_why"]


def test_nothing_is_dropped_in_silence(run: Path) -> None:
    counts = tables.read_meta(run / TABLES["scores"])["counts"]
    scored = pq.read_table(run / TABLES["scores"], columns=["variant"]).column("variant").to_pylist()
    assert counts["given"] == len(set(scored)) + len(tables.read(run / TABLES["dropped"], "dropped"))
    for sample in json.loads((run / "sequence/pseudobulk/qc.json").read_text())["samples"].values():
        for counted in (v for v in sample.values() if isinstance(v, dict) and "in" in v):
            assert counted["in"] == counted["used"] + sum(counted["dropped"].values())


def test_variants_are_scored_in_single_cells(run: Path) -> None:
    found = tables.read(run / "sequence/variants/planted/cell_scores.parquet", "cell_scores")
    scored = set(pq.read_table(run / TABLES["scores"])["variant"].to_pylist())
    assert set(found["variant"]) == scored and found["cell"].nunique() == 3 == found["cell_type"].nunique()
    assert len(found) == len(scored) * 3 * found.groupby(["assay", "strand"]).ngroups
    assert found["log_fc"].notna().all() and found["log_fc"].abs().max() > 0


def test_the_page_opens_offline_and_says_simulated(run: Path) -> None:
    page = (run / "index.html").read_text()
    assert "simulated" in page.lower()
    assert 'src="http' not in page
    assert len(page.encode()) < 5_000_000


def test_the_index_of_scored_variants_is_read_by_others(run: Path) -> None:
    import pysam

    with pysam.VariantFile(str(run / "sequence/variants/planted/scores.vcf.gz")) as vcf:
        records = sum(1 for chrom in vcf.header.contigs for _ in vcf.fetch(chrom))
    assert records == len(set(pq.read_table(run / TABLES["scores"])["variant"].to_pylist()))


def test_a_second_run_does_nothing(run: Path) -> None:
    done = workflow(run, "--cores", "2")
    assert done.returncode == 0, done.stdout[-3000:]
    assert "Nothing to be done" in done.stdout


def test_a_setting_of_pooling_reads_no_sample_again(run: Path, tmp_path: Path) -> None:
    config = yaml.safe_load(MICRO.read_text())
    config["sequence"]["pseudobulk"] = {"min_cells": 4}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(config))
    said = workflow(run, "-n", config=tmp_path / "c.yaml").stdout
    planned = {line.split()[0] for line in said.split("Job stats:")[1].splitlines() if line.startswith("sequence_")}
    assert {"sequence_pseudobulk", "sequence_adapt"} <= planned
    assert not {"sequence_pseudobulk_part", "sequence_reference", "sequence_trunk"} & planned


def test_snakemakes_own_report_works(run: Path, tmp_path: Path) -> None:
    done = workflow(run, "--report", str(tmp_path / "report.zip"))
    assert done.returncode == 0, done.stdout[-3000:]
    assert (tmp_path / "report.zip").stat().st_size > 10_000


def test_the_repository_stays_clean(run: Path) -> None:
    said = subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    made = ("results/", "resources/public/", ".snakemake/", ".part-", ".resume/")
    assert [line for line in said.splitlines() if any(name in line for name in made)] == []


def test_nothing_goes_online(run: Path) -> None:
    assert not ONLINE.exists(), ONLINE.read_text()


def test_no_secret_of_the_environment_is_written_down(run: Path) -> None:
    files = [path for folder in (run, ROOT / ".snakemake" / "log") for path in folder.rglob("*") if path.is_file()]
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []


OWN_TRUNK = """
run: own
sequence:
  reference: {{fasta: '{world}/genome.fa', gtf: '{world}/genes.gtf'}}
  samples: '{world}/samples.tsv'
  trunk: {{bulk: '{world}/bulk/tracks.tsv', training: {{epochs: 1}}}}
  adapt: {{training: {{epochs: 1}}, cached_trunk: true}}
  evaluate: {{bootstrap: 100}}
"""


def test_a_trunk_is_trained_on_a_sheet_of_ones_own_bulk_tracks(micro_run: Path, tmp_path: Path) -> None:
    """The built-in world's files, given as if they were a user's own, make the same trunk."""
    config = tmp_path / "own.yaml"
    config.write_text(OWN_TRUNK.format(world=micro_run / "worlds" / "genome"))
    wanted = f"{tmp_path}/results/own/sequence/trunk/card.json"
    done = snakemake(config, tmp_path / "results", "--directory", str(tmp_path), "--cores", "2", "--", wanted)
    assert done.returncode == 0, done.stdout[-3000:]
    own, world = (json.loads(path.read_text()) for path in (Path(wanted), micro_run / "sequence/trunk/card.json"))
    assert own["trunk_hash"] == world["trunk_hash"] and own["tracks"] == world["tracks"]
    assert (own["simulated"], world["simulated"]) == (False, True)
    dry = snakemake(config, tmp_path / "results", "--directory", str(tmp_path), "--cores", "2", "-n")
    assert "sequence_adapt" in dry.stdout and "genome_world" not in dry.stdout, dry.stdout[-3000:]


THEIRS = """
run: theirs
sequence:
  reference: {{fasta: '{folder}/genome.fa', gtf: '{folder}/genes.gtf', windows: '{folder}/windows.bed'}}
  trunk: {{kind: presage, path: '{folder}/trunk'}}
  adapt: {{given: {{lab_a: '{folder}/lora'}}}}
  variants: {{cells: 0, sets: {{mine: {{vcf: '{folder}/variants.vcf.gz', null_set: null}}}}}}
"""


def test_another_lab_scores_with_a_finished_adapter_and_no_samples(run: Path, tmp_path: Path) -> None:
    """What a lab is sent is enough for the numbers that the sender has, with the sender's folds."""
    folder, world = tmp_path / "sent", run / "worlds" / "genome"
    shutil.copytree(run / "sequence/trunk", folder / "trunk")
    shutil.copytree(run / "sequence/adapt/lora/seed1", folder / "lora")
    for name in ("genome.fa", "genes.gtf", "variants.vcf.gz"):
        shutil.copy2(world / name, folder)
    windows = tables.read(run / TABLES["windows"], "windows")[["chrom", "out_start", "out_end", "fold"]]
    windows.to_csv(folder / "windows.bed", sep="\t", header=False, index=False)
    (tmp_path / "theirs.yaml").write_text(THEIRS.format(folder=folder))
    done = snakemake(tmp_path / "theirs.yaml", tmp_path / "r", "--directory", str(tmp_path), "--cores", "2")
    assert done.returncode == 0, done.stdout[-3000:]
    theirs = tmp_path / "r" / "theirs"
    columns = ["variant", "track", "cell_type", "assay", "fold", "log_fc", "sad", "log_fc_sd", "sign_agreement"]
    mine, sent = (
        tables.read(path, "scores")[columns] for path in (theirs / "sequence/variants/mine/scores.parquet",
                                                          run / TABLES["scores"])
    )  # fmt: skip
    assert mine.equals(sent)
    summary = json.loads((theirs / "summary.json").read_text())
    assert summary["sequence.adapter.lab_a.trainable_fraction"] > 0 and summary["sequence.variants.scored"] == 36
    assert "The adapter lab_a was trained on simulated data" in (theirs / "index.html").read_text()
    assert (theirs / "sequence/evaluate/evaluation.html").is_file()
    assert not (theirs / "sequence/pseudobulk").exists()


BOTH = """
run: both
sequence:
  reference: {{fasta: '{world}/genome.fa', gtf: '{world}/genes.gtf'}}
  samples: '{world}/samples.tsv'
  trunk: {{kind: presage, path: '{sequence}/trunk'}}
  adapt:
    training: {{epochs: 1}}
    runs: [{{name: probe, kind: probe}}]
    given: {{lab_a: '{sequence}/adapt/lora/seed1'}}
  variants: {{sets: {{}}}}
  evaluate: {{bootstrap: 100}}
"""


def test_a_finished_adapter_is_compared_with_what_another_lab_measured(run: Path, tmp_path: Path) -> None:
    """On the same samples it has the numbers that it has in the run that fitted it."""
    (tmp_path / "both.yaml").write_text(BOTH.format(world=run / "worlds/genome", sequence=run / "sequence"))
    wanted = f"{tmp_path}/r/both/sequence/evaluate/tracks.parquet"
    place = ("--directory", str(tmp_path), "--cores", "2", "--", wanted)
    done = snakemake(tmp_path / "both.yaml", tmp_path / "r", *place)
    assert done.returncode == 0, done.stdout[-3000:]
    here, there = (
        table[(table["model"] == name) & table["seed"].isna() & ~table["metric"].str.endswith("_difference")]
        for table, name in (
            (tables.read(wanted, "metrics"), "lab_a"),
            (tables.read(run / TABLES["metrics"], "metrics"), "lora"),
        )
    )
    columns = ["metric", "split", "group", "value", "ci_low", "ci_high", "n"]
    there = there[~there["metric"].str.startswith("variant_") & ~there["metric"].str.startswith("null_")]
    assert len(here) and here[columns].reset_index(drop=True).equals(there[columns].reset_index(drop=True))
    assert here.loc[here["group"] == "all", "note"].str.contains("15 of its 15 tracks were measured here").all()
