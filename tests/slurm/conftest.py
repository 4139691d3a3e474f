"""Tests on a real Slurm. They take minutes, so they are collected only when they are asked for: ``make test-slurm``."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.slurm import loopback
from tests.slurm.heads import STAND_INS

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
NEEDED = ("Snakefile", "workflow", "scripts", "config", "envs", "profiles", "slurm", "resources", "tests", ".venv")


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Nothing of this folder, unless the folder or a file of it was named on the command line."""
    named = [
        Path(argument.split("::")[0]) for argument in config.invocation_params.args if not argument.startswith("-")
    ]
    asked = any((config.invocation_params.dir / path).resolve().is_relative_to(HERE) for path in named)
    return None if asked else True


@pytest.fixture(scope="session")
def cluster() -> Iterator[dict[str, str]]:
    """A loopback cluster: the environment of its users. At the end nothing of it may be left running."""
    if not loopback.installed():
        if os.geteuid():
            pytest.skip(f"Slurm is not installed: apt-get install {' '.join(loopback.PACKAGES)}")
        loopback.install()
    folder = Path(tempfile.mkdtemp(prefix="presage-slurm-"))  # munge's socket wants a short path
    try:
        yield {**os.environ, **loopback.up(folder)}
    finally:
        loopback.down(folder)
        left = list(loopback.processes(folder))
        shutil.rmtree(folder)
        assert not left, f"processes of the cluster are left: {left}"


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a user clones, with the environment at hand: heads here lock, edit and log what they like."""
    copy = tmp_path_factory.mktemp("clone") / "presage"
    copy.mkdir()
    for name in NEEDED:
        if (ROOT / name).is_symlink() or name == ".venv":
            (copy / name).symlink_to((ROOT / name).readlink() if name == "slurm" else (ROOT / name).resolve())
        elif (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, copy / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__", "public")
            )
        else:
            shutil.copy2(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="session")
def user(cluster: dict[str, str], repository: Path) -> dict[str, str]:
    """The environment of a user of the cluster, with the stand-ins for conda and for GPUs (see ``stand_in/``)."""
    stand_ins = repository / STAND_INS
    return {
        **cluster,
        "PATH": f"{stand_ins}/linked_env/bin{os.pathsep}{cluster['PATH']}",
        "PYTHONPATH": f"{stand_ins}/site{os.pathsep}{repository}/scripts",
        "PRESAGE_TEST_CARD": "1",
        "OMP_NUM_THREADS": "1",
    }
