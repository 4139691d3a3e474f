"""Reasons of an alarm: on its worst day, against the band of that day, in the order of its sentence."""

import datetime as dt

import pandas as pd
import pytest

from presage.report.reasons import MOST, Reason, Reasons
from tests.unit.report.made_up_run import START, colony

DAILY, SCORES, ALARMS = colony()
FEATURES = ["night_distance", "night_sleep_fraction", "day_distance"]
DATES = sorted(set(DAILY["date"]))


def band(low: float, high: float) -> pd.DataFrame:
    return pd.DataFrame({"low": low, "high": high}, index=DATES)


BANDS = {"C01": {(None, "night_distance"): band(80, 120), (None, "night_sleep_fraction"): band(0.4, 0.6),
                 (None, "day_distance"): band(0, 1000)}}  # fmt: skip
ALARM = ALARMS[ALARMS["cage"] == "C01"].iloc[0].to_dict()


def test_the_worst_day_is_the_one_with_the_highest_score():
    day = Reasons(DAILY, SCORES, BANDS, FEATURES).worst_day(ALARM)
    mine = SCORES[SCORES["cage"] == "C01"].set_index("date")["score"]
    assert mine[day] == pytest.approx(ALARM["score"]) == mine[mine.index >= ALARM["first_date"]].max()


def test_values_and_bands_are_those_of_the_tables():
    why = Reasons(DAILY, SCORES, BANDS, FEATURES, light_hours=14.0)
    distance, sleep = why.of(ALARM)
    rows = DAILY[(DAILY["cage"] == "C01") & (DAILY["date"] == why.worst_day(ALARM))].set_index("name")["value"]
    assert distance == Reason("Night distance (px/min at 5 fps)", rows["night_distance"], 80, 120, "ZT 14 to 24")
    assert (distance.side, sleep.side) == ("below", "above") and sleep.value == rows["night_sleep_fraction"]


def test_what_the_sentence_names_comes_first_even_within_its_band():
    why = Reasons(DAILY, SCORES, BANDS, FEATURES)
    found = why.of({**ALARM, "explanation": "day distance -20 %, night sleep fraction 0.5 -> 0.7 over 2 days"})
    assert [reason.feature for reason in found] == [
        "Day distance (px/min at 5 fps)", "Night sleep fraction", "Night distance (px/min at 5 fps)",
    ]  # fmt: skip
    assert found[0].side == "within" and len(found) <= MOST


def test_an_urgent_check_and_an_unknown_baseline_have_none():
    why = Reasons(DAILY, SCORES, BANDS, FEATURES)
    assert why.of({**ALARM, "level": "urgent"}) == []
    assert Reasons(DAILY, SCORES, {}, FEATURES).of(ALARM) == []
    before = {**ALARM, "first_date": START - dt.timedelta(days=9), "last_date": START - dt.timedelta(days=8)}
    assert why.of(before) == []


@pytest.mark.parametrize(("value", "place"), [(80, 25), (100, 50), (120, 75), (-1e6, 2), (1e6, 98)])
def test_the_gauge_has_the_baseline_in_its_middle_half(value, place):
    assert Reason("x", value, 80, 120, "").place == pytest.approx(place)
