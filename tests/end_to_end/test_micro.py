"""Both branches end to end on the smallest worlds: what a run leaves, that it reruns nothing, and repeats itself."""

import json
import subprocess
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from presage import tables
from presage.provenance import file_hash
from tests.running import MICRO, ONLINE, ROOT, SECRET, snakemake

LEFT = [
    "summary.json",
    "config.yaml",
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
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished micro run on two cores."""
    results = tmp_path_factory.mktemp("micro")
    done = snakemake(MICRO, results, "--cores", "2")
    assert done.returncode == 0, done.stdout[-5000:]
    return results / "micro"


def test_everything_of_the_contract_is_there(run: Path) -> None:
    assert [path for path in LEFT if not (run / path).exists()] == []


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
    done = snakemake(MICRO, run.parent, "--cores", "2")
    assert done.returncode == 0, done.stdout[-3000:]
    assert "Nothing to be done" in done.stdout


def test_a_setting_of_pooling_reads_no_sample_again(run: Path, tmp_path: Path) -> None:
    config = yaml.safe_load(MICRO.read_text())
    config["sequence"]["pseudobulk"] = {"min_cells": 4}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(config))
    said = snakemake(tmp_path / "c.yaml", run.parent, "-n", "--cores", "2").stdout
    planned = {line.split()[0] for line in said.split("Job stats:")[1].splitlines() if line.startswith("sequence_")}
    assert {"sequence_pseudobulk", "sequence_adapt"} <= planned
    assert not {"sequence_pseudobulk_part", "sequence_reference", "sequence_trunk"} & planned


def test_snakemakes_own_report_works(run: Path, tmp_path: Path) -> None:
    done = snakemake(MICRO, run.parent, "--report", str(tmp_path / "report.zip"))
    assert done.returncode == 0, done.stdout[-3000:]
    assert (tmp_path / "report.zip").stat().st_size > 10_000


def test_same_seed_same_bytes_on_one_core(run: Path, tmp_path: Path) -> None:
    repeated = [
        "worlds/genome/reads/donor1.bam",
        "sequence/pseudobulk/tracks.parquet",
        "sequence/trunk/trunk.safetensors",
        "sequence/adapt/lora/seed1/adapter.safetensors",
        "sequence/variants/planted/scores.parquet",
        "sequence/evaluate/metrics.parquet",
        "worlds/vivarium/events.tsv",
    ]
    done = snakemake(MICRO, tmp_path, "--cores", "1", "--", *[f"{tmp_path}/micro/{path}" for path in repeated])
    assert done.returncode == 0, done.stdout[-3000:]
    assert [p for p in repeated if file_hash(tmp_path / "micro" / p) != file_hash(run / p)] == []


def test_the_repository_stays_clean(run: Path) -> None:
    said = subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    made = ("results/", "resources/public/", ".snakemake/", ".part-", ".resume/")
    assert [line for line in said.splitlines() if any(name in line for name in made)] == []


def test_nothing_goes_online(run: Path) -> None:
    assert not ONLINE.exists(), ONLINE.read_text()


def test_no_secret_of_the_environment_is_written_down(run: Path) -> None:
    files = [path for folder in (run, ROOT / ".snakemake" / "log") for path in folder.rglob("*") if path.is_file()]
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []
