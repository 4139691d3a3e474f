"""Reasons of an alarm: those of its episode and animal, by rank, with the part of the day in ZT."""

import datetime as dt

import pandas as pd
import pytest

from presage.report.cages.reasons import Reason, Reasons
from presage.report.render import number
from tests.unit.report.made_up_run.cages import colony, reasons
from tests.unit.report.made_up_run.facts import filled

_, _, ALARMS = colony()
TABLE = reasons(ALARMS)
ALARM = ALARMS[ALARMS["cage"] == "C01"].iloc[0].to_dict()


def test_numbers_are_those_of_the_table_by_rank():
    distance, sleep = Reasons(TABLE[::-1], light_hours=14.0).of(ALARM)
    row = TABLE[TABLE["cage"] == "C01"].set_index("rank").loc[1]
    assert (distance.value, distance.usual, distance.low, distance.high, distance.clip) == tuple(
        row[["value", "usual", "band_low", "band_high", "clip"]]
    )
    assert distance.feature == "Distance at night (px/min at 5 fps)" and sleep.feature == "Time asleep at night"
    assert (distance.shown(1234.5), sleep.shown(0.256)) == (number(1234.5), "26 %")
    assert (distance.side, sleep.side, sleep.clip) == ("below", "above", "")
    assert distance.when == f"2 days to {ALARM['last_date']:%d %b}, ZT 14 to 24, oddest at ZT 14"
    assert sleep.when.endswith("ZT 14 to 24")


def test_another_episode_or_animal_has_its_own():
    mouse = filled("reasons", [{**TABLE.iloc[0].to_dict(), "animal": "m1", "value": 1.0}])
    why = Reasons(pd.concat([TABLE, mouse], ignore_index=True))
    assert [reason.value for reason in why.of({**ALARM, "animal": "m1"})] == [1.0]
    assert len(why.of(ALARM)) == 2
    assert why.of({**ALARM, "episode": 0}) == []  # an urgent check


def test_a_single_day_and_a_day_feature():
    row = {**TABLE.iloc[0].to_dict(), "feature": "all_is", "window_days": 1, "zt": None, "date": dt.date(2026, 3, 5)}
    (reason,) = Reasons(filled("reasons", [row])).of(ALARM)
    assert reason.when == "05 Mar, ZT 0 to 24"


@pytest.mark.parametrize(("value", "place"), [(80, 25), (100, 50), (120, 75), (-1e6, 2), (1e6, 98)])
def test_the_gauge_has_the_band_in_its_middle_half(value, place):
    assert Reason("x", value, 100, 80, 120, "", "").place == pytest.approx(place)
