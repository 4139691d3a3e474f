"""Each cage's own baseline as the detector sees it, day by day, to be drawn behind the daily values."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from presage.config.distress import Detector
from presage.homecage.detectors import panel as panels
from presage.homecage.detectors.baseline import compare
from presage.report.cages.timeline import zt0
from presage.report.run import Run

WIDTH = 2.0  # own standard deviations to either side
Bands = dict[str, dict[tuple[str | None, str], pd.DataFrame]]


def detector_cards(run: Run) -> list[dict[str, Any]]:
    """Cards of our dated models, oldest first."""
    cards = [json.loads(path.read_text()) for path in run.folder.glob("homecage/distress/model/*.json")]
    return sorted((card for card in cards if card["name"] == "ours"), key=lambda card: card["fit_date"])


def drawn_features(cards: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names of the detector's features, in its order; empty where no model was fitted."""
    return [feature["name"] for feature in cards[-1]["settings"]["features"]] if cards else []


def own_bands(
    daily: pd.DataFrame, scores: pd.DataFrame, events: pd.DataFrame, cards: Sequence[Mapping[str, Any]]
) -> Bands:
    """Cage -> (animal or None, feature) -> frame with the date as index and the columns ``low`` and ``high``.

    The band of a day is the level of the past ordinary days -+ two own standard deviations, in the feature's unit, from
    the code and settings that judged the day (the newest model of then). Empty where there is no model.
    """
    daily = daily[~daily["provisional"].astype(bool)]
    if not cards or not daily["name"].isin(drawn_features(cards)).any():
        return {}
    settings = Detector(**cards[-1]["settings"])
    panel = panels.build(daily, settings.features, _evidence(daily, events, settings.event_weight))
    ordinary = _ordinary(panel, scores, settings.freeze_score)
    shape = panel.values.shape
    low, high = np.full(shape, np.nan), np.full(shape, np.nan)
    for day, date in enumerate(panel.dates):
        prior = _prior(cards, date.item(), drawn_features(cards))
        result = compare(panel, day, 1, ordinary, settings, prior)
        spread = result.spread(prior, settings.prior_days)
        for k, feature in enumerate(panel.features):
            ends = [panels.inverse(result.level[:, k] + side * WIDTH * spread[:, k], feature) for side in (-1, 1)]
            low[:, day, k], high[:, day, k] = np.minimum(*ends), np.maximum(*ends)
    bands: Bands = {}
    for u, (cage, animal) in enumerate(panel.units):
        for k, feature in enumerate(panel.features):
            frame = pd.DataFrame({"low": low[u, :, k], "high": high[u, :, k]}, index=pd.to_datetime(panel.dates).date)
            bands.setdefault(cage, {})[animal or None, feature.name] = frame.dropna()
    return bands


def _prior(cards: Sequence[Mapping[str, Any]], date: dt.date, features: Sequence[str]) -> np.ndarray:
    """The healthy spread [F] of the newest model of ``date``, or of the first model for days before it."""
    known = [card for card in cards if card["fit_date"] <= date.isoformat()] or list(cards[:1])
    spread = known[-1]["learned"]["spread"]  # null for a feature that too few healthy days had: it gets no band
    return np.array([spread[name] for name in features], dtype=float)


def _ordinary(panel: panels.Panel, scores: pd.DataFrame, freeze_score: float) -> np.ndarray:
    """Days [U, D] that may serve as baseline: seen, no event, and not odd by their score."""
    ordinary = (panel.evidence >= 1.0) & np.isfinite(panel.values).any(axis=2)
    unit = {name: i for i, name in enumerate(panel.units)}
    odd = scores[scores["score"] >= freeze_score]
    for cage, animal, date in zip(odd["cage"], odd["animal"], odd["date"]):
        u = unit.get((cage, animal if isinstance(animal, str) else ""))
        day = int((np.datetime64(date, "D") - panel.dates[0]).astype(int))
        if u is not None and 0 <= day < len(panel.dates):
            ordinary[u, day] = False
    return ordinary


def _evidence(daily: pd.DataFrame, events: pd.DataFrame, weights: Mapping[str, float]) -> pd.DataFrame:
    """Rows ``cage animal date weight`` of the days with a husbandry event, dated by the cage-days of ``daily``."""
    rows = events[events["kind"].isin([kind for kind, weight in weights.items() if weight < 1.0])]
    first = daily["date"].min()
    days = np.floor((rows["time_utc"] - zt0(daily, first)) / pd.Timedelta(days=1)).astype(int)
    dates = [first + dt.timedelta(days=int(day)) for day in days]
    animal = rows["animal"].fillna("")
    return pd.DataFrame(
        {"cage": rows["cage"], "animal": animal, "date": dates, "weight": rows["kind"].map(dict(weights))}
    )
