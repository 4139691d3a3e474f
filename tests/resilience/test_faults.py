"""What can befall a run: disks, permissions, vanishing files, clocks, odd paths, a second head. Nothing is lost or left
half-written, the user reads one line, and a rerun ends at the bytes of an undisturbed run."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.resilience.small_study import LEFT, Study
from tests.running import ROOT


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What an undisturbed run leaves."""
    study = Study(tmp_path_factory.mktemp("calm"))
    code, said = study.run()
    assert code == 0, said[-3000:]
    assert list(study.hashes()) == list(LEFT)
    return study.hashes()


def told_once(said: str, *words: str) -> None:
    """There is just one line of presage's own, and it holds ``words``."""
    lines = [line for line in said.splitlines() if line.startswith("error")]
    assert len(lines) == 1, said[-3000:]
    assert [word for word in words if word not in lines[0]] == [], lines[0]


@contextlib.contextmanager
def tmpfs(folder: Path, size: str) -> Iterator[Path]:
    """A small file system of its own; skips where none may be mounted."""
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True)
    if done.returncode:
        pytest.skip(f"mounting needs rights that this account has not ({done.stderr.decode().strip()})")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def remounted(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


def test_a_full_disk(tmp_path: Path, calm: dict[str, str]) -> None:
    with tmpfs(tmp_path / "small", "60k") as disk:
        study = Study(tmp_path / "study", results=disk / "results")
        (disk / "other").write_bytes(bytes(44 * 1024))
        code, said = study.run()
        assert code != 0
        told_once(said, "sequence_reference", "No space left on device")
        assert study.hashes() == {} and study.staged() == []
        remounted(disk, "size=2m")
        code, said = study.run()
        assert code == 0, said[-3000:]
        assert study.hashes() == calm


def test_a_folder_that_cannot_be_written(tmp_path: Path, calm: dict[str, str]) -> None:
    with tmpfs(tmp_path / "small", "2m") as disk:
        study = Study(tmp_path / "study", results=disk / "results")
        study.results.mkdir()
        remounted(disk, "ro")
        code, said = study.run()
        assert code != 0
        assert f"Read-only file system: '{study.results}" in said and "Traceback" not in said
        remounted(disk, "rw")
        code, said = study.run()
        assert code == 0, said[-3000:]
        assert study.hashes() == calm


@pytest.mark.parametrize(
    ("source", "word"), [("/proc/self/mem", "Input/output error"), ("folder", "Is a directory")], ids=["I/O", "folder"]
)
def test_an_input_that_cannot_be_read(tmp_path: Path, source: str, word: str) -> None:
    """Permissions do not stop root, so the file itself refuses."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "genome.fa").symlink_to(source)
    study = Study(tmp_path / "study", fasta=str(tmp_path / "genome.fa"))
    code, said = study.run()
    assert code != 0
    told_once(said, str(tmp_path / "genome.fa"), word)
    assert study.hashes() == {} and study.staged() == []


def test_an_input_that_vanishes_in_mid_run(tmp_path: Path, calm: dict[str, str]) -> None:
    study = Study(tmp_path)
    head = subprocess.Popen(study.command(), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    until(lambda: any(study.results.rglob(".part-sequence_reference*")))
    (tmp_path / "v.vcf").rename(tmp_path / "gone.vcf")
    said, _ = head.communicate()
    assert head.returncode != 0 and "v.vcf" in said and "Traceback" not in said
    done = study.hashes()
    assert done == {path: calm[path] for path in LEFT[:2]}, "what was finished stays"
    (tmp_path / "gone.vcf").rename(tmp_path / "v.vcf")
    code, said = study.run()
    assert code == 0 and "1 of 1 steps" in said, said[-3000:]
    assert study.hashes() == calm


JUMP = """
import random, time
_real, _shift = time.time, [0.0]
def jumpy():
    if random.random() < 0.3:
        _shift[0] = random.choice((-3e7, -86400.0, 0.0, 7200.0, 3e7))
    return _real() + _shift[0]
time.time = jumpy
"""


def test_a_clock_that_jumps(tmp_path: Path, calm: dict[str, str]) -> None:
    (tmp_path / "clock").mkdir()
    (tmp_path / "clock" / "sitecustomize.py").write_text(JUMP)
    study = Study(tmp_path / "study")
    code, said = study.run(PYTHONPATH=str(tmp_path / "clock"))
    assert code == 0, said[-3000:]
    assert study.hashes() == calm


def test_an_input_from_the_future(tmp_path: Path, calm: dict[str, str]) -> None:
    """Snakemake would make its outputs again in every run; it says so and stops."""
    study, day = Study(tmp_path), 86_400
    os.utime(study.fasta, (time.time() + day, time.time() + day))
    code, said = study.run()
    assert code != 0 and "has older modification time" in said and f"than input {study.fasta}" in said
    assert study.hashes() == {} and study.staged() == []
    os.utime(study.fasta)
    code, said = study.run()
    assert code == 0, said[-3000:]
    assert study.hashes() == calm


@pytest.mark.parametrize("name", ["Mäuse № 7 – 日本", 'it\'s "quoted"', "a;touch pwned $(id) `id` $HOME"])
def test_paths_of_any_spelling(tmp_path: Path, calm: dict[str, str], name: str) -> None:
    study = Study(tmp_path / name / "study", results=tmp_path / name / "results")
    code, said = study.run()
    assert code == 0, said[-3000:]
    assert study.hashes() == calm and study.staged() == []
    assert not list(ROOT.glob("pwned*")) and not list(tmp_path.rglob("pwned"))


def test_another_working_directory(tmp_path: Path, calm: dict[str, str]) -> None:
    study = Study(tmp_path / "study", results=Path("results"))
    (tmp_path / "elsewhere").mkdir()
    code, said = study.run("--directory", str(tmp_path / "elsewhere"))
    assert code == 0, said[-3000:]
    study.results = tmp_path / "elsewhere" / "results"
    assert study.hashes() == calm
    assert not (ROOT / "results" / "small").exists()


def test_two_heads_at_once(tmp_path: Path, calm: dict[str, str]) -> None:
    study, here = Study(tmp_path), ("--directory", str(tmp_path))
    first = subprocess.Popen(
        study.command(*here),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    until(lambda: any(tmp_path.glob(".snakemake/locks/*")))
    os.killpg(first.pid, signal.SIGSTOP)  # or it is done before the second has begun
    code, said = study.run(*here)
    os.killpg(first.pid, signal.SIGCONT)
    assert code != 0 and "cannot be locked" in said and "--unlock" in said
    said, _ = first.communicate()
    assert first.returncode == 0, said[-3000:]
    assert study.hashes() == calm


def test_a_public_file_with_another_checksum(tmp_path: Path) -> None:
    name = "homecage/mice_rhythms_act_minutes.csv"
    (tmp_path / "mirror" / name).parent.mkdir(parents=True)
    (tmp_path / "mirror" / name).write_text("something else")
    study = Study(tmp_path / "study", fasta=f"registry:{name}")
    code, said = study.run("--directory", str(tmp_path), PRESAGE_DATA_MIRROR=str(tmp_path / "mirror"))
    assert code != 0
    told_once(said, str(tmp_path / "mirror" / name), "SHA-256", "registry says")
    assert [p for p in (tmp_path / "resources").rglob("*") if p.is_file() and p.suffix != ".log"] == []


def until(happened, seconds: float = 240) -> None:  # type: ignore[no-untyped-def]
    """Wait for it."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)
