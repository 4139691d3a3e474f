"""The wrapper of scripts: outputs appear complete or not at all; users read one line, the log has the traceback."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from presage.entry import Job, asked_gpus, work
from presage.errors import UserError


class Named(dict):
    """Snakemake's named lists, as far as the wrapper uses them."""

    def __init__(self, **items: str) -> None:
        super().__init__(items)

    def __iter__(self):
        return iter(self.values())

    def __getitem__(self, key):
        return list(self.values())[key] if isinstance(key, int) else super().__getitem__(key)


def rule(base: Path, /, **outputs: str) -> SimpleNamespace:
    return SimpleNamespace(
        rule="some_rule",
        input=Named(),
        output=Named(**{k: str(base / v) for k, v in outputs.items()}),
        params={"torch_threads": 1, "seed": 3, "code": "abc"},
        wildcards=SimpleNamespace(),
        threads=1,
        resources={},
        config={},
        log=[str(base / "logs" / "some.log")],
    )


def left(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file() and "logs" not in p.parts)


def test_outputs_are_published_together(tmp_path: Path) -> None:
    def run(job: Job) -> None:
        job.output.table.write_text("t")
        assert left(tmp_path)[0].startswith(".part-"), "written aside first"
        job.output.folder.mkdir(parents=True)
        (job.output.folder / "inner").write_text("i")

    work(run, rule(tmp_path, table="deep/table.txt", folder="tree"))
    assert left(tmp_path) == ["deep/table.txt", "tree/inner"]


def test_a_folder_replaces_the_one_of_the_last_run(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "old").write_text("o")

    def run(job: Job) -> None:
        job.output.folder.mkdir()
        (job.output.folder / "new").write_text("n")

    work(run, rule(tmp_path, folder="tree"))
    assert left(tmp_path) == ["tree/new"]


@pytest.mark.parametrize("error", [UserError("a.bam", "is truncated", "copy it again"), ValueError("two\nlines")])
def test_a_failure_leaves_nothing_but_one_line_and_a_log(tmp_path: Path, error: Exception) -> None:
    def run(job: Job) -> None:
        job.output.table.write_text("half")
        raise error

    with pytest.raises(SystemExit) as caught:
        work(run, rule(tmp_path, table="table.txt"))
    assert str(caught.value.code).count("\n") == 0
    assert str(caught.value.code).startswith("error")
    assert left(tmp_path) == []
    assert "Traceback" in (tmp_path / "logs" / "some.log").read_text()


def test_an_output_that_was_not_written_fails(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="was not written"):
        work(lambda job: None, rule(tmp_path, table="table.txt"))


def test_results_of_an_earlier_run_survive_a_failure(tmp_path: Path) -> None:
    (tmp_path / "table.txt").write_text("good")

    def run(job: Job) -> None:
        job.output.table.write_text("bad")
        raise RuntimeError("no")

    with pytest.raises(SystemExit):
        work(run, rule(tmp_path, table="table.txt"))
    assert (tmp_path / "table.txt").read_text() == "good"


def test_results_are_as_readable_as_the_umask_says(tmp_path: Path) -> None:
    def run(job: Job) -> None:
        Path(job.output.table).write_text("x")
        Path(job.output.table).chmod(0o600)  # as a library leaves what it wrote by way of a temporary file

    mask = os.umask(0o027)
    try:
        work(run, rule(tmp_path, table="table.txt"))
    finally:
        os.umask(mask)
    assert (tmp_path / "table.txt").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("resources", "gpus"),
    [
        ({}, 0),
        ({"gpu": 2}, 2),
        ({"gpu": 0, "gres": "gpu:3"}, 3),
        ({"gres": "gpu:a100:2"}, 2),
        ({"gres": "gpu"}, 1),
        ({"gres": "disk:40"}, 0),
    ],
)
def test_gpus_are_asked_for_by_name_or_as_a_generic_resource(resources: dict, gpus: int) -> None:
    assert asked_gpus(resources) == gpus
