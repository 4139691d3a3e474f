"""Strains and sites left out, hours lost, other technicians: by hand, and in worlds whose answer is known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from presage import tables
from presage.config.distress import Alarms
from presage.homecage.detectors import judge as judging
from presage.homecage.evaluation import controls
from presage.homecage.evaluation.left_out import left_out_rows, splits
from presage.homecage.evaluation.lost_hours import Damage, lose
from presage.homecage.evaluation.technician import technician_rows
from tests.unit.homecage import small_colony as colony
from tests.unit.homecage.readings.test_hourly import DAY, LIGHTS, minutes

ALARMS = Alarms(bootstrap=100, budgets=[1.0], budget=1.0)


def test_a_strain_that_is_left_out_sets_nothing():
    cages = [replace(c, strain="AB"[k % 2], site="one") for k, c in enumerate(colony.cages(8, 4))]
    found = dict(splits(cages, "strain"))
    assert set(found) == {"A", "B"} and not list(splits(cages, "site"))
    for name, sheet in found.items():
        assert all(c.role == "evaluate" for c in sheet if c.strain == name)
        assert any(c.role == "calibrate" for c in sheet)
    one_sided = [replace(c, strain="A" if c.role == "calibrate" else "B") for c in cages]
    assert [name for name, _ in splits(one_sided, "strain")] == ["B"]


def test_a_noisy_strain_that_set_nothing_alarms_more():
    daily = colony.daily(48, 40, 3)
    noisy = daily["cage"].str[1:].astype(int) % 2 == 1
    middle = daily.groupby(["cage", "name"])["value"].transform("median")
    daily["value"] = np.where(noisy, middle * (daily["value"] / middle) ** 3, daily["value"])
    daily.loc[daily["name"] == "night_still_fraction", "value"] = daily["value"].clip(0, 1)
    cages = [replace(c, strain="calm" if k % 2 == 0 else "wild") for k, c in enumerate(colony.cages(48, 24))]
    events = colony.events({}).assign(kind="x")

    def judge(sheet, by):
        return judging.judge(daily, sheet, events, colony.LIGHTS, colony.DETECTOR, ALARMS)

    given = {"latency_minutes": 60.0, "simulated": True, "seed": 1}
    rows = pd.DataFrame(left_out_rows(judge, cages, events, colony.LIGHTS, ALARMS, **given))
    rate = rows[rows["metric"] == "left_out:false_alarms_per_cage_month"].set_index("group")["value"]
    assert set(rate.index) == {"strain", "strain calm", "strain wild"}
    assert rate["strain wild"] > 3 * max(rate["strain calm"], 0.5)


def test_the_busiest_hours_are_the_ones_that_go():
    profile = np.repeat(np.r_[np.ones(20), [9.0, 2.0, 7.0, 1.0]], 60)
    days = [minutes(profile, f"m{k}", DAY) for k in range(60)]
    rows = pd.concat(days, ignore_index=True)
    out = lose(rows, "distance", LIGHTS, Damage(2, True), seed=5)
    gone = out["value"].isna() & (out["coverage"] == 0)
    hit = gone.groupby(out["cage"]).sum()
    assert set(hit) == {0, 120} and 4 <= (hit > 0).sum() <= 22
    assert set(rows.loc[gone, "value"]) == {9.0, 7.0}
    random = lose(rows, "distance", LIGHTS, Damage(2, False), seed=5)
    lost = random["value"].isna()
    assert (lost.groupby(out["cage"]).sum() == hit).all() and 1.0 in set(rows.loc[lost, "value"])


def _day(k):
    return pd.Timestamp("2026-03-10", tz="UTC") + pd.Timedelta(days=k)


def test_the_lead_over_a_technician_by_hand():
    cases = pd.DataFrame({"cage": list("abcd"), "event": "onset", "status": ["detected"] * 3 + ["missed"],
                          "onset_utc": _day(0), "decision_utc": [_day(1), _day(2), _day(3), pd.NaT]})  # fmt: skip
    notes = pd.DataFrame({"cage": list("abda"), "time_utc": [_day(5), _day(1), _day(4), _day(2)],
                          "value": [1.0, 1.0, 1.0, 4.0]})  # fmt: skip
    notes = pd.concat([notes, notes.tail(1).assign(cage="b", time_utc=_day(-3))])  # before the onset: no note
    rows = pd.DataFrame(technician_rows(cases, notes, ALARMS, 1, {"detector": "ours"}))
    lead = rows[rows["metric"] == "lead_over_technician"].set_index("group")
    assert lead.loc["1 x as attentive", "value"] == -1.0 and lead.loc["1 x as attentive", "n"] == 3  # -inf, -1, 4
    assert lead.loc["4 x as attentive", "value"] == 1.0 and lead.loc["4 x as attentive", "n"] == 1
    noted = rows[rows["metric"] == "technician_noted"].set_index("group")["value"]
    assert noted.tolist() == [0.75, 0.25]
    assert technician_rows(cases, tables.empty("events"), ALARMS, 1, {"detector": "ours"}) == []


def test_net_benefit_of_a_perfect_forecast_is_the_share_that_is_ill():
    ill = np.zeros((10, 20), bool)
    ill[:3, 5:9] = True
    known, cages = np.ones_like(ill), np.array([f"c{k}" for k in range(10)])
    rows = pd.DataFrame(controls.decision_rows(ill.astype(float), ill, known, cages, ALARMS, 1, {"detector": "x"}))
    share = ill.mean()
    assert rows[rows["metric"] == "net_benefit"]["value"].tolist() == pytest.approx([share] * 6)
    all_of = rows[rows["metric"] == "net_benefit_of_all"]["value"].to_numpy()
    t = np.array(controls.ACT_AT)
    assert all_of == pytest.approx(share - (1 - share) * t / (1 - t))
    blind = controls.decision_rows(np.zeros(ill.shape), ill, known, cages, ALARMS, 1, {"detector": "x"})
    assert all(r["value"] == 0 for r in blind if r["metric"] == "net_benefit")
