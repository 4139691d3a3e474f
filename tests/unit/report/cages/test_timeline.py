"""Timelines: gaps stay gaps, weights are found, alarms and events fall on the right cage-day."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presage.report.cages.timeline import LEFT, PLOT, _ticks, draw, pick_features, words, zt0
from tests.unit.report.made_up_run.cages import colony
from tests.unit.report.made_up_run.facts import DAYS, START, filled, utc

DAILY, SCORES, ALARMS = colony()


def drawing(cage: str, events: pd.DataFrame):
    mine = (frame[frame["cage"] == cage] for frame in (DAILY, SCORES, events))
    return draw(*mine, {}, ["night_distance"], None)


def test_days_without_a_value_are_a_gap(events):
    hole = DAILY["date"].eq(START + dt.timedelta(days=10)) & DAILY["cage"].eq("C03")
    daily = DAILY.assign(value=DAILY["value"].mask(hole))
    mine = draw(
        daily[daily["cage"] == "C03"], SCORES[SCORES["cage"] == "C03"], events[:0], {}, ["night_distance"], None
    )
    feature = mine.panels[1]
    assert [len(line.split()) for line in feature.lines] == [10, DAYS - 11]
    assert len(feature.points) == DAYS - 1


def test_alarm_days_are_red_and_no_calls_are_shown(events):
    alarms = SCORES[(SCORES["cage"] == "C01") & SCORES["alarm"]]
    kinds = [kind for _, _, kind, _ in drawing("C01", events).panels[0].points]
    assert kinds.count("alarm") == len(alarms) > 0
    assert [kind for _, _, kind, _ in drawing("C05", events).shades].count("no_call") == 2


def test_an_event_falls_on_its_cage_day(events):
    noon = filled("events", [{"cage": "C01", "kind": "death", "time_utc": utc(5.5)}])
    ((x, *_),) = drawing("C01", noon).events
    assert x == pytest.approx(LEFT + 5.5 * PLOT / DAYS)


def test_routine_events_have_no_label(events):
    anchors = {kind: anchor for _, _, kind, _, anchor in drawing("C02", events).events}
    assert anchors == {"cage_change": "", "onset": "start", "weight_loss_5pct": "start"}


def test_alarms_are_marked_from_their_first_to_their_last_day(events):
    alarms = ALARMS[ALARMS["cage"] == "C01"].assign(id="alarm-1")
    mine = (frame[frame["cage"] == "C01"] for frame in (DAILY, SCORES, events))
    ((x, width, level, link, _),) = draw(*mine, {}, [], None, alarms).alarms
    days = [(alarms[column].iloc[0] - START).days for column in ("first_date", "last_date")]
    assert x == pytest.approx(LEFT + days[0] * PLOT / DAYS)
    assert width == pytest.approx((days[1] - days[0] + 1) * PLOT / DAYS)
    assert (level, link) == ("check", "alarm-1")


def test_weights_come_from_a_scale_or_else_from_the_weighings(events):
    mine = [frame[frame["cage"] == "C01"] for frame in (DAILY, SCORES)]
    weighed = [{"cage": "C01", "kind": "weighing", "time_utc": utc(d + 0.2), "value": 25.0 - d} for d in (3, 10)]
    sheet = filled("events", weighed)
    panel = draw(*mine, sheet, {}, [], None).panels[-1]
    assert panel.title == "Weight" and [point[3].split(",")[0] for point in panel.points] == [
        f"{START + dt.timedelta(days=3)}: 22", f"{START + dt.timedelta(days=10)}: 15",
    ]  # fmt: skip
    scale = mine[0][mine[0]["name"] == "night_distance"].assign(name="all_weight", unit="g", value=21.5)
    panels = draw(pd.concat([mine[0], scale]), mine[1], sheet, {}, [], None).panels
    assert [panel.title for panel in panels[1:]] == ["Weight (g)"] and len(panels[1].points) == DAYS


def test_an_animal_that_is_only_weighed_has_no_empty_panels(events):
    scale = DAILY[(DAILY["cage"] == "C01") & (DAILY["name"] == "night_distance")].assign(name="all_weight", unit="g")
    found = draw(scale, SCORES[:0], events[:0], {}, ["night_distance", "night_sleep_fraction"], "m1")
    assert [panel.title for panel in found.panels] == ["Weight (g)"] and not found.judged
    assert found.summary == f"{DAYS} days, not judged by itself"


def test_labels_that_would_collide_take_another_lane():
    close = filled("events", [{"cage": "C01", "kind": "death", "time_utc": utc(5 + i / 100)} for i in range(3)])
    assert len({y for _, y, *_ in drawing("C01", close).events}) == 3


def test_a_label_at_the_edge_hangs_to_the_left_and_still_finds_its_lane():
    rows = [{"cage": "C01", "kind": "onset", "time_utc": utc(DAYS - 2)}]
    rows += [{"cage": "C01", "kind": "technician_note", "time_utc": utc(DAYS - 0.5)}]
    (_, first, *_), (_, second, *_, anchor) = drawing("C01", filled("events", rows)).events
    assert anchor == "end" and first != second


def test_lights_on_is_found_from_the_end_of_whole_days():
    assert zt0(DAILY, START) == utc(0)
    day_phase = DAILY.assign(name="day_distance", end_utc=DAILY["end_utc"] - pd.Timedelta(hours=12))
    assert zt0(pd.concat([DAILY, day_phase]), START) == utc(0)


def test_night_comes_first():
    assert pick_features(DAILY) == ["night_distance", "night_sleep_fraction", "day_distance"]
    assert words("weight_loss_5pct") == "5 % weight loss" and words("night_distance") == "distance at night"


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_few_and_inside(low, span):
    ticks = _ticks(low, low + span)
    assert 1 <= len(ticks) <= 5
    assert np.all(ticks >= low - 1e-6 * span - 1e-9) and np.all(ticks <= low + span * (1 + 1e-6) + 1e-9)
