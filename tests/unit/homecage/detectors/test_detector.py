import numpy as np
import pytest

from presage.config.distress import Detector, FeatureWeight
from presage.errors import UserError
from presage.homecage.detectors import panel as panels
from presage.homecage.detectors.detector import FittedBaseline, OwnBaseline
from presage.homecage.detectors.panel import Panel
from tests.unit.homecage import small_colony as colony


def _panel(distance: np.ndarray, **rest: np.ndarray) -> Panel:
    """One feature, distance [U, D]."""
    feature = FeatureWeight(name="night_distance", worse="down", scale="log")
    shape = distance.shape
    end = np.broadcast_to(np.datetime64("2026-03-02", "us") + np.arange(shape[1]) * np.timedelta64(1, "D"), shape)
    fields = {
        "values": panels.transform(distance, feature)[..., None],
        "sampling": np.zeros((*shape, 1), dtype=np.int32),
        "evidence": np.ones(shape),
        "end_utc": end,
        **rest,
    }
    dates = np.datetime64("2026-03-01", "D") + np.arange(shape[1])
    return Panel([(f"c{i}", "") for i in range(shape[0])], dates, (feature,), **fields)


def _settings(**rest: object) -> Detector:
    return Detector(features=[FeatureWeight(name="night_distance", worse="down", scale="log")], **rest)


def _fitted(settings: Detector | None = None, spread: float = 0.16) -> FittedBaseline:
    return FittedBaseline(settings or _settings(), np.array([spread]), np.eye(1))


def _steady(days: int = 20, seed: int = 0, cv: float = 0.1) -> np.ndarray:
    return 400.0 * np.exp(np.random.default_rng(seed).normal(0, cv, (1, days)))


def test_a_fall_scores_high_and_says_what_fell() -> None:
    distance = np.full((1, 20), 400.0)
    distance[0, 12:14] = 200.0
    scores = _fitted().score(_panel(distance))
    assert np.nanmax(scores.score[0, :12]) < 1.0
    assert scores.score[0, 12] > 2.0 and scores.score[0, 13] > scores.score[0, 12]
    assert str(scores.why[0, 13]) == "distance at night -50 % over 2 days"
    assert scores.warm_up[0].tolist() == [True] * 5 + [False] * 15


def test_a_trifle_in_a_feature_that_hardly_varies_is_no_finding() -> None:
    """A healthy colony that varies by a thousandth a day, and an animal that falls by one and by thirty per cent."""
    healthy = np.concatenate([_steady(seed=s, cv=0.001) for s in range(6)])
    fitted = OwnBaseline(_settings()).fit(_panel(healthy), np.ones(healthy.shape, dtype=bool))
    assert fitted.spread == pytest.approx([0.01])
    trifle, fall = _steady(seed=9, cv=0.001), _steady(seed=9, cv=0.001)
    trifle[0, 12:] *= 0.99
    fall[0, 12:] *= 0.7
    assert np.nanmax(fitted.score(_panel(trifle)).score) < 2.5
    assert fitted.score(_panel(fall)).score[0, 12] > 4.0
    trusting = Detector(features=[_settings().features[0].model_copy(update={"least_spread": 0.0})])
    trusted = OwnBaseline(trusting).fit(
        panels.Panel(**{**vars(_panel(healthy)), "features": tuple(trusting.features)}), np.ones(healthy.shape, bool)
    )
    assert np.nanmax(trusted.score(_panel(trifle)).score) > 4.0


def test_the_unit_does_not_matter_and_neither_does_the_level() -> None:
    distance = _steady()
    assert _fitted().score(_panel(distance * 11.8)).score == pytest.approx(
        _fitted().score(_panel(distance)).score, nan_ok=True
    )


def test_the_baseline_stays_frozen_while_the_animal_is_ill_and_learns_a_lasting_change() -> None:
    distance = np.full((1, 60), 400.0)
    distance[0, 15:] = 220.0
    score = _fitted().score(_panel(distance)).score[0]
    assert (score[15:30] > 2.0).all()  # two weeks on, still seen against the old level
    assert (score[45:] < 1.0).all()  # and in the end it is the new one


def test_missing_days_are_no_call_and_never_an_alarm() -> None:
    distance = _steady()
    distance[0, 10:13] = np.nan
    scores = _fitted().score(_panel(distance))
    assert scores.no_call[0, 10:13].all() and np.isnan(scores.score[0, 10:13]).all()
    assert np.nanmax(scores.score[0, 13:]) < 2.5


def test_baselines_never_mix_two_samplings() -> None:
    distance = np.full((1, 20), 400.0)
    distance[0, 10:] = 340.0  # another frame rate: the path is 15 % shorter
    sampling = np.zeros((1, 20, 1), dtype=np.int32)
    sampling[0, 10:] = 1
    scores = _fitted().score(_panel(distance, sampling=sampling))
    assert scores.warm_up[0, 10:15].all()
    assert np.nanmax(scores.score) < 0.5


def test_events_thin_or_mask_the_evidence() -> None:
    distance = np.full((1, 20), 400.0)
    distance[0, 12] = 240.0
    whole = _fitted().score(_panel(distance)).score[0, 12]
    evidence = np.ones((1, 20))
    evidence[0, 12] = 0.5
    assert 0 < _fitted().score(_panel(distance, evidence=evidence)).score[0, 12] < whole
    evidence[0, 12] = 0.0
    scores = _fitted().score(_panel(distance, evidence=evidence))
    assert scores.masked[0].tolist() == [d == 12 for d in range(20)] and np.isnan(scores.score[0, 12])


def test_a_missing_feature_does_not_move_the_others() -> None:
    table = colony.daily(6, 20, 1)
    panel = panels.build(table, colony.FEATURES)
    fitted = OwnBaseline(colony.DETECTOR).fit(panel, np.ones(panel.values.shape[:2], bool))
    values = panel.values.copy()
    values[:, :, 1] = np.nan
    scores = fitted.score(panel.take())
    without = fitted.score(Panel(**{**vars(panel), "values": values}))
    assert np.isfinite(without.score[:, 6:]).all()
    assert np.corrcoef(scores.score[:, 6:].ravel(), without.score[:, 6:].ravel())[0, 1] > 0.6


def test_scores_of_healthy_animals_have_about_unit_spread() -> None:
    settings = _settings(windows=[1])
    rng = np.random.default_rng(2)
    panel = _panel(400.0 * np.exp(rng.normal(0, 0.2, (200, 30))))
    fitted = OwnBaseline(settings).fit(panel, np.ones((200, 30), bool))
    assert fitted.spread[0] == pytest.approx(0.2, rel=0.1)
    score = fitted.score(panel).score
    assert np.nanstd(score) == pytest.approx(1.0, abs=0.12)
    assert abs(np.nanmean(score)) < 0.1


def test_the_first_baseline_stays_the_first() -> None:
    distance = np.full((1, 30), 400.0)
    distance[0, 1:] = 300.0
    settings = _settings(baseline="first", baseline_days=1, min_baseline_days=1)
    score = _fitted(settings).score(_panel(distance)).score[0]
    assert np.isnan(score[0]) and score[1:] == pytest.approx(score[-1], rel=0.3) and score[-1] > 1.0


def test_two_sources_of_one_value_are_refused() -> None:
    table = colony.daily(2, 6, 1)
    with pytest.raises(UserError, match="comes from two sources"):
        panels.build(table.loc[[*table.index, 3]], colony.FEATURES)
    with pytest.raises(UserError, match="none of them is in the readings"):
        panels.build(table.assign(name="night_nonsense"), colony.FEATURES)
