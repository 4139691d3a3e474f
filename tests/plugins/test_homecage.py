"""A feature, a detector, a pose reader and a sensor as plugins, through the functions that a run calls."""

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from presage import sheets, tables
from presage.config.distress import Alarms, Compare, Source
from presage.errors import UserError
from presage.homecage.detectors.judge import judge
from presage.homecage.pose_files import readers
from presage.homecage.readings.importers import read_source
from tests.unit.homecage import small_colony as colony
from tests.unit.homecage.features.test_minutes import _features, _pose


def test_a_feature_is_in_the_readings_with_its_unit(with_plugins):
    """The first minute in a corner, the second in the middle of the floor."""
    time = np.arange(0, 120, 0.5)
    place = np.where(time[:, None] < 60, [10.0, 10.0], [500.0, 500.0])
    pose = _pose(time, place)
    without, _ = _features(pose, arena_px=(0, 0, 1000, 1000))
    with_plugins("corner_fraction")
    table, _ = _features(pose, arena_px=(0, 0, 1000, 1000))
    assert set(table["name"]) - set(without["name"]) == {"corner_fraction"}
    corner = table[table["name"] == "corner_fraction"]
    assert corner["value"].iloc[:2].tolist() == [1.0, 0.0] and corner["unit"].unique().tolist() == ["1"]
    assert corner["value"].iloc[2:].isna().all(), "missing is not elsewhere"


def test_a_detector_is_judged_beside_ours_and_finds_the_same_fall(with_plugins):
    with_plugins("worst_feature")
    daily, ill = colony.daily(12, 40, 1, {11: 30}, fall=0.3), {11: 30}
    compare = Compare(detectors=["worst_feature"])
    judged = judge(daily, colony.cages(12, 10), colony.events(ill), colony.LIGHTS, colony.DETECTOR, Alarms(), compare)
    assert set(judged) == {"ours", "worst_feature"}
    score = judged["worst_feature"].scores.score
    assert np.isfinite(score[:11, 20:]).all()
    assert np.nanmax(score[11, 30:35]) == np.nanmax(score)
    assert judged["worst_feature"].models[0].hash != judged["ours"].models[0].hash


def test_a_pose_file_of_another_kind_is_read_wherever_pose_is(with_plugins, tmp_path):
    path = tmp_path / "a.json"
    path.write_text(
        json.dumps(
            {
                "images": [{"id": 2}, {"id": 1}, {"id": 3}],
                "categories": [{"keypoints": ["snout", "tailbase"]}],
                "annotations": [
                    {"image_id": 1, "keypoints": [1, 2, 2, 3, 4, 0], "score": 0.5},
                    {"image_id": 2, "keypoints": [5, 6, 2, 7, 8, 2], "score": 0.25},
                    {"image_id": 2, "keypoints": [9, 9, 2, 9, 9, 2], "score": 0.125},
                ],
            }
        )
    )
    sheet = tmp_path / "segments.tsv"
    sheet.write_text("cage\tstart\tpath\tfps\nc1\t2026-05-01T13:00:00Z\ta.json\t10\n")
    with pytest.raises(UserError, match="neither video nor pose"):
        sheets.read_segments(sheet)
    with_plugins("coco_json")
    assert [row.cage for row in sheets.read_segments(sheet)] == ["c1"]
    pose = readers.read(path)
    assert pose.bodyparts == ("snout", "tailbase") and pose.n_frames == 3
    assert pose.likelihood[:, 0].tolist() == [[0.5, 0.0], [0.25, 0.25], [0.0, 0.0]]
    assert pose.xy[1, 0].tolist() == [[5, 6], [7, 8]] and np.isnan(pose.xy[0, 0, 1]).all()
    path.write_text("{}")
    with pytest.raises(UserError, match="is damaged"):
        readers.read(path)


def _awd(folder: Path, counts: list[str]) -> Path:
    header = ["w07", "01-may-2026", "13:00", "4", "10", "S1", "F"]
    (folder / "w07.awd").write_text("\n".join([*header, *counts]) + "\n")
    return folder / "w07.awd"


def test_a_sensor_is_a_source_of_readings(with_plugins, tmp_path):
    with_plugins("awd")
    source = Source(name="wheels", kind="awd", path=str(_awd(tmp_path, ["3", "0 ,M", "12"])))
    assert source.activity == "night_wheel_turns"
    found = read_source(source, ZoneInfo("UTC"))
    tables.write(tmp_path / "r.parquet", "readings", found)
    assert found["value"].tolist() == [3.0, 0.0, 12.0]
    assert found["time_utc"].dt.strftime("%H:%M:%S").tolist() == ["13:00:00", "13:01:00", "13:02:00"]
    assert found["unit"].unique().tolist() == ["1/60 s"] and found["cage"].unique().tolist() == ["w07"]
    with pytest.raises(UserError, match="is not a awd file"):
        read_source(source.model_copy(update={"path": str(_awd(tmp_path, ["three"]))}), ZoneInfo("UTC"))
