"""Hours of the cage-day: closed-form means, what was seen, and one cage at a time."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from presage import tables
from presage.config.distress import Features
from presage.homecage.readings.cage_by_cage import summarise
from presage.homecage.readings.daily import to_daily
from presage.homecage.readings.hourly import to_hourly
from presage.homecage.recordings.zeitgeber import Lights, Schedule

LIGHTS = Lights(zone="Europe/Zurich", on="07:00", off="19:00")
DAY = dt.date(2026, 3, 2)


def minutes(values, cage="a", day=DAY, coverage=1.0):
    """Minutes from lights-on of ``day``; NaN was seen but has no value."""
    time = LIGHTS.utc(day) + pd.to_timedelta(np.arange(len(values)), unit="min")
    rows = pd.DataFrame({"time_utc": time.as_unit("us"), "cage": cage, "animal": None, "name": "distance"})
    rows = rows.assign(value=np.asarray(values, float), unit="px/min", resolution_s=60.0, coverage=coverage)
    return rows[tables.SCHEMAS["readings"].names]


def test_an_hour_is_the_mean_of_what_was_seen_of_it(tmp_path):
    rows = minutes(np.repeat([2.0, 8.0], 60))
    rows.loc[0:29, "coverage"] = 0.5  # half as much was seen of the first half hour
    rows.loc[0:29, "value"] = 4.0
    out = to_hourly(rows, lights=LIGHTS, sampling="s", source="video")
    assert out["zt"].tolist() == [0, 1] and out["date"].unique().tolist() == [DAY]
    assert out["value"].tolist() == pytest.approx([(30 * 0.5 * 4 + 30 * 2) / 45, 8.0])
    assert out["seen_s"].tolist() == [45 * 60.0, 3600.0]
    assert out["first_utc"].tolist() == [rows["time_utc"][0], rows["time_utc"][60]]
    tables.write(tmp_path / "h.parquet", "hourly", out)


def test_seen_without_a_value_is_not_missing():
    out = to_hourly(minutes(np.full(60, np.nan)), lights=LIGHTS)
    assert np.isnan(out["value"][0]) and out["seen_s"][0] == 3600.0
    lost = to_hourly(minutes(np.full(60, np.nan), coverage=0.0), lights=LIGHTS)
    assert lost["seen_s"][0] == 0.0 and pd.isna(lost["first_utc"][0])


def test_readings_coarser_than_an_hour_have_no_hours():
    assert to_hourly(minutes([1.0]).assign(resolution_s=86400.0), lights=LIGHTS).empty


@pytest.fixture
def files(tmp_path):
    """Three cages; the second one's recording ends in the middle of its last day."""
    rng, found = np.random.default_rng(3), []
    for cage, days, last in (("a", 4, 1440), ("b", 4, 700), ("c", 2, 1440)):
        for k in range(days):
            day = DAY + dt.timedelta(days=k)
            path = tmp_path / f"{cage}{k}.parquet"
            rows = minutes(rng.gamma(2.0, 3.0, last if k == days - 1 else 1440), cage, day)
            still = rows.assign(name="still_fraction", unit="1", value=rng.uniform(0, 1, len(rows)))
            hidden = rows.assign(name="hidden_fraction", unit="1", value=1.0 if (cage, k) == ("c", 1) else 0.0)
            parts = pd.concat([rows, still, hidden], ignore_index=True)
            tables.write(path, "readings", parts, {"sampling": "video 10 fps"})
            found.append((cage, str(path)))
    return found


def test_one_cage_at_a_time_gives_what_all_at_once_would(files):
    found = summarise(files, lights=LIGHTS, schedule=Schedule(), features=Features(), urgent_hours=6.0)
    rows = pd.concat([tables.read(path, "readings") for _, path in files], ignore_index=True)
    whole = to_daily(rows, lights=LIGHTS, schedule=Schedule(), sampling="video 10 fps", source="video")
    mine = found.daily[found.daily["name"].isin(whole["name"])]
    key = ["cage", "date", "name"]
    pd.testing.assert_frame_equal(mine.sort_values(key, ignore_index=True), whole.sort_values(key, ignore_index=True))
    assert found.urgent[["cage", "state"]].to_numpy().tolist() == [["c", "hidden"]]
    assert set(found.hourly["cage"]) == {"a", "b", "c"} and len(found.hourly) == (24 * 9 + 12) * 3


def test_whether_a_day_was_over_is_told_by_all_cages(files):
    """Cage b stopped at noon of a day that the others saw to its end: it is short of data, and over."""
    found = summarise(files, lights=LIGHTS, schedule=Schedule(), features=Features(), urgent_hours=6.0)
    assert not found.daily["provisional"].any()
    alone = summarise([f for f in files if f[0] == "b"], lights=LIGHTS, schedule=Schedule(), features=Features(),
                      urgent_hours=6.0)  # fmt: skip
    assert alone.daily["provisional"].any()


def test_no_cage_is_no_reading():
    found = summarise([], lights=LIGHTS, schedule=Schedule(), features=Features(), urgent_hours=6.0)
    assert found.daily.empty and found.hourly.empty and found.urgent.empty
