"""The drawn baseline is the detector's own, and a later day never moves an earlier band."""

import numpy as np

from presage.report.cages.bands import own_bands
from tests.unit.report.made_up_run.cages import colony, model_card
from tests.unit.report.made_up_run.facts import START

DAILY, SCORES, _ = colony()


def test_the_band_surrounds_healthy_days_and_not_ill_ones(events):
    bands = own_bands(DAILY, SCORES, events, [model_card()])
    band = bands["C03"][None, "night_distance"]
    values = DAILY[(DAILY["cage"] == "C03") & (DAILY["name"] == "night_distance")].set_index("date")["value"]
    inside = (values.reindex(band.index) >= band["low"]) & (values.reindex(band.index) <= band["high"])
    assert len(band) > 10 and inside.mean() > 0.8
    ill = bands["C01"][None, "night_distance"]
    values = DAILY[(DAILY["cage"] == "C01") & (DAILY["name"] == "night_distance")].set_index("date")["value"]
    assert (values.reindex(ill.index[-4:]) < ill["low"].iloc[-4:]).all()


def test_shares_stay_shares(events):
    band = own_bands(DAILY, SCORES, events, [model_card()])["C03"][None, "night_sleep_fraction"]
    assert band.to_numpy().min() >= 0 and band.to_numpy().max() <= 1


def test_later_days_change_nothing(events):
    whole = own_bands(DAILY, SCORES, events, [model_card()])["C01"][None, "night_distance"]
    day = START.replace(day=START.day + 15)
    cut = own_bands(DAILY[DAILY["date"] <= day], SCORES[SCORES["date"] <= day], events, [model_card()])
    part = cut["C01"][None, "night_distance"]
    assert len(part) > 5
    np.testing.assert_array_equal(whole.loc[part.index].to_numpy(), part.to_numpy())


def test_no_model_no_band(events):
    assert own_bands(DAILY, SCORES, events, []) == {}


def test_a_feature_that_the_model_could_not_learn_has_no_band(events):
    """Too few healthy days had it when the model was fitted, so its card says null."""
    card = model_card()
    card["learned"]["spread"]["night_sleep_fraction"] = None
    bands = own_bands(DAILY, SCORES, events, [card])["C03"]
    assert bands[None, "night_sleep_fraction"].empty and len(bands[None, "night_distance"]) > 10
