import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presage import tables
from presage.config.distress import Alarms, Classifier, Compare
from presage.errors import UserError
from presage.homecage.detectors import judge as judging
from presage.homecage.detectors import models
from tests.unit.homecage import small_colony as colony

ALARMS = Alarms(bootstrap=100)
STAMP = judging.Stamp()


COMPARE = Compare(classifier=Classifier(min_events=4))


def _judge_all(table: pd.DataFrame, events: pd.DataFrame, count: int, calibrate: int) -> dict[str, judging.Judged]:
    cages = colony.cages(count, calibrate)
    return judging.judge(table, cages, events, colony.LIGHTS, colony.DETECTOR, ALARMS, COMPARE)


def _judge(table: pd.DataFrame, events: pd.DataFrame, count: int, calibrate: int) -> judging.Judged:
    judged = judging.judge(table, colony.cages(count, calibrate), events, colony.LIGHTS, colony.DETECTOR, ALARMS)
    return judged[judging.OURS]


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000), st.integers(13, 29), st.integers(10, 25))
def test_no_future_leak(seed: int, cut: int, onset: int) -> None:
    """Cutting the recording at day d and refitting on the rest never changes what is said of a day before d."""
    ill = {1: onset, 7: onset + 2}  # one of them a calibration cage
    table, events = colony.daily(9, 30, seed, ill), colony.events(ill)
    table.loc[table.sample(frac=0.05, random_state=seed).index, "value"] = np.nan
    day = colony.START + dt.timedelta(days=cut)
    when = colony.LIGHTS.utc(day)
    whole = _judge(table, events, 9, 6)
    early = _judge(table[table["date"] < day], events[events["time_utc"] < when], 9, 6)
    full, part = (judging.scores_table(j, ALARMS, 60.0, STAMP) for j in (whole, early))
    pd.testing.assert_frame_equal(full[full["date"] < day].reset_index(drop=True), part.reset_index(drop=True))
    known, then = (judging.alarms_table(j, ALARMS, 60.0, STAMP, until=cut - 1) for j in (whole, early))
    pd.testing.assert_frame_equal(known, then)


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 1000), st.integers(22, 36))
def test_no_future_leak_in_any_detector(seed: int, cut: int) -> None:
    ill = {1: 10} | {c: 10 + c % 6 for c in range(8, 20)}
    table, events = colony.daily(20, 38, seed, ill), colony.events(ill)
    day = colony.START + dt.timedelta(days=cut)
    whole = _judge_all(table, events, 20, 8)
    early = _judge_all(table[table["date"] < day], events[events["time_utc"] < colony.LIGHTS.utc(day)], 20, 8)
    assert set(whole) == {"ours", "rule: one low day", "rule: two low days", "chart: EWMA", "chart: CUSUM",
                          "conformal", "classifier"}  # fmt: skip
    assert whole["classifier"].models and np.isfinite(whole["classifier"].scores.score).any()
    for name, judged in whole.items():
        full, part = (judging.scores_table(j, ALARMS, 60.0, STAMP) for j in (judged, early[name]))
        pd.testing.assert_frame_equal(full[full["date"] < day].reset_index(drop=True), part.reset_index(drop=True))


def test_the_leak_test_can_see_a_leak() -> None:
    """The same comparison with a threshold from all days does differ: the property above is not empty."""
    table = colony.daily(9, 30, 3)
    whole, early = (
        _judge(table, colony.events({}), 9, 6),
        _judge(table[table["date"] < dt.date(2026, 3, 16)], colony.events({}), 9, 6),
    )
    assert whole.models[-1].thresholds.by_budget[1.0] != early.models[-1].thresholds.by_budget[1.0]
    assert whole.models[0].card() == early.models[0].card()


def test_models_are_dated_and_name_what_they_are_from(tmp_path) -> None:
    judged = _judge(colony.daily(9, 30, 1), colony.events({}), 9, 6)
    dates = [colony.START + dt.timedelta(days=d) for d in (12, 19, 26)]
    assert [m.fit_date for m in judged.models] == dates
    models.write(judged.models, tmp_path)
    cards = [json.loads(p.read_text()) for p in sorted(tmp_path.iterdir())]
    assert [c["model_hash"] for c in cards] == [m.hash for m in judged.models]
    assert cards[0]["calibration_cages"] == 6 and cards[0]["calibration_months"] == pytest.approx(6 * 7 / 30)
    assert set(cards[0]["learned"]["spread"]) == {f.name for f in colony.FEATURES}


def test_a_known_illness_of_a_calibration_cage_is_not_learned_as_healthy() -> None:
    ill = {2: 8}
    judged = _judge(colony.daily(9, 30, 1, ill), colony.events(ill), 9, 6)
    healthy = models.healthy_days(
        judged.panel, colony.events(ill), colony.LIGHTS, colony.LIGHTS.utc(dt.date(2026, 3, 20))
    )
    loss = 8 + 4
    assert not healthy[2, loss - 7 : loss + 15].any() and healthy[2, : loss - 7].all() and healthy[[0, 1]].all()
    before = models.healthy_days(
        judged.panel, colony.events(ill), colony.LIGHTS, colony.LIGHTS.utc(dt.date(2026, 3, 10))
    )
    assert before.all()  # nobody knew yet, and the true onset is never known


def test_tables_keep_their_contract(tmp_path) -> None:
    judged = _judge(colony.daily(9, 30, 1, {7: 20}), colony.events({7: 20}), 9, 6)
    scores, alarms = (
        judging.scores_table(judged, ALARMS, 60.0, STAMP),
        judging.alarms_table(judged, ALARMS, 60.0, STAMP),
    )
    tables.write(tmp_path / "s.parquet", "distress_scores", scores)
    tables.write(tmp_path / "a.parquet", "alarms", alarms)
    assert len(scores) == 9 * 30
    assert (scores["score"].notna().astype(int) + scores["no_call"] + scores["warm_up"] + scores["masked"] == 1).all()
    ill = alarms[alarms["cage"] == "c007"].iloc[-1]
    assert ill["first_date"] == dt.date(2026, 3, 21)
    assert ill["decision_utc"] == pd.Timestamp("2026-03-22 08:00", tz="UTC")  # lights-on and an hour of latency
    assert "distance at night" in ill["explanation"]
    for alarm in alarms.itertuples():  # score and threshold are of one and the same day
        days = scores[(scores["cage"] == alarm.cage) & scores["date"].between(alarm.first_date, alarm.last_date)]
        assert ((days["score"] == alarm.score) & (days["threshold"] == alarm.threshold)).any()


def test_an_urgent_check_is_a_row_of_its_own() -> None:
    judged = _judge(colony.daily(9, 20, 1), colony.events({}), 9, 6)
    when = pd.Timestamp("2026-03-15 02:00", tz="UTC")
    check = pd.DataFrame(
        [("c008", dt.date(2026, 3, 14), when, "hidden", 7.0)], columns=["cage", "date", "time_utc", "state", "hours"]
    )
    table = judging.alarms_table(judged, ALARMS, 60.0, STAMP, check)
    urgent = table[table["level"] == "urgent"].iloc[0]
    assert (urgent["cage"], urgent["decision_utc"], urgent["explanation"]) == (
        "c008",
        when,
        "hidden for 7.0 h of the dark",
    )


def test_bad_sheets_are_refused() -> None:
    table = colony.daily(4, 20, 1)
    with pytest.raises(UserError, match="no row for c003"):
        _judge(table, colony.events({}), 3, 2)
    with pytest.raises(UserError, match="role calibrate"):
        _judge(table, colony.events({}), 4, 0)


def test_persistence_wants_several_days_and_keeps_the_budget() -> None:
    """One odd day raises nothing, and five do; what comes later changes nothing of it."""
    table = colony.daily(16, 40, 5, {14: 30})
    odd = (table["cage"] == "c015") & (table["date"] == colony.START + dt.timedelta(days=30))
    table.loc[odd & (table["name"] == "night_distance"), "value"] *= 0.2
    sheet, none = colony.cages(16, 12), colony.events({})

    def judge(rows: pd.DataFrame, days: int) -> judging.Judged:
        alarms = ALARMS.model_copy(update={"persistence_days": days})
        single = colony.DETECTOR.model_copy(update={"windows": [1]})  # longer ones remember an odd day
        return judging.judge(rows, sheet, none, colony.LIGHTS, single, alarms)["ours"]

    once, lasting = judge(table, 1), judge(table, 2)
    assert once.alarm(1.0)[15, 30] and not lasting.alarm(1.0)[15, 28:34].any()
    assert lasting.alarm(1.0)[14, 31:35].any() and not lasting.alarm(1.0)[14, 30]
    assert lasting.models[-1].card()["learned"]["persistence_days"] == 2
    calibrate = lasting.alarm(1.0)[:12]
    assert calibrate.any(axis=1).sum() <= 12 * 28 / 30 + 3  # about as many episodes as were bought
    early = judge(table[table["date"] < colony.START + dt.timedelta(days=33)], 2)
    assert np.array_equal(lasting.scores.score[:, :33], early.scores.score, equal_nan=True)
