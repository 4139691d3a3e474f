"""Checks on an evaluation, against worlds in which the answer is known."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from presage.config.distress import Alarms, Classifier, Compare
from presage.homecage.detectors import judge as judging
from presage.homecage.evaluation import controls
from presage.homecage.evaluation.evaluate import evaluate_cages, healthy_exposure
from tests.unit.homecage import small_colony as colony

ALARMS = Alarms(bootstrap=200, budgets=[1.0, 4.0], budget=1.0)
ILL = {k: 20 + k % 6 for k in range(24, 44)}
SHEET, EVENTS = colony.cages(44, 24), colony.events(ILL)
COMPARE = Compare(classifier=Classifier(min_events=4), detectors=["conformal", "classifier"])


@pytest.fixture(scope="module")
def run():
    judged = judging.judge(colony.daily(44, 50, 2, ILL), SHEET, EVENTS, colony.LIGHTS, colony.DETECTOR, ALARMS, COMPARE)
    given = {"latency_minutes": 60.0, "simulated": True, "seed": 1}
    return judged, evaluate_cages(judged, SHEET, EVENTS, colony.LIGHTS, ALARMS, **given)[1]


def pick(table, metric, detector="ours", budget=1.0):
    rows = table[(table["metric"] == metric) & (table["detector"] == detector)]
    return rows if budget is None else rows[rows["budget"] == budget]


def test_events_where_nothing_was_are_found_by_luck_only(run):
    table = run[1]
    real = pick(table, "detection_rate:weight_loss_5pct").query("group == 'all'")["value"].iloc[0]
    luck = pick(table, "detection_rate_shifted:weight_loss_5pct").iloc[0]
    chance = pick(table, "chance_detection").iloc[0]["value"]
    assert real > 0.8 and luck["value"] < 0.45 and luck["ci_low"] <= chance + 0.1
    assert not table["metric"].str.contains("shifted:onset").any()


def test_shifted_events_are_two_weeks_earlier():
    moved = controls.shifted(EVENTS)
    assert len(moved) == len(ILL) and set(moved["kind"]) == {"weight_loss_5pct"}
    kept = EVENTS[EVENTS["kind"] == "weight_loss_5pct"]
    assert (kept["time_utc"] - moved["time_utc"] == pd.Timedelta(days=14)).all()


def test_precision_counts_episodes(run):
    judged, table = run
    one = pick(table, "episode_precision").iloc[0]
    cases = pick(table, "detection_rate:weight_loss_5pct").query("group == 'all'").iloc[0]
    true = round(cases["value"] * cases["n"])
    false = int(pick(table, "false_alarms_per_cage_month").iloc[0]["note"].split()[0])
    assert one["n"] == true + false and one["value"] == pytest.approx(true / (true + false))
    assert judged["ours"].panel is not None


def test_false_alarms_of_one_weekday_stand_out(run):
    """Husbandry that disturbs every Tuesday is seen in the rows, and all weekdays together are all days."""
    ours = run[0]["ours"]
    groups = {c.cage: "none" for c in SHEET if c.role == "evaluate"}
    healthy = healthy_exposure(ours, groups, EVENTS, colony.LIGHTS, 7.0)
    tuesday = np.array([day.item().weekday() == 1 for day in ours.panel.dates])
    loud = np.where(tuesday[None], 99.0, -99.0) * np.ones((len(ours.panel.units), 1))
    scores = ours.scores.__class__(loud, ours.scores.why, *[np.zeros_like(healthy)] * 3)
    disturbed = ours.__class__(ours.panel, scores, ours.models, ours.model, {1.0: np.zeros(len(tuesday))})
    changes = pd.DataFrame(
        {"cage": ["c030"], "time_utc": [colony.LIGHTS.utc(colony.START + dt.timedelta(days=14), 3.0)],
         "kind": ["cage_change"]}
    )  # fmt: skip
    rows = controls.strata_rows(disturbed, healthy, 1.0, changes, colony.LIGHTS, {"detector": "ours"})
    by = {row["group"]: row for row in rows}
    assert by["weekday Tue"]["value"] == 100.0 and by["weekday Wed"]["value"] == 0.0
    assert sum(row["n"] for name, row in by.items() if name.startswith("weekday")) == healthy.sum()
    assert sum(row["n"] for name, row in by.items() if not name.startswith("weekday")) == healthy.sum()
    assert by["0 d after cage change"]["n"] == int(healthy[ours.panel.cages == "c030", 14].sum())


def test_a_pooled_rate_does_not_hide_a_strain(run):
    ours = run[0]["ours"]
    groups = {c.cage: "none" for c in SHEET if c.role == "evaluate"}
    healthy = healthy_exposure(ours, groups, EVENTS, colony.LIGHTS, 7.0)
    loud = np.isin(ours.panel.cages, ["c030", "c031"])
    score = np.where(loud[:, None] & (np.arange(healthy.shape[1]) % 6 == 0), 9.0, -9.0)
    scores = ours.scores.__class__(score, ours.scores.why, *[np.zeros_like(healthy)] * 3)
    one = ours.__class__(ours.panel, scores, ours.models, ours.model, {1.0: np.zeros(healthy.shape[1])})
    strain_of = {cage: "loud" if noisy else "calm" for cage, noisy in zip(ours.panel.cages, loud)}
    calm, noisy = controls.strain_rows(one, healthy, 1.0, strain_of, 2, {"detector": "ours"})
    assert (calm["group"], calm["value"]) == ("calm", 0.0) and noisy["value"] > 4 and noisy["ci_low"] > 1
    assert calm["n"] + noisy["n"] == healthy.sum()
    assert controls.strain_rows(one, healthy, 1.0, {}, 2, {"detector": "ours"}) == []


def test_probabilities_that_are_right_and_that_are_not():
    rng = np.random.default_rng(0)
    p = rng.uniform(0, 1, (200, 30)) ** 3
    ill, known = rng.uniform(size=p.shape) < p, np.ones(p.shape, bool)
    cages = np.array([f"c{i}" for i in range(200)])

    def rows(probability):
        return pd.DataFrame(controls.calibration_rows(probability, ill, known, cages, ALARMS, 0, {"detector": "x"}))

    right, wrong = rows(p), rows(np.sqrt(p))
    score = {name: t.set_index("metric")["value"] for name, t in (("right", right), ("wrong", wrong))}
    assert score["right"]["brier"] < score["wrong"]["brier"] and score["right"]["brier"] < right["value"].iloc[1]
    inside = right[right["metric"] == "reliability_observed"].set_index("group")
    said = right[right["metric"] == "reliability_predicted"].set_index("group")["value"]
    assert ((inside["ci_low"] <= said) & (said <= inside["ci_high"])).mean() > 0.8
    off = wrong[wrong["metric"] == "reliability_observed"].set_index("group")
    claimed = wrong[wrong["metric"] == "reliability_predicted"].set_index("group")["value"]
    assert not ((off["ci_low"] <= claimed) & (claimed <= off["ci_high"])).iloc[1:].any()  # the lowest bin is right
    assert controls.calibration_rows(p, ill, ~known, cages, ALARMS, 0, {"detector": "x"}) == []


def test_the_detectors_that_give_probabilities_are_checked(run):
    table = run[1]
    p = pick(table, "p_at_most_0.05", "conformal", None).iloc[0]
    assert 0 < p["ci_low"] <= p["value"] <= p["ci_high"] < 0.25 and p["n"] > 200  # twenty cages, few days: see its test
    brier, share = (pick(table, m, "classifier", None)["value"].iloc[0] for m in ("brier", "brier_of_the_share"))
    assert brier < share
    assert pick(table, "brier", "ours", None).empty
