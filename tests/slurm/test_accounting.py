"""A run on a site with accounts: sacct tells how jobs ended, and a report what each used of what it asked for."""

import subprocess
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest

from tests.slurm import heads, loopback
from tests.slurm.heads import Head, wait_for

HUNGRY_MB = 1300  # above the 1000 MB that sequence_history first asks for, below the double
RULES = ("genome_world", "sequence_reference", "sequence_bulk", "sequence_trunk", "sequence_history")


def accounts(env: dict[str, str], *which: str) -> pd.DataFrame:
    """What sacct says of jobs, in the order of their submission."""
    columns = ["JobIDRaw", "Comment", "State", "ReqMem", "Account"]
    command = ["sacct", "--allocations", "--parsable2", "--format", ",".join(columns), *which]
    said = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
    return pd.read_csv(StringIO(said), sep="|", dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def ended(repository: Path, user: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Head:
    """A run of ``fit.yaml``, but with a short fit. Its last job needs more memory than it first asks for."""
    results = tmp_path_factory.mktemp("accounts") / "results"
    head = heads.start(
        repository,
        {**user, "PRESAGE_TEST_HUNGRY": f"sequence_history:{HUNGRY_MB}"},
        results,
        [repository / "tests" / "slurm" / "fit.yaml"],
        "--",
        f"{results}/fit/sequence/trunk/history.svg",
        site="tests/slurm/site_with_accounts",
        settings=["sequence={trunk: {training: {epochs: 1}}}"],
    )
    try:
        assert head.finish() == 0, head.text()[-3000:]
    finally:
        heads.end(head)
    return head


def test_sacct_shows_a_job_above_its_memory_and_it_gets_more(ended: Head) -> None:
    jobs = accounts(ended.env, "--name", ended.run)
    assert set(jobs["Account"]) == {loopback.ACCOUNT}
    first, second = jobs[jobs["Comment"].str.startswith("rule_sequence_history")].itertuples()
    assert (first.ReqMem, second.ReqMem) == ("1000M", "2000M")
    assert first.State in ("FAILED", "OUT_OF_MEMORY") and second.State == "COMPLETED"
    assert f"SLURM-job '{first.JobIDRaw}' failed, SLURM status is: '{first.State}'. Reason" in ended.text()


def test_the_report_says_what_each_job_used_of_what_it_asked_for(ended: Head, repository: Path) -> None:
    report = pd.read_csv(repository / "results" / "efficiency" / f"efficiency_report_{ended.run}.csv", index_col=0)
    jobs = accounts(ended.env, "--name", ended.run)
    assert report["MainJobID"].astype(str).tolist() == jobs["JobIDRaw"].tolist()
    assert report["RuleName"].tolist() == jobs["Comment"].tolist()
    rules = report["RuleName"].str.removeprefix("rule_").str.replace("_wildcards_.*", "", regex=True)
    assert set(rules) == set(RULES)
    assert [f"{memory:.0f}M" for memory in report["RequestedMem_MB"]] == jobs["ReqMem"].tolist()
    assert report["MaxRSS_MB"].between(100, 2000).all()  # Snakemake in the job alone takes 100
    assert (report["Memory Usage (%)"] - 100 * report["MaxRSS_MB"] / report["RequestedMem_MB"]).abs().max() < 0.01
    assert report["Memory Usage (%)"][(jobs["State"] != "COMPLETED").to_numpy()].gt(100).all()
    assert report["Elapsed_sec"].between(1, 600).all() and report["TotalCPU_sec"].gt(0.5).all()
    assert report["CPU Efficiency (%)"].between(1, 100 * 4).all()  # no cgroup holds a job to its one CPU of the four


def test_a_cancelled_job_has_one_name_in_squeue_and_another_in_sacct(cluster: dict[str, str]) -> None:
    """The executor knows CANCELLED alone and waits for the other for ever: so the cluster profiles ask squeue."""
    command = ["sbatch", "--parsable", "--output", "/dev/null", "--wrap", "sleep 60"]
    job = subprocess.run(command, env=cluster, capture_output=True, text=True, check=True).stdout.strip()
    subprocess.run(["scancel", job], env=cluster, check=True)
    queue = ["squeue", "--noheader", "--states", "all", "--jobs", job, "--format", "%T"]
    assert subprocess.run(queue, env=cluster, capture_output=True, text=True, check=True).stdout.strip() == "CANCELLED"
    wait_for(
        lambda: accounts(cluster, "--jobs", job)["State"].str.startswith("CANCELLED by ").all(),
        20,
        "sacct names it as squeue does",
    )
