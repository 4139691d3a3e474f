"""presage.record: what a record holds, what it notices, and what it refuses."""

import json
import sys
from pathlib import Path

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
