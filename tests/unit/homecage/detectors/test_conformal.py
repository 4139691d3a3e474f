"""Conformal p-values: valid for cages that nobody has seen, and in the right order."""

import numpy as np
import pytest

from presage.homecage.detectors import panel as panels
from presage.homecage.detectors.conformal import Conformal, length
from tests.unit.homecage import small_colony as colony


def panel(cages, days, seed, ill=None, cv=0.16):
    return panels.build(colony.daily(cages, days, seed, ill, cv=cv), colony.FEATURES)


def fitted(cages=40, seed=0):
    known = panel(cages, 25, seed)
    return Conformal(colony.DETECTOR).fit(known, np.ones(known.values.shape[:2], bool))


def p_values(model, new):
    """Of every judged day."""
    score = model.score(new).score
    return 10 ** -score[np.isfinite(score)]


def test_p_values_of_new_healthy_cages_are_what_they_say():
    p = np.concatenate([p_values(fitted(seed=seed), panel(60, 25, 100 + seed)) for seed in range(3)])
    for level in (0.01, 0.05, 0.2, 0.5):
        # The reference's models knew fewer cages, so it is a little wide. Days of a cage hang together.
        assert 0.5 * level <= (p <= level).mean() <= 1.1 * level + 0.004


def test_a_noisier_room_is_not_valid_and_the_test_can_see_it():
    p = p_values(fitted(), panel(60, 25, 9, cv=0.3))
    assert (p <= 0.05).mean() > 0.06


def test_an_ill_cage_has_small_ones_and_worse_is_smaller():
    model, ill = fitted(), dict.fromkeys(range(10), 15)
    mild, bad = (
        model.score(panels.build(colony.daily(10, 20, 5, ill, fall), colony.FEATURES)).score[:, 17]
        for fall in (0.7, 0.3)
    )
    assert (10**-bad < 0.01).all() and (bad > mild).all()
    assert len(np.unique(mild)) == 10  # beyond every reference day the order is kept


def test_p_values_count_reference_days():
    model = fitted()
    reference = model.reference
    n = len(reference)
    assert model.p_value(reference[[0]]) == pytest.approx(1.0)
    assert model.p_value(reference[[-1]]) == pytest.approx(2 / (n + 1))
    assert model.p_value(reference[[n // 2]]) == pytest.approx((1 + n - n // 2) / (n + 1))
    assert model.p_value(np.array([1e3])) < 1 / (n + 1)
    assert np.isnan(model.p_value(np.array([np.nan])))


def test_the_reference_is_of_days_that_the_model_had_not_seen():
    """Forty cages and ten folds: every cage's days are there, none of them judged by a model of its own cage."""
    known = panel(40, 25, 0)
    healthy = np.ones(known.values.shape[:2], bool)
    model = Conformal(colony.DETECTOR).fit(known, healthy)
    own = model.distance.score(known).score
    assert len(model.reference) == np.isfinite(own).sum()
    assert not np.allclose(np.sort(own[np.isfinite(own)]), model.reference)


def test_one_cage_is_no_reference():
    known = panel(1, 25, 0)
    with pytest.raises(ValueError, match="other cages"):
        Conformal(colony.DETECTOR).fit(known, np.ones(known.values.shape[:2], bool))


def test_length_counts_only_what_points_towards_illness():
    z = np.array([[3.0, 0.0], [-3.0, 0.0], [3.0, np.nan], [3.0, 4.0]])
    assert length(z, np.eye(2)) == pytest.approx([3, 0, 3, 5])
    shared = length(z, np.array([[1.0, 0.8], [0.8, 1.0]]))
    assert shared[3] < 5  # two features that always go together are not twice the evidence
