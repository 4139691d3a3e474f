"""Injected illness: what is injected, where, and that finding it depends on what it should depend on."""

import numpy as np
import pandas as pd
import pytest

from presage.config.distress import Alarms, Detector, Power
from presage.homecage.detectors import judge as judging
from presage.homecage.detectors import panel as panels
from presage.homecage.detectors.detector import FittedBaseline
from presage.homecage.evaluation.evaluate import evaluate_cages
from presage.homecage.evaluation.inject import SHAPES, Injected, following, inject, power_rows
from presage.worlds.vivarium.illness import DSS_ACTIVITY
from tests.unit.homecage import small_colony as colony

ALARMS = Alarms(bootstrap=100, budgets=[0.25, 1.0], horizon_days=7)
POWER = Power(falls=[0.2, 0.4, 0.6], starts=1)


def rows(cages=30, calibrate=16, days=34, power=POWER, table=None, **rest):
    table = colony.daily(cages, days, 3) if table is None else table
    sheet, none = colony.cages(cages, calibrate), colony.events({})
    judged = judging.judge(table, sheet, none, colony.LIGHTS, colony.DETECTOR, ALARMS, **rest)
    given = {"latency_minutes": 60.0, "simulated": True, "seed": 1, "power": power}
    return judged, evaluate_cages(judged, sheet, none, colony.LIGHTS, ALARMS, **given)[1]


@pytest.fixture(scope="module")
def found():
    return rows()[1]


def value(table, metric, fall, budget=1.0):
    one = table[(table["metric"] == metric) & (table["group"] == fall) & (table["budget"] == budget)]
    return float(one["value"].iloc[0])


def test_the_colitis_shape_is_the_published_one():
    depth = 1 - np.array(DSS_ACTIVITY[:6])
    assert SHAPES["dss"] == pytest.approx(np.maximum(depth, 0) / depth[-1], abs=0.006)
    assert all(0 <= share <= 1 for shape in SHAPES.values() for share in shape) and SHAPES["ramp"][-1] == 1


def test_activity_falls_by_that_much_and_the_others_follow():
    panel = panels.build(colony.daily(2, 20, 0), colony.FEATURES)
    start, unit = np.array([5, 12]), np.arange(2)
    sick = inject(Injected(panel, unit, start), np.array([1.0, 0.5]), "ramp", 0.3).panel
    ratio = np.exp(-(sick.values - panel.values)[..., 0])
    assert ratio[0, :5] == pytest.approx(1) and ratio[0, 5:8] == pytest.approx([0.9, 0.8, 0.7])
    assert ratio[1, :12] == pytest.approx(1) and ratio[1, 14:] == pytest.approx(0.7)
    change = sick.values - panel.values
    assert change[..., 1] == pytest.approx(0.5 * change[..., 0])  # both towards illness


def test_what_follows_is_the_regression_on_healthy_days():
    rng = np.random.default_rng(0)
    activity = rng.normal(0, 0.2, 4000)
    other = 0.6 * activity + rng.normal(0, 0.1, 4000)
    slope = np.polyfit(activity, other, 1)[0]
    fitted = FittedBaseline(
        Detector(features=colony.FEATURES), np.array([activity.std(), other.std()]), np.corrcoef(activity, other)
    )
    assert following(fitted, panels.build(colony.daily(1, 2, 0), colony.FEATURES)) == pytest.approx(
        [1, slope], rel=0.01
    )


def test_more_is_found_of_a_deeper_fall_at_a_laxer_budget(found):
    for shape in SHAPES:
        shares = [value(found, f"power:{shape}", f"fall {fall}%") for fall in (20, 40, 60)]
        assert shares == sorted(shares) and shares[-1] > 0.9
        assert value(found, f"power:{shape}", "fall 40%", 0.25) <= value(found, f"power:{shape}", "fall 40%")
    without = found[(found["metric"] == "power_without") & (found["budget"] == 1.0)]["value"].iloc[0]
    assert without < value(found, "power:dss", "fall 20%") + 0.15


def test_a_sudden_fall_is_found_sooner_than_a_slow_one(found):
    delay = [value(found, f"power_delay_days:{shape}", "fall 60%") for shape in ("step", "ramp", "dss")]
    assert 1 < delay[0] <= delay[1] <= delay[2] < 7  # the first day has to be over


def test_a_noisier_facility_finds_less(found):
    noisy = rows(table=colony.daily(30, 34, 3, cv=0.4))[1]
    assert value(noisy, "power:step", "fall 40%") < value(found, "power:step", "fall 40%")


def test_nothing_is_injected_where_no_stretch_is_healthy():
    judged, _ = rows(cages=8, calibrate=5, days=20, power=None)
    ours = judged["ours"]
    nobody = np.zeros(ours.panel.values.shape[:2], bool)
    given = {"latency_minutes": 60.0, "seed": 1, "common": {"detector": "ours"}}
    assert power_rows(ours, nobody, ALARMS, POWER, np.ones(2), **given) == []
    assert not rows(power=POWER.model_copy(update={"falls": []}))[1]["metric"].str.startswith("power").any()


def test_its_rows_fit_the_table(found):
    mine = found[found["metric"].str.startswith("power:")]
    assert len(mine) == 3 * 3 * 2 and mine["value"].between(0, 1).all()
    assert (mine["ci_low"] <= mine["value"]).all() and (mine["value"] <= mine["ci_high"]).all()
    assert pd.Series(mine["n"]).nunique() == 1 and mine["simulated"].all()
