"""presage.record: what a record holds, what it notices, and what it refuses."""

import json
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from presage import record
from presage.errors import UserError


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that left a table, a store, a log and a save, made from one file."""
    monkeypatch.chdir(tmp_path)
    for name in ("sequence/a.parquet", "sequence/t.zarr/0", "logs/a.log", "benchmarks/a.tsv", ".resume/x/fit"):
        path = tmp_path / "results" / "one" / name
        path.parent.mkdir(parents=True)
        path.write_text(name)
    (tmp_path / "sheet.tsv").write_text("cage\n")
    return tmp_path / "results" / "one"


def made(run: Path) -> dict:
    config = {"run": "one", "results": "results"}
    return json.loads(json.dumps(record.describe(run, config, ["sheet.tsv", "nowhere"])))


def test_all_but_what_may_differ_is_hashed(run: Path) -> None:
    results = made(run)["results"]
    assert list(results) == ["sequence/a.parquet", "sequence/t.zarr"]
    (run / "logs" / "a.log").write_text("later")
    assert made(run)["results"] == results
    (run / "sequence" / "t.zarr" / "0").rename(run / "sequence" / "t.zarr" / "1")  # a store's names count too
    assert record.differences(results, made(run)["results"])[0].startswith("sequence/t.zarr was ")


def test_a_record_names_what_made_the_run(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(record.COMMAND, "snakemake --cores 2")
    found = made(run)
    assert found["command"] == "snakemake --cores 2"
    assert found["inputs"]["nowhere"] == "absent" and len(found["inputs"]["sheet.tsv"]) == 64
    assert {"homecage_pose", "record"} <= set(found["code"]) and "torch.yaml" in found["environments"]
    assert found["packages"]["snakemake"] and found["python"] == ".".join(map(str, sys.version_info[:3]))


def test_changes_since_are_told_one_by_one(run: Path) -> None:
    found = made(run)
    assert record.changes(found) == []
    Path("sheet.tsv").write_text("cage\nA\n")
    found["packages"]["numpy"], found["code"]["summary"], found["commit"] = "1.0", "0" * 12, "f" * 40
    told = record.changes(found)
    assert [line.split()[0] for line in told] == ["commit:", "code:", "packages:", "inputs:"]
    assert "numpy was 1.0, is " in told[2] and told[3].startswith("inputs: sheet.tsv was ")


def test_what_is_no_record_is_refused(tmp_path: Path) -> None:
    for text, words in ((None, "does not exist"), ("{", "is no record"), ('{"sequence.variants.auroc": 1}', "is no")):
        path = tmp_path / "r.json"
        if text is not None:
            path.write_text(text)
        with pytest.raises(UserError, match=words):
            record.read(path)


def test_a_second_run_takes_nothings_place(run: Path, tmp_path: Path) -> None:
    found = made(run)
    with pytest.raises(UserError, match="is there already"):
        record.make_again(found, run, 1)
    found["config"]["results"] = str(tmp_path / "results")
    with pytest.raises(UserError, match="is absolute"):
        record.make_again(found, tmp_path / "again", 1)


def told(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[object, str]:
    """What the command exits with, and what it prints."""
    monkeypatch.setattr(sys, "argv", ["presage.record", *words])
    with pytest.raises(SystemExit) as ended:
        record.main()
    return ended.value.code, capsys.readouterr().out


def test_the_command_tells_what_changed_and_exits_by_it(run: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("record.json").write_text(json.dumps(made(run)))
    assert told(capsys, monkeypatch, "record.json") == (0, "commit, code, packages and inputs are as they were\n")
    Path("sheet.tsv").write_text("cage\nA\n")
    code, text = told(capsys, monkeypatch, "record.json")
    assert code == 1 and text.startswith("inputs: sheet.tsv was ")
    assert told(capsys, monkeypatch, "other.json")[0] == (
        "error: other.json: does not exist; name the record.json of a finished run"
    )


def test_a_run_made_again_sees_the_old_folder_and_is_compared(
    run: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Snakemake is stood in for by a copy of the results, of which one file differs."""
    Path("record.json").write_text(json.dumps(made(run)))

    def snakemake(command: list[str], **_: object) -> SimpleNamespace:
        again = Path(command[command.index("--directory") + 1])
        assert (again / "sheet.tsv").read_text() == "cage\n" and not (again / "results").exists()
        assert json.loads(Path(command[command.index("--configfile") + 1]).read_text())["run"] == "one"
        shutil.copytree(run, again / "results" / "one")
        (again / "results" / "one" / "logs" / "a.log").write_text("another day")
        (again / "results" / "one" / "sequence" / "a.parquet").write_text(next(texts))
        return SimpleNamespace(returncode=next(codes))

    texts, codes = iter(["sequence/a.parquet", "else", ""]), iter([0, 0, 1])
    monkeypatch.setattr(record, "_git", lambda *words: "")
    Path("record.json").write_text(json.dumps(made(run)))
    monkeypatch.setattr(record.subprocess, "run", snakemake)
    assert told(capsys, monkeypatch, "record.json", "--again", "b")[0] == 0
    code, text = told(capsys, monkeypatch, "record.json", "--again", "c")
    assert code == 1 and "sequence/a.parquet was " in text
    assert "d: could not be filled" in told(capsys, monkeypatch, "record.json", "--again", "d")[0]
