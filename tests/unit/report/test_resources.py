"""presage.report.resources: what jobs asked for and took, read from their logs."""

import multiprocessing
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from presage.entry import Job, peak_mb, work
from presage.report.resources import jobs, resources_table
from presage.report.run import NoData
from tests.unit.test_entry import rule

ASKED = "INFO asked for: threads 2, memory {} MB, time 240 min, GPUs 1\n"
TOOK = "INFO took: {} s, peak memory {} MB\n"


def write(run: Path, name: str, text: str) -> None:
    path = run / "logs" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_one_line_for_each_rule_with_its_largest_job(tmp_path: Path) -> None:
    write(tmp_path, "small.log", ASKED.format(1000) + TOOK.format("0.5", 100))
    write(tmp_path, "large/a.log", ASKED.format(4000) + "INFO in between\n" + TOOK.format("10.0", 900))
    write(tmp_path, "large/b.log", ASKED.format(8000) + TOOK.format("30.0", 2000))
    write(tmp_path, "large/still_running.log", ASKED.format(4000))
    head, _, *lines = resources_table(tmp_path).splitlines()
    assert head.startswith("| rule | jobs | peak MB | asked MB | used |")
    assert lines == [
        "| large | 2 | 2,000 | 8,000 | 25% | 30.0 | 40 | 240 | 2 | 1 |",
        "| small | 1 | 100 | 1,000 | 10% | 0.5 | 0 | 240 | 2 | 1 |",
    ]


def test_a_job_writes_the_lines_that_are_read(tmp_path: Path) -> None:
    """In a process of its own: the peak of this one is that of the largest test before."""
    child = multiprocessing.get_context("spawn").Process(target=a_job_of_300_mb, args=(tmp_path,))
    child.start()
    child.join()
    assert child.exitcode == 0


def a_job_of_300_mb(tmp_path: Path) -> None:
    held = []

    def run(job: Job) -> None:
        held.append(np.ones(300 * 2**20 // 8))
        job.output.table.write_text("t")

    before = peak_mb()
    some = rule(tmp_path / "out", table="table.txt")
    some.log = [str(tmp_path / "logs" / "some.log")]
    some.resources = SimpleNamespace(get={"mem_mb": 700, "runtime": 9}.get)
    work(run, some)
    (job,) = jobs(tmp_path).itertuples()
    assert (job.rule, job.threads, job.asked_mb, job.asked_min, job.gpus) == ("some", 1, 700, 9, 0)
    assert before + 200 <= job.peak_mb <= peak_mb() and job.seconds >= 0


def test_a_run_without_finished_jobs_has_no_table(tmp_path: Path) -> None:
    write(tmp_path, "one.log", ASKED.format(1000))
    with pytest.raises(NoData, match="no log of a finished job"):
        resources_table(tmp_path)
