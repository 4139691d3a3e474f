import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presage.homecage.readings import importers, rhythms


@given(st.floats(1, 100), st.floats(0.1, 50), st.floats(0, 23.9))
def test_cosinor_finds_what_was_put_in(mesor: float, amplitude: float, phase: float) -> None:
    hours = np.arange(24 * 5)
    series = mesor + amplitude * np.cos(2 * np.pi * (hours - phase) / 24)
    series[::7] = np.nan
    fit = rhythms.cosinor(series, 24)
    assert fit.mesor == pytest.approx(mesor, rel=1e-6)
    assert fit.amplitude == pytest.approx(amplitude, rel=1e-6)
    assert (fit.acrophase - phase + 12) % 24 - 12 == pytest.approx(0, abs=1e-5)


def test_a_repeated_day_is_stable_and_noise_is_not() -> None:
    day = np.r_[np.zeros(12), np.ones(12)]
    repeated = np.tile(day, 10)
    noise = np.random.default_rng(1).normal(size=2400)
    assert rhythms.interdaily_stability(repeated, 24) == pytest.approx(1.0)
    assert rhythms.interdaily_stability(noise, 24) < 0.05
    assert rhythms.intradaily_variability(noise) == pytest.approx(2.0, abs=0.2)
    assert rhythms.intradaily_variability(repeated) < 0.5
    assert rhythms.relative_amplitude(repeated, 24) == pytest.approx(1.0)
    assert rhythms.l5_m10(np.tile(np.arange(24.0), 3), 24) == pytest.approx((2.0, 18.5))


def test_real_mice_are_nocturnal(real_data) -> None:
    table = importers.read("mice_rhythms", real_data / "homecage" / "mice_rhythms_act_minutes.csv")
    minutes = table.loc[table["cage"] == "f1", "value"].to_numpy()[720:]  # from lights-on
    fit = rhythms.cosinor(minutes, 1440)
    assert 12 < fit.acrophase < 24
    assert 0.2 < rhythms.relative_amplitude(minutes, 1440) < 1
