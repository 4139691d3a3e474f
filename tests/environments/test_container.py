"""The container recipes: pinned, not root, the same in both, with all that a run needs. `make lint-container` lints."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.running import ROOT

CONTAINER = (ROOT / "Containerfile").read_text()
APPTAINER = (ROOT / "Apptainer.def").read_text()


def copied() -> set[str]:
    """What Containerfile takes from the repository."""
    return {name for line in re.findall(r"^COPY (.+) \S+$", CONTAINER, re.M) for name in line.split()}


def test_what_is_copied_is_enough_for_a_run(tmp_path: Path) -> None:
    image, work = tmp_path / "image", tmp_path / "work"
    image.mkdir()
    work.mkdir()
    for name in copied():
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, image / name, ignore=shutil.ignore_patterns("__pycache__", "public"))
        else:
            shutil.copy(source, image / name)
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(image / "Snakefile"), "--cores", "2", "-n"]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^total +\d+$", done.stdout, re.M)


def test_what_is_copied_is_let_through_by_dockerignore() -> None:
    allowed = set(re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.M))
    assert allowed == copied()
    assert "resources/public" in (ROOT / ".dockerignore").read_text().splitlines()


def test_the_image_is_pinned_and_does_not_run_as_root() -> None:
    [base] = re.findall(r"^FROM (\S+)$", CONTAINER, re.M)
    assert re.fullmatch(r"docker\.io/library/python:3\.11\.\d+-slim-bookworm", base)
    assert "latest" not in CONTAINER + APPTAINER
    assert re.findall(r"^USER (\w+)$", CONTAINER, re.M) == ["presage"]
    assert CONTAINER.index("USER presage") < CONTAINER.index("ENTRYPOINT")


def test_both_recipes_and_the_makefile_install_the_same() -> None:
    [base] = re.findall(r"^FROM (\S+)$", CONTAINER, re.M)
    assert f"From: {base}\n" in APPTAINER
    files = dict(re.findall(r"^    (\S+) /opt/presage/(\S+)$", APPTAINER, re.M))
    assert files == {name: name for name in copied()}
    for pattern in (
        r"uv==[\d.]+",
        r"uv pip install [^\n]*--no-deps --require-hashes -r \S+",
        r"--no-install-recommends [^\n\\]+",
    ):
        found = {tuple(part.strip() for part in re.findall(pattern, text)) for text in (CONTAINER, APPTAINER)}
        assert len(found) == 1 and found != {()}
    assert re.findall(r"uv==[\d.]+", CONTAINER) == re.findall(r"uv==[\d.]+", (ROOT / "Makefile").read_text())
