"""Reading a run: tables with reasons, stacked variant sets, and the onset that only the evaluation knows."""

import shutil

import pytest

from presage import tables
from presage.report.run import NoData, Run
from tests.unit.report.made_up_run.cages import homecage_run


def test_an_absent_table_says_which(tmp_path):
    with pytest.raises(NoData, match=r"sequence/evaluate/metrics\.parquet is not there"):
        Run(tmp_path).table("metrics")
    assert Run(tmp_path).optional("metrics") is None


def test_sets_of_variants_are_stacked(sequence_only):
    folder = sequence_only / "sequence/variants"
    shutil.copytree(folder / "planted", folder / "second")
    scores = Run(sequence_only).table("scores")
    assert scores.groupby("set").size().to_dict() == {"planted": 240, "second": 240}


def test_events_of_the_evaluation_join_the_sheet(run_folder, events):
    joined = Run(run_folder, events).events
    mine = joined[(joined["cage"] == "C04")]
    assert set(mine["kind"]) == {"onset", "weight_loss_5pct"}  # not in the sheet
    same = joined[(joined["cage"] == "C01") & (joined["kind"] == "onset")]
    assert len(same) == 1  # in both: once


def test_an_event_of_the_cage_that_the_evaluation_tells_of_an_animal_is_shown_once(tmp_path, events):
    run_folder = tmp_path / "own"
    homecage_run(run_folder)
    lead = Run(run_folder).table("lead_time").iloc[[0]]
    sheet = lead.rename(columns={"event_utc": "time_utc", "event": "kind"}).assign(animal=None, value=0.05, note="")
    path = run_folder / "homecage/distress/lead_time.parquet"
    tables.write(path, "lead_time", lead.assign(animal="m1"))
    joined = Run(run_folder, sheet[events.columns]).events
    assert (joined["kind"] == sheet["kind"].iloc[0]).sum() == 1


def test_what_sensors_tell_joins_the_sheet(tmp_path, events):
    run_folder = tmp_path / "own"
    homecage_run(run_folder)
    told = events.iloc[[0]].assign(cage="C01", kind="temperature_fall", value=2.5)
    path = run_folder / "homecage/readings/events.parquet"
    tables.write(path, "events", told)
    assert (Run(run_folder, events).events["kind"] == "temperature_fall").sum() == 1


def test_branches_and_origin(sequence_only, run_folder):
    assert Run(sequence_only).branches() == ["sequence"]
    assert Run(run_folder).simulated("homecage") is True
    assert Run(sequence_only).simulated("homecage") is None


def test_cards_know_their_folder(run_folder):
    (card,) = Run(run_folder).cards()
    assert (card["name"], card["seed"]) == ("lora", 0)
