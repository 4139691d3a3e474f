"""Pins are what conda solved, PyPI's packages beside them; a conda that fails leaves the old ones alone."""

import json
from pathlib import Path

import pytest

from presage.errors import UserError
from presage.supply.pins import pin

CONDA = """#!/usr/bin/env bash
echo "$*" >> {folder}/calls
case "$1 $*" in
  env*) {solve};;
  *--explicit*) echo '@EXPLICIT'; echo 'https://channel/linux-64/numpy-2.4.6-py311_0.conda#0123abcd';;
  *--json*) echo '{packages}';;
esac
"""


def conda(folder: Path, monkeypatch: pytest.MonkeyPatch, packages: list[dict[str, str]], solve: str = "true") -> None:
    """A conda that says it solved an environment of these packages."""
    script = folder / "bin" / "conda"
    script.parent.mkdir()
    script.write_text(CONDA.format(folder=folder, solve=solve, packages=json.dumps(packages)))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:/usr/bin:/bin")


@pytest.fixture
def yaml(tmp_path: Path) -> Path:
    path = tmp_path / "pose.yaml"
    path.write_text("dependencies:\n  - numpy=2.4.6\n")
    return path


def test_conda_packages_are_pinned_by_url_and_those_of_pypi_by_version(yaml, tmp_path, monkeypatch) -> None:
    numpy = {"name": "numpy", "version": "2.4.6", "channel": "conda-forge"}
    dlc = {"name": "deeplabcut", "version": "3.0.2", "channel": "pypi"}
    timm = {"name": "timm", "version": "1.0.31", "channel": "pypi"}
    conda(tmp_path, monkeypatch, [numpy, timm, dlc])
    pins, script = pin(yaml)
    assert pins.name == "pose.linux-64.pin.txt" and pins.read_text().splitlines()[1].endswith("#0123abcd")
    assert script.name == "pose.post-deploy.sh"
    assert script.read_text().endswith("--no-deps \\\n  deeplabcut==3.0.2 \\\n  timm==1.0.31\n")
    assert f"env create --quiet --file {yaml} --prefix" in (tmp_path / "calls").read_text()


def test_an_environment_without_pypi_has_no_script(yaml, tmp_path, monkeypatch) -> None:
    old = yaml.with_suffix(".post-deploy.sh")
    old.write_text("of an earlier pin")
    conda(tmp_path, monkeypatch, [{"name": "numpy", "version": "2.4.6", "channel": "conda-forge"}])
    assert [path.name for path in pin(yaml)] == ["pose.linux-64.pin.txt"]
    assert not old.exists()


def test_what_conda_cannot_solve_leaves_the_old_pins(yaml, tmp_path, monkeypatch) -> None:
    old = yaml.with_suffix(".linux-64.pin.txt")
    old.write_text("old")
    conda(tmp_path, monkeypatch, [], solve="echo nothing provides numpy 2.4.6 >&2; exit 1")
    with pytest.raises(UserError, match="nothing provides numpy"):
        pin(yaml)
    assert old.read_text() == "old"


def test_without_conda_it_says_so(yaml, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="conda is not on the PATH"):
        pin(yaml)
