"""Cage-days, zeitgeber time and the clock change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presage.errors import UserError
from presage.homecage.recordings import clock
from presage.sheets import Segment

BERLIN, SEVEN = ZoneInfo("Europe/Berlin"), time(7)


def test_a_night_is_not_split():
    evening = datetime(2026, 1, 10, 20, 0, tzinfo=BERLIN)
    before_dawn = datetime(2026, 1, 11, 6, 59, 59, tzinfo=BERLIN)
    assert clock.cage_day(evening, BERLIN, SEVEN) == clock.cage_day(before_dawn, BERLIN, SEVEN) == date(2026, 1, 10)
    assert clock.cage_day(before_dawn + timedelta(seconds=1), BERLIN, SEVEN) == date(2026, 1, 11)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 28), 23), (date(2026, 10, 24), 25), (date(2026, 6, 1), 24)])
def test_length_of_a_cage_day_over_the_clock_change(day, hours):
    start, end = (clock.lights_on_utc(d, BERLIN, SEVEN) for d in (day, day + timedelta(days=1)))
    assert (end - start) / timedelta(hours=1) == hours


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),
    st.times(),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
)
def test_every_instant_lies_in_its_cage_day(naive, lights_on, name):
    zone, t = ZoneInfo(name), naive.replace(tzinfo=UTC)
    day = clock.cage_day(t, zone, lights_on)
    assert clock.lights_on_utc(day, zone, lights_on) <= t
    assert t < clock.lights_on_utc(day + timedelta(days=1), zone, lights_on)


def test_naive_start_is_facility_local():
    assert clock.to_utc("2026-07-01T07:00:00", BERLIN) == datetime(2026, 7, 1, 5, tzinfo=UTC)
    assert clock.to_utc("2026-07-01T07:00:00Z", BERLIN) == datetime(2026, 7, 1, 7, tzinfo=UTC)


@pytest.mark.parametrize("start", ["2026-10-25T02:30:00", "2026-03-29T02:30:00", "yesterday"])
def test_a_start_that_has_no_single_meaning_is_refused(start):
    with pytest.raises(UserError, match=r"x\.mp4"):
        clock.to_utc(start, BERLIN, "x.mp4")


def test_place_groups_and_sorts():
    rows = [
        Segment("B", "2026-01-11T06:00:00", "b2.mp4"),
        Segment("B", "2026-01-10T08:00:00", "b1.mp4", "12.5"),
        Segment("A", "2026-01-11T08:00:00", "a1.mp4"),
    ]
    days = clock.place(rows, BERLIN, SEVEN)
    assert list(days) == [("A", date(2026, 1, 11)), ("B", date(2026, 1, 10))]
    assert [(s.path, s.fps) for s in days["B", date(2026, 1, 10)]] == [("b1.mp4", 12.5), ("b2.mp4", None)]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "no rows"),
        ([Segment("A", "2026-01-10T08:00:00", "a.mp4", "fast")], "no positive number"),
        ([Segment("A", "2026-01-10T08:00:00", "a.mp4", "-1")], "no positive number"),
        ([Segment("A", "2026-01-10T08:00:00", p) for p in ("a.mp4", "b.mp4")], "starts with a.mp4"),
    ],
)
def test_place_refuses(rows, message):
    with pytest.raises(UserError, match=message):
        clock.place(rows, BERLIN, SEVEN)
