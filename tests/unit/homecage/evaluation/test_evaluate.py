import pandas as pd
import pytest

from presage import tables
from presage.config.distress import Alarms
from presage.homecage.detectors import judge as judging
from presage.homecage.evaluation import evaluate
from tests.unit.homecage import small_colony as colony

ALARMS = Alarms(bootstrap=100)


@pytest.fixture(scope="module")
def run() -> tuple:
    ill = {k: 16 + k % 5 for k in range(32, 44)}
    cages, events = colony.cages(44, 24), colony.events(ill)
    judged = judging.judge(colony.daily(44, 34, 2, ill), cages, events, colony.LIGHTS, colony.DETECTOR, ALARMS)
    tables_ = evaluate.evaluate_cages(
        judged, cages, events, colony.LIGHTS, ALARMS, latency_minutes=60.0, simulated=True, seed=1
    )
    return judged, events, *tables_


def _pick(table: pd.DataFrame, metric: str, budget: float = 1.0) -> pd.Series:
    rows = table[(table["metric"] == metric) & (table["detector"] == "ours") & (table["budget"] == budget)]
    return rows[rows["group"] == "all"].iloc[0]


def test_a_halved_night_is_seen_before_the_weight(run: tuple, tmp_path) -> None:
    _, _, leads, table = run
    tables.write(tmp_path / "l.parquet", "lead_time", leads)
    tables.write(tmp_path / "e.parquet", "evaluation", table)
    assert _pick(table, "detection_rate:weight_loss_5pct")["value"] >= 0.8
    assert 2.0 < _pick(table, "lead_days:weight_loss_5pct:detected")["value"] < 4.0
    assert 0.0 < _pick(table, "delay_days:detected")["value"] <= 2.6
    assert _pick(table, "lead_days:weight_loss_5pct:all")["n"] == 12
    assert table.loc[table["value"].isna(), "note"].notna().all()  # a null says why


def test_false_alarms_are_counted_on_healthy_time_only(run: tuple) -> None:
    judged, events, _, table = run
    ours = judged["ours"]
    groups = {f"c{i:03d}": "" for i in range(24, 44)}
    healthy = evaluate.healthy_exposure(ours, groups, events, colony.LIGHTS, 7.0)
    assert not healthy[:24].any() and not healthy[:, :12].any()  # calibration cages, and before the first model
    assert healthy[24:32, 12:].all()
    for unit in range(32, 44):
        onset = 16 + unit % 5
        assert healthy[unit, 12:onset].all() and not healthy[unit, onset:].any()
    row = _pick(table, "false_alarms_per_cage_month")
    assert row["n"] == healthy.sum() and row["ci_low"] <= 1.0 <= row["ci_high"]
    assert "not demonstrable" in _pick(table, "false_alarms_per_cage_month", 0.05)["note"]


def test_the_arithmetic_of_budgets(run: tuple) -> None:
    table = run[3]
    assert _pick(table, "chance_detection")["value"] == pytest.approx(0.21, abs=0.005)
    assert _pick(table, "exposure_needed", 0.05)["value"] == 60
    rate, false = (
        _pick(table, "detection_rate:weight_loss_5pct")["value"],
        _pick(table, "false_alarms_per_cage_month")["value"],
    )
    assert _pick(table, "ppv")["value"] == pytest.approx(0.02 * rate / (0.02 * rate + false))


def test_without_events_there_are_false_alarms_and_no_detection() -> None:
    cages, none = colony.cages(12, 6), colony.events({})
    judged = judging.judge(colony.daily(12, 20, 2), cages, none, colony.LIGHTS, colony.DETECTOR, ALARMS)
    leads, table = evaluate.evaluate_cages(
        judged, cages, none, colony.LIGHTS, ALARMS, latency_minutes=60.0, simulated=False, seed=1
    )
    assert leads.empty and not table["metric"].str.startswith("detection_rate").any()
    assert _pick(table, "false_alarms_per_cage_month")["n"] == 6 * 8
