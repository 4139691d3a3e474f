"""However a job ends, the user reads one line, nothing is left half-written, and what an earlier run made stays."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import ROOT

SCRIPT = """
import os, resource, signal, sys, time
from pathlib import Path
from types import SimpleNamespace
from presage.entry import main

class Named(dict):
    def __iter__(self):
        return iter(self.values())

def run(job):
    job.output.table.write_text("half")
{body}

folder = Path(sys.argv[1])
main(run, SimpleNamespace(
    rule="some_rule", input=Named(), output=Named(table=str(folder / "table.txt")), params={{"torch_threads": 1}},
    wildcards=None, config={{}}, threads=1, resources={{"gpu": 1}}, log=[str(folder / "logs" / "some.log")],
))
"""
ENDS = {
    "killed": ("os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL", "no memory left"),
    "cancelled": ("os.kill(os.getpid(), signal.SIGTERM)", "SIGTERM", "cancelled"),
    "crashed": ("import ctypes; ctypes.string_at(0)", "SIGSEGV", "a library crashed"),
    "memory": (
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)); bytearray(1 << 34)",
        "out of memory",
        "give the job more memory",
    ),
    "array": (
        "import numpy; resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)); numpy.ones(1 << 34)",
        "out of memory (Unable to allocate 128. GiB",
        "give the job more memory",
    ),
    "gpu": (
        "from presage.device import device; import torch; torch.cuda.is_available = lambda: False; device(job.gpus)",
        "1 GPU(s) of this job",
        "sees none",
    ),
    "read-only": ("raise OSError(30, os.strerror(30), 'x.bw')", "Read-only file system", "x.bw"),
    "names": ("raise ValueError('two\\nlines and \\x1b[31mcolour')", "two lines and \\x1b[31mcolour", "traceback in"),
}


def ended(folder: Path, body: str, **more: str) -> subprocess.CompletedProcess[str]:
    """A job that does ``body`` after it has begun to write."""
    (folder / "job.py").write_text(SCRIPT.format(body="".join(f"    {line}\n" for line in body.splitlines())))
    return subprocess.run(
        [sys.executable, str(folder / "job.py"), str(folder)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "scripts"), **more},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("end", ENDS)
def test_one_line_and_nothing_half_written(tmp_path: Path, end: str) -> None:
    body, *words = ENDS[end]
    (tmp_path / "table.txt").write_text("of an earlier run")
    done = ended(tmp_path, body, SLURM_JOB_ID="1")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("error") and [word for word in words if word not in line] == []
    assert (tmp_path / "table.txt").read_text() == "of an earlier run"
    assert not any(tmp_path.glob(".part-*"))


def test_a_job_that_ends_well_says_nothing(tmp_path: Path) -> None:
    done = ended(tmp_path, "job.output.table.write_text('whole')")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "table.txt").read_text() == "whole"


def test_the_log_tells_where_a_library_crashed(tmp_path: Path) -> None:
    ended(tmp_path, ENDS["crashed"][0])
    log = (tmp_path / "logs" / "some.log").read_text()
    assert "Segmentation fault" in log and "in string_at" in log


def test_a_job_does_not_outlive_the_process_that_waits_for_it(tmp_path: Path) -> None:
    """Or it would write on beside the next attempt."""
    body = "os.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(5)\n(folder / 'alive').touch()"
    done = ended(tmp_path, body)
    assert done.returncode == -9
    assert not (tmp_path / "alive").exists()
    assert not (tmp_path / "table.txt").exists()


def test_a_cancelled_wait_cancels_the_job(tmp_path: Path) -> None:
    body = "os.kill(os.getppid(), signal.SIGTERM)\ntime.sleep(60)"
    done = ended(tmp_path, body)
    assert done.returncode == 1 and "SIGTERM: it was cancelled" in done.stderr
    assert not any(tmp_path.glob(".part-*"))
