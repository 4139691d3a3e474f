"""Weights and temperatures that become events by themselves."""

import datetime as dt

import pandas as pd
import pytest

from presage import tables
from presage.homecage.readings.derived_events import added, derived_events, with_derived
from tests.unit.homecage import small_colony as colony

START = pd.Timestamp("2026-03-01T09:00Z")


def weights(values, cage="a", animal="m1"):
    rows = pd.DataFrame({"time_utc": START + pd.to_timedelta(range(len(values)), unit="D"), "value": values})
    rows["time_utc"] = rows["time_utc"].astype("datetime64[us, UTC]")
    rows = rows.assign(cage=cage, animal=animal, name="weight", unit="g", resolution_s=86400.0, coverage=1.0)
    return rows[tables.SCHEMAS["readings"].names]


def temperatures(values, cage="a"):
    days = [colony.START + dt.timedelta(days=k) for k in range(len(values))]
    end = pd.DatetimeIndex([colony.LIGHTS.utc(day, 24.0) for day in days]).as_unit("us")
    return pd.DataFrame({"cage": cage, "animal": None, "date": days, "name": "all_temperature", "value": values,
                         "end_utc": end, "provisional": False})  # fmt: skip


def test_the_first_weighing_so_far_down_is_the_event(tmp_path):
    table = weights([20.0, 20.2, 19.8, 19.5, 19.0, 18.6, 17.9])
    found = derived_events([table], temperatures([]), 2.0)
    tables.write(tmp_path / "e.parquet", "events", found)
    assert found["kind"].tolist() == ["weight_loss_5pct", "weight_loss_10pct"]
    assert found["time_utc"].tolist() == [START + pd.Timedelta(days=4), START + pd.Timedelta(days=6)]
    assert found["value"].tolist() == pytest.approx([0.05, 0.105]) and set(found["animal"]) == {"m1"}


def test_weights_that_are_not_known_or_too_few_say_nothing():
    assert derived_events([weights([20.0, 20.0, 10.0])], temperatures([]), 2.0).empty
    table = weights([20.0, None, 20.0, 20.0, None, 19.9])
    assert derived_events([table], temperatures([]), 2.0).empty


def test_a_cold_day_is_one_that_was_over():
    days = temperatures([37.0, 37.2, 36.8, 35.6, 34.9, 34.0])
    found = derived_events([], days, 2.0)
    assert found["kind"].tolist() == ["temperature_fall"] and found["value"].tolist() == pytest.approx([2.1])
    assert found["time_utc"][0] == days["end_utc"][4] and found["animal"].isna().all()
    days.loc[4, "provisional"] = True
    assert derived_events([], days, 2.0)["time_utc"][0] == days["end_utc"][5]


def test_the_sheets_word_counts():
    sheet = colony.events({0: 5}).assign(cage="a")
    found = derived_events([weights([20.0] * 3 + [17.0])], temperatures([]), 2.0)
    both = added(sheet, found)
    assert (both["kind"] == "weight_loss_5pct").sum() == 1 and (both["kind"] == "weight_loss_10pct").sum() == 1
    assert both.loc[both["kind"] == "weight_loss_5pct", "time_utc"].iloc[0] == sheet["time_utc"].iloc[1]
    assert len(added(tables.empty("events"), found)) == 2


def weighed(values, animal=None):
    frame = weights(values, animal=animal)[["cage", "animal", "time_utc", "value"]]
    return frame.assign(kind="weighing", note=None)[tables.SCHEMAS["events"].names]


def test_weighings_by_hand_tell_losses_too():
    both = with_derived(weighed([20.0, 20.0, 20.0, 19.4, 18.8]), tables.empty("events"))
    assert both["kind"].tolist() == ["weighing"] * 5 + ["weight_loss_5pct"]
    assert both["time_utc"].iloc[-1] == START + pd.Timedelta(days=4) and both["value"].iloc[-1] == pytest.approx(0.06)


def test_the_scales_word_comes_before_the_hand():
    scale = derived_events([weights([20.0, 20.0, 20.0, 18.9], animal=None)], temperatures([]), 2.0)
    both = with_derived(weighed([20.0, 20.0, 20.0, 20.0, 18.8]), scale)
    assert both.loc[both["kind"] == "weight_loss_5pct", "time_utc"].tolist() == [START + pd.Timedelta(days=3)]


def test_mice_weighed_together_without_a_name_lose_nothing():
    two = pd.concat([weighed([20.0, 20.0, 20.0, 20.0]), weighed([15.0, 15.0, 15.0, 15.0])], ignore_index=True)
    assert (with_derived(two, tables.empty("events"))["kind"] == "weighing").all()
