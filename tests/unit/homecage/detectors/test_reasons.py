"""What an alarm rests on: the band of the animal itself, the hour in which it shows, and the film of it."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from presage import tables
from presage.config.distress import Alarms, FeatureWeight
from presage.homecage.detectors import judge as judging
from presage.homecage.detectors.detector import OwnBaseline
from presage.homecage.detectors.panel import build
from presage.homecage.detectors.reasons import reasons_table
from presage.homecage.detectors.why import Deviation, Why
from tests.unit.homecage import small_colony as colony

ALARMS = Alarms(bootstrap=100)
ILL = dict.fromkeys(range(24, 36), 20)
CAGES, DAYS, ODD = 36, 28, 17


def hours(daily, odd=ODD):
    """Hourly distance of the same cages; in illness, all of the fall is in the hour ``odd``."""
    rows = []
    for row in daily[daily["name"] == "night_distance"].itertuples():
        cage, day = int(row.cage[1:]), (row.date - colony.START).days
        for zt in range(24):
            sick = cage in ILL and ILL[cage] <= day < ILL[cage] + 5
            value = 100.0 + zt - (60.0 if sick and zt == odd else 0.0)
            rows.append((row.cage, row.date, zt, value, colony.LIGHTS.utc(row.date, zt) + pd.Timedelta(minutes=10)))
    table = pd.DataFrame(rows, columns=["cage", "date", "zt", "value", "first_utc"])
    table = table.assign(animal=None, name="distance", unit="px/min", seen_s=3600.0, sampling="s", source="video")
    return table[tables.SCHEMAS["hourly"].names]


@pytest.fixture(scope="module")
def run():
    daily = colony.daily(CAGES, DAYS, 4, ILL)
    judged = judging.judge(daily, colony.cages(CAGES, 24), colony.events(ILL), colony.LIGHTS, colony.DETECTOR, ALARMS)
    return daily, judged["ours"]


def test_each_alarm_says_what_where_and_when(run, tmp_path):
    daily, ours = run
    alarms = judging.alarms_table(ours, ALARMS, 60.0, judging.Stamp())
    found = reasons_table(ours, ALARMS, daily, hours(daily), colony.LIGHTS, 21)
    tables.write(tmp_path / "r.parquet", "reasons", found)
    assert set(zip(found["cage"], found["episode"])) == set(zip(alarms["cage"], alarms["episode"]))
    ill = found[found["cage"].isin([f"c{k:03d}" for k in ILL]) & (found["feature"] == "night_distance")]
    ill = ill[ill["date"] >= colony.START + dt.timedelta(days=20)]
    assert len(ill) >= 8
    assert (ill["value"] < ill["band_low"]).all() and (ill["usual"] < ill["band_high"]).all()
    assert (ill["zt"] == ODD).all()
    row = ill.iloc[0]
    when = colony.LIGHTS.utc(row["date"], ODD) + pd.Timedelta(minutes=10)
    assert row["watch_utc"] == when and row["clip"] == f"clips/{row['cage']}/{when:%Y%m%dT%H%M%SZ}_60s.mp4"
    words = alarms.set_index(["cage", "episode"]).loc[(row["cage"], row["episode"]), "explanation"]
    assert f"distance at night {100 * (row['value'] / row['usual'] - 1):+.0f} %" in words


def test_hours_of_the_other_phase_do_not_count(run):
    daily, ours = run
    found = reasons_table(ours, ALARMS, daily, hours(daily, odd=3), colony.LIGHTS, 21)
    assert not (found.loc[found["feature"] == "night_distance", "zt"] < 12).any()


def test_no_film_where_there_is_no_camera_and_no_hour_without_hours(run):
    daily, ours = run
    found = reasons_table(ours, ALARMS, daily, hours(daily).assign(source="sensor"), colony.LIGHTS, 21)
    assert found["zt"].notna().any() and found["clip"].isna().all()
    found = reasons_table(ours, ALARMS, daily, tables.empty("hourly"), colony.LIGHTS, 21)
    assert len(found) and found[["zt", "watch_utc", "clip"]].isna().all(axis=None)
    assert found[found["feature"] == "night_still_fraction"]["zt"].isna().all()


def test_the_band_holds_what_it_says():
    """In healthy animals of known noise, 95 % of the days lie in their band."""
    panel = build(colony.daily(60, 40, 11), colony.FEATURES)
    fitted = OwnBaseline(colony.DETECTOR.model_copy(update={"windows": [1]})).fit(panel, np.ones((60, 40), bool))
    inside = []
    for _, _, looks in fitted._walk(panel):
        for _, result, _, _ in looks:
            own = result.spread(fitted.spread, colony.DETECTOR.prior_days)
            with np.errstate(divide="ignore"):
                half = 1.96 * own * np.sqrt(1.0 / result.evidence + 1.0 / result.days)
            ok = np.abs(result.recent - result.level) <= half
            inside.append(ok[np.isfinite(result.recent - result.level)])
    assert np.concatenate(inside).mean() == pytest.approx(0.95, abs=0.02)


def test_small_deviations_are_named_too():
    """Where only their sum stands out people still want to know which they are."""
    deviation = Deviation(FeatureWeight(name="night_distance", worse="down", scale="log"), 90, 100, 80, 120, 0.7)
    fell = "distance at night -10 % on this day"
    assert str(Why((deviation,), 1, small=True)) == f"many small deviations, of which {fell}"
    assert str(Why((), 2, small=True)) == "many small deviations over 2 days"
    assert str(Why((deviation,), 1)) == fell
