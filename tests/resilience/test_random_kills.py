"""All processes of a run are killed at a random moment; the next run ends at the bytes of an undisturbed one.

Three kills in the test suite; `PRESAGE_KILLS=10 make test` (or pytest tests/resilience) makes ten.
"""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from presage.provenance import file_hash
from tests.running import ROOT, command, snakemake

pytestmark = pytest.mark.long
CONFIG = """
run: micro
torch_threads: 1
sequence:
  world: {chromosome_kb: [60, 20, 20], cells: 30, molecules_per_cell: 30, fragments_per_cell: 30, shared_barcodes: 2,
          causal_variants: 6, control_variants: 12, null_variants: 12}
"""
RESULTS = Path("results")
TARGETS = ["sequence/pseudobulk/qc.json", "sequence/variants/planted/null_sites.parquet"]
Calm = tuple[Path, dict[str, str], float]
KILLS = int(os.environ.get("PRESAGE_KILLS", "3"))


def contents(run: Path) -> dict[str, str]:
    """Hash of every file that is no log, benchmark or bookkeeping of Snakemake."""
    files = [path for path in run.rglob("*") if path.is_file()]
    named = {str(path.relative_to(run)): path for path in files}
    return {
        name: file_hash(path)
        for name, path in sorted(named.items())
        if not name.startswith(("logs/", "benchmarks/")) and ".snakemake_timestamp" not in name
    }


def arguments(folder: Path, *more: str) -> tuple[str, ...]:
    """Of a run in ``folder``, with relative paths, as some outputs name their inputs."""
    return ("--cores", "2", "--directory", str(folder), *more, "--", *[f"results/micro/{name}" for name in TARGETS])


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Calm:
    """The configuration, what an undisturbed run leaves, and the seconds that it took."""
    folder = tmp_path_factory.mktemp("calm")
    config, begun = folder / "c.yaml", time.monotonic()
    config.write_text(CONFIG)
    done = snakemake(config, RESULTS, *arguments(folder))
    assert done.returncode == 0, done.stdout[-3000:]
    return config, contents(folder / "results" / "micro"), time.monotonic() - begun


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_killed_run_ends_at_the_same_bytes(calm: Calm, tmp_path: Path, seed: int) -> None:
    config, expected, seconds = calm
    run = tmp_path / "results" / "micro"
    head = subprocess.Popen(
        command(config, RESULTS, *arguments(tmp_path)),
        cwd=ROOT,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(seconds * random.Random(seed).uniform(0.1, 0.95))
    os.killpg(head.pid, signal.SIGKILL)
    head.wait()
    left = {name: hashed for name, hashed in contents(run).items() if ".part-" not in name}
    assert left == {name: expected[name] for name in left}, "what is in its place is whole"

    snakemake(config, RESULTS, "--directory", str(tmp_path), "--unlock")
    done = snakemake(config, RESULTS, *arguments(tmp_path))
    assert done.returncode == 0, done.stdout[-3000:]
    assert contents(run) == expected
