"""A day's quality in numbers, and which of them speak of the camera."""

import datetime as dt

import cv2
import numpy as np
import pandas as pd
import pytest

from presage import tables
from presage.config.pose import Faults
from presage.homecage.pose import day_quality
from presage.homecage.pose.identity import Identity
from presage.homecage.pose.quality import HIDDEN, SEEN, UNUSABLE, PoseDay
from presage.homecage.recordings import cameras

DAYS = [dt.date(2026, 5, day) for day in range(1, 11)]
GOOD = {"coverage": 1.0, "hidden": 0.2, "blank": 0.0, "likelihood": 0.9, "doubted": 0.01, "swaps": None,
        "identity": None, "size_px": 80.0}  # fmt: skip


def picture(x=0):
    image = np.full((120, 160), 60, np.uint8)
    for i, left in enumerate((20, 60, 110)):
        cv2.rectangle(image, (left + x, 20 + 25 * i), (left + x + 30, 50 + 20 * i), 200, -1)
    return cameras.encode(image)


def judged(change=None, files=None):
    """Ten good days of one cage, the fifth with ``change`` in its pose or ``files``."""
    days = [{"cage": "c", "date": date, **GOOD} for date in DAYS]
    segments = [
        {"cage": "c", "date": date, "usable": True, "duration_s": 3600.0, "frozen_s": 0.0, "black_s": 0.0,
         "shift_px": 0.1, "background": picture(), "width": 640} for date in DAYS
    ]  # fmt: skip
    days[4] |= change or {}
    segments[4] |= files or {}
    found = day_quality.table(days, pd.DataFrame(segments), Faults())
    assert found.columns.tolist() == tables.SCHEMAS["quality"].names
    return found


def test_good_days_have_no_fault(tmp_path):
    found = judged()
    assert not found["camera_fault"].any() and found["size_ratio"].iloc[1:].eq(1.0).all()
    tables.write(tmp_path / "q.parquet", "quality", found)


@pytest.mark.parametrize(
    ("change", "files", "words"),
    [
        ({"coverage": 0.3}, {}, "coverage 0.30"),
        ({"blank": 0.5}, {}, "frames that show nothing"),
        ({"size_px": 120.0}, {}, "1.50 times as long as before"),
        ({}, {"usable": False}, "1 of 1 files cannot be used"),
        ({}, {"frozen_s": 400.0}, "stood still"),
        ({}, {"black_s": 900.0}, "dark or covered"),
        ({}, {"shift_px": 30.0}, "moved by 30 px"),
        ({}, {"background": picture(6)}, "moved by 2[2-6] px"),
    ],
)
def test_each_fault_is_said(change, files, words):
    found = judged(change, files)
    assert found.loc[4, "camera_fault"]
    assert pd.Series([found.loc[4, "reason"]]).str.contains(words).all()
    others = found.drop(index=[4, 5])  # the day after a moved picture is moved back
    assert not others["camera_fault"].any()


def test_a_hidden_mouse_is_no_camera_fault():
    assert not judged({"hidden": 1.0, "likelihood": None, "size_px": None})["camera_fault"].any()


def test_a_day_that_is_not_over_has_little_coverage_and_no_fault():
    days = [{"cage": "c", "date": date, **GOOD, "coverage": 0.1} for date in DAYS[:2]]
    segments = [
        {"cage": "c", "date": date, "usable": True, "duration_s": 3600.0, "frozen_s": None, "black_s": None,
         "shift_px": None, "background": None, "width": None} for date in DAYS[:2]
    ]  # fmt: skip
    found = day_quality.table(days, pd.DataFrame(segments), Faults())
    assert found["camera_fault"].tolist() == [True, False]


def test_of_pose_by_hand():
    state = np.array([SEEN, SEEN, HIDDEN, UNUSABLE])
    likelihood = np.array([[0.9, 0.7], [0.8, 0.8], [0.1, 0.1], [np.nan, np.nan]], np.float32)
    history = (
        {"step": "likelihood under its cut", "points": 4},
        {"step": "faster than an animal", "points": 1},
        {"step": "gap filled", "points": 3},
    )
    good = np.array([[True, False], [True, True], [False, False], [False, False]])
    zero = np.zeros(4, dtype=int)
    day = PoseDay(("a", "b"), zero, zero, zero, zero, np.zeros((4, 2, 2)), likelihood, good, state, history)
    assert day_quality.of_pose(day, Identity(0, 0, 0), 12.0, 0.75) == {
        "coverage": 0.75, "hidden": pytest.approx(1 / 3), "blank": 0.25, "likelihood": pytest.approx(0.8),
        "doubted": pytest.approx(1 / 4), "swaps": None, "identity": None, "size_px": 12.0,
    }  # fmt: skip
    assert day_quality.of_pose(day, Identity(10, 2, 3), 12.0, 0.75)["identity"] == pytest.approx(0.5)
