"""Shared fixtures. Real public data is looked for in PRESAGE_DATA_MIRROR (default ../shared/data) and never shipped."""

import os
from pathlib import Path

# Before torch is imported: models are tiny here, and on a busy machine threads would wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import settings

from tests.running import MICRO, snakemake

# Examples are timed by the whole suite, not one by one: a busy machine is no failure.
settings.register_profile("presage", deadline=None, print_blob=True)
settings.load_profile("presage")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of small real public data; skips where it is absent."""
    folder = Path(os.environ.get("PRESAGE_DATA_MIRROR", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder} (set PRESAGE_DATA_MIRROR)")
    return folder


@pytest.fixture(scope="session")
def micro_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of the micro worlds on two cores: the folder ``results/micro`` of a place of its own."""
    place = tmp_path_factory.mktemp("micro")
    done = snakemake(MICRO, Path("results"), "--directory", str(place), "--cores", "2")
    assert done.returncode == 0, done.stdout[-5000:]
    return place / "results" / "micro"
