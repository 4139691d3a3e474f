"""Same seed, same answer: a run made again from its record, on one core and not two, leaves the same bytes.

What may differ is named in one place, ``presage.record.MAY_DIFFER``.
"""

import json
import os
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from presage.record import MAY_DIFFER, differences, may_differ, result_hashes
from tests.running import ROOT

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def again(micro_run: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The micro run made again by the command of its record: the new run's folder, and what the command said."""
    folder = tmp_path_factory.mktemp("repeat") / "again"
    command = [sys.executable, "-m", "presage.record", str(micro_run / "record.json"), "--again", str(folder)]
    said = subprocess.run(
        [*command, "--cores", "1"],
        cwd=micro_run.parents[1],
        env={**os.environ, "PYTHONPATH": str(ROOT / "scripts")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return folder / "results" / "micro", said


def test_a_run_made_again_from_its_record_has_the_same_bytes(
    micro_run: Path, again: tuple[Path, subprocess.CompletedProcess[str]]
) -> None:
    folder, said = again
    assert said.returncode == 0, said.stdout[-3000:]
    assert differences(result_hashes(micro_run), result_hashes(folder)) == []


def test_every_table_and_every_weight_is_among_them(micro_run: Path) -> None:
    results = json.loads((micro_run / "record.json").read_text())["results"]
    files = {path.relative_to(micro_run) for path in micro_run.rglob("*") if path.is_file()}
    left_out = {path for path in files if path.as_posix() not in results and ".zarr" not in path.as_posix()}
    assert all(may_differ(path.as_posix()) for path in left_out)
    assert all(any(fnmatch(path.as_posix(), pattern) for path in left_out) for pattern in MAY_DIFFER)
    endings = {path.suffix for path in files - left_out}
    assert {".parquet", ".safetensors", ".pt", ".h5ad", ".bw", ".bam", ".html", ".svg", ".json"} <= endings
    assert not {".safetensors", ".h5ad"} & {path.suffix for path in left_out}
    assert {path.as_posix() for path in left_out if path.suffix == ".parquet"} == {"figures/fig2_adapters.parquet"}


def test_the_record_says_how_it_was_made(micro_run: Path) -> None:
    record = json.loads((micro_run / "record.json").read_text())
    assert record["command"].startswith("snakemake ") and "micro.yaml" in record["command"]
    assert record["config"]["run"] == "micro" and record["inputs"] == {}  # both worlds are built in
    assert len(record["commit"]) == 40
