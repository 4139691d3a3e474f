import numpy as np
import pytest

from presage.config.distress import Alarms, Detector
from presage.homecage.detectors import panel
from presage.homecage.detectors.rules_of_thumb import RatioRule
from presage.homecage.evaluation import healthy
from presage.homecage.readings import importers
from presage.homecage.readings.daily import to_daily

ALARMS = Alarms(bootstrap=200)


@pytest.fixture(scope="module")
def table(real_data):
    daily = to_daily(importers.read("mice_rhythms", real_data / "homecage" / "mice_rhythms_act_minutes.csv"))
    return healthy.evaluate_healthy(daily, "night_activity", Detector(), ALARMS, name="mice_rhythms")


def _row(table, metric: str, budget: float, detector: str = "ours"):
    rows = table[(table["metric"] == metric) & (table["budget"] == budget) & (table["detector"] == detector)]
    return rows.iloc[0]


@pytest.mark.parametrize("budget", [1.0, 2.0])
def test_healthy_mice_keep_the_budget_left_one_out(table, budget: float) -> None:
    row = _row(table, "false_alarms_per_cage_month", budget)
    assert row["n"] == 26 * 9  # 7.8 mouse-months after warm-up
    assert row["ci_low"] <= budget <= row["ci_high"]


@pytest.mark.parametrize("budget", [1.0, 2.0])
def test_silence_is_not_what_keeps_it(table, budget: float) -> None:
    row = _row(table, "sensitivity_40pct_3d", budget)
    assert row["n"] == 26 * 7
    assert row["value"] >= 0.9
    assert _row(table, "sensitivity_without_fall", budget)["value"] < 0.4


def test_an_injected_fall_is_what_it_says(real_data) -> None:
    daily = to_daily(importers.read("mice_rhythms", real_data / "homecage" / "mice_rhythms_act_minutes.csv"))
    settings = healthy.single(Detector(), "night_activity")
    whole = panel.build(daily, settings.features)
    fallen = healthy.inject(whole, 3, 8)
    before = panel.inverse(whole.values[3, :, 0], whole.features[0])
    after = panel.inverse(fallen.values[0, :, 0], whole.features[0])
    expected = np.ones(len(before))
    expected[8:11] = 0.6
    assert after / before == pytest.approx(expected, nan_ok=True)


def test_published_rates_of_the_one_line_rule(real_data) -> None:
    """Ratio to the own trailing 5-day median under 0.70 / 0.60 / 0.50: 1.28 / 0.64 / 0 alarms per mouse-month."""
    daily = to_daily(importers.read("mice_rhythms", real_data / "homecage" / "mice_rhythms_act_minutes.csv"))
    settings = healthy.single(Detector(baseline_days=5), "night_activity")
    whole = panel.build(daily[~daily["provisional"]], settings.features)
    score = RatioRule(settings, "night_activity").score(whole).score
    months = np.isfinite(score).sum() / 30
    assert [round(float((score > 1 - cut).sum() / months), 2) for cut in (0.70, 0.60, 0.50)] == [1.28, 0.64, 0.0]


def test_dispersion_is_one_for_chance_and_more_for_strains_that_differ() -> None:
    rng = np.random.default_rng(1)
    months = np.full(400, 2.0)
    assert healthy._dispersion(rng.poisson(2.0, 400).astype(float), months) == pytest.approx(1.0, abs=0.2)
    assert healthy._dispersion(rng.poisson(np.repeat([0.5, 3.5], 200)).astype(float), months) > 1.8
