"""The built-in worlds through both cluster profiles at once: what ran where, with what, and that it leaves the same."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest

from presage.provenance import file_hash
from presage.report.resources import jobs as logged_jobs
from tests.slurm import heads
from tests.slurm.heads import Head

BY_GRES = ("sequence_adapt:gpu=0", "sequence_adapt:gres=gpu:card:1")  # as a site that refuses --gpus must
MODELS = (
    "sequence_trunk",
    "sequence_embed",
    "sequence_adapt",
    "sequence_variants_part",
)  # GPU rules of the sequence branch
POSE = ("homecage_pose_train", "homecage_pose")
CARD = re.compile("stand-in for a GPU: card [01]$", re.M)
SAME = (
    "sequence/trunk/trunk.safetensors",
    "sequence/pseudobulk/tracks.parquet",
    "sequence/variants/planted/scores.parquet",
)


class Run(NamedTuple):
    """A finished run: what its head left, and the folder of its results."""

    head: Head
    folder: Path


@pytest.fixture(scope="module")
def both(repository: Path, user: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Run, Run]]:
    """The sequence branch under conda without GPUs; beside it, GPU rules and the home-cage branch from the .venv."""
    folder, configs = tmp_path_factory.mktemp("demo"), repository / "tests" / "slurm"
    conda, venv = folder / "conda" / "results", folder / "venv" / "results"
    conda.parent.mkdir()
    venv.parent.mkdir()
    scores = f"{venv}/demo/sequence/variants/planted/scores.parquet"
    sequence, homecage = configs / "sequence.yaml", configs / "homecage.yaml"
    gres = ("--set-resources", *BY_GRES, "--", "homecage", scores)
    started = [
        heads.start(
            repository, user, conda, [sequence], "--slurm-keep-successful-logs", profile="slurm", settings=["gpus=0"]
        ),
        heads.start(repository, user, venv, [sequence, homecage], *gres),
    ]
    try:
        for head in started:
            assert head.finish() == 0, head.text()[-4000:]
        yield Run(started[0], conda / "demo"), Run(started[1], venv / "demo")
    finally:
        for head in started:
            heads.end(head)


@pytest.fixture
def conda(both: tuple[Run, Run]) -> Run:
    return both[0]


@pytest.fixture
def venv(both: tuple[Run, Run]) -> Run:
    return both[1]


def test_a_whole_branch_ends_under_conda(conda: Run) -> None:
    summary = json.loads((conda.folder / "summary.json").read_text())
    assert summary["sequence.variants.scored"] > 0
    assert (conda.folder / "index.html").is_file()


def test_each_job_ran_in_the_environment_of_its_rule(conda: Run, repository: Path) -> None:
    made = {path.name for path in (repository / ".snakemake" / "conda").iterdir() if path.is_dir()}
    for job in conda.head.jobs():
        (log,) = (repository / ".snakemake" / "slurm_logs" / f"rule_{job.rule}").rglob(f"{job.number}.log")
        entered = re.search(r"Activating conda environment: \S*\.snakemake/conda/(\S+)", log.read_text())
        assert entered and entered[1] in made, job.rule


def test_gpu_rules_land_on_the_gpu_partition_and_see_their_card(venv: Run) -> None:
    placed = {job.rule: job.partition for job in venv.head.jobs()}
    gpus = logged_jobs(venv.folder).groupby("rule")["gpus"].max()
    assert set(gpus[gpus > 0].index) == {*MODELS, *POSE} == {rule for rule, where in placed.items() if where == "gpu"}
    for rule in MODELS:
        logs = [*(venv.folder / "logs" / rule).glob("*.log"), *(venv.folder / "logs").glob(f"{rule}.log")]
        assert logs and all(CARD.search(log.read_text()) for log in logs), rule
    for rule in POSE:  # cage-days of finished pose need no card
        logs = [*(venv.folder / "logs" / rule).rglob("*.log"), *(venv.folder / "logs").glob(f"{rule}.log")]
        assert any(CARD.search(log.read_text()) for log in logs), rule


def test_without_gpus_all_stay_on_the_cpu_partition(conda: Run) -> None:
    assert {job.partition for job in conda.head.jobs()} == {"cpu"}


def test_no_job_had_to_be_tried_twice(venv: Run, conda: Run) -> None:
    """Both runs log to one clone; the head that ended first must not have taken the other's folders."""
    assert {job.state for run in (venv, conda) for job in run.head.jobs()} == {"COMPLETED"}


def test_jobs_get_what_their_rules_ask_for(venv: Run, conda: Run) -> None:
    for run in (venv, conda):
        asked = logged_jobs(run.folder).groupby("rule")["asked_mb"].max()
        given = pd.DataFrame(run.head.jobs()).groupby("rule")["memory"].max()
        assert asked.sort_index().to_dict() == given.sort_index().to_dict()


def test_both_profiles_make_the_same_bytes(venv: Run, conda: Run) -> None:
    assert [path for path in SAME if file_hash(venv.folder / path) != file_hash(conda.folder / path)] == []


def test_the_home_cage_branch_ends_too(venv: Run) -> None:
    assert (venv.folder / "homecage" / "morning.html").is_file()
    assert (venv.folder / "homecage" / "distress" / "alarms.parquet").is_file()
