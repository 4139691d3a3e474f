"""What would have been seen in these very cages: falls of stated size and shape, injected into healthy recordings.

Noise, gaps and husbandry are the facility's own; only the illness is made up: activity falls, and the other features
follow as they do on healthy days on which it is low (their regression on it). A real illness moves them further, so
this is a lower bound. Were activity to fall alone, a detector that knows how features hang together would look too
good.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from presage.config.distress import Alarms, Power, first_amount
from presage.homecage.detectors.detector import FittedBaseline
from presage.homecage.detectors.models import Judged
from presage.homecage.detectors.panel import Panel
from presage.homecage.evaluation import statistics
from presage.homecage.evaluation.evaluation_table import row

# Share of the full fall on each day since it began; the last value lasts. dss: activity of the published colitis mice
# over that of their controls, 0.93 1.04 0.98 0.74 0.43 0.36 on days 1 to 6 (docs/numbers.md), with the last as the
# full fall.
SHAPES: Mapping[str, tuple[float, ...]] = {
    "step": (1.0,),
    "ramp": (1 / 3, 2 / 3, 1.0),
    "dss": (0.11, 0.0, 0.03, 0.41, 0.89, 1.0),
}


class Injected(NamedTuple):
    """Units [n] of a panel with an illness that begins on day ``start`` [n]."""

    panel: Panel
    unit: np.ndarray
    start: np.ndarray


def power_rows(
    judged: Judged,
    healthy: np.ndarray,
    alarms: Alarms,
    settings: Power,
    follow: np.ndarray,
    *,
    latency_minutes: float,
    seed: int,
    common: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Rows of the ``evaluation`` table for every shape, fall and budget; none where no cage has enough healthy days.

    ``power:<shape>`` is the share of injected illnesses with an alarm within ``alarms.horizon_days``,
    ``power_delay_days:<shape>`` the median time from their beginning to the decision (a miss counts as never);
    ``power_without`` the share of the same stretches that alarm as they were. Intervals: bootstrap over cages. Every
    day is judged by the model of that day, which has not seen it.

    ``healthy`` bool [U, D]: judged days on which nothing is wrong, of cages that set no threshold; ``follow`` [F]: see
    :func:`following`.
    """
    feature = first_amount(judged.panel.features)
    horizon = max(1, round(alarms.horizon_days))
    if feature is None or not judged.models:
        return []
    unit, start = _stretches(healthy & (judged.model >= 0), horizon, settings.starts, seed)
    if not len(unit):
        return []
    base = judged.panel.take(unit)
    cages = base.cages
    rows = []
    name = judged.panel.features[feature].name
    for shape, fall in [("", 0.0), *((s, f) for s in settings.shapes for f in settings.falls)]:
        scores = _score(judged, inject(Injected(base, unit, start), follow, shape, fall).panel)
        for budget, limits in judged.thresholds.items():
            first = _first(scores, limits, start, horizon)
            hit = np.isfinite(first).astype(float)
            draws = (statistics.mean, seed, alarms.bootstrap)
            about = {**common, "budget": budget, "n": len(unit)}
            if not shape:
                note = "the same stretches as they were recorded; bootstrap over cages"
                ci = statistics.bootstrap_ci(hit, cages, *draws)
                rows.append(row("power_without", value=float(hit.mean()), ci=ci, note=note, **about))
                continue
            about["group"] = f"fall {fall:.0%}"
            note = f"{name} of healthy stretches times {1 - fall:g} ({shape}), others following; bootstrap over cages"
            ci = statistics.bootstrap_ci(hit, cages, *draws)
            rows.append(row(f"power:{shape}", value=float(hit.mean()), ci=ci, note=note, **about))
            delay = first + 1.0 + latency_minutes / 1440.0
            value = -float(statistics.median_with_misses(-delay))
            rows.append(row(f"power_delay_days:{shape}", value=value, unit="d", note=note, **about))
    return rows


def following(fitted: FittedBaseline, panel: Panel) -> np.ndarray:
    """How far each feature moves [F], on its transformed scale, when activity moves by 1: 1 for activity itself.

    The regression on it over healthy days, by the spread and correlation that the detector learned.
    """
    k = first_amount(panel.features)
    if k is None or not np.isfinite(fitted.spread[k]):
        return np.zeros(len(panel.features))
    return np.nan_to_num(fitted.correlation[k] * fitted.spread / fitted.spread[k])


def inject(healthy: Injected, follow: np.ndarray, shape: str, fall: float) -> Injected:
    """The same with activity times 1 - ``fall`` x the shape from each start on, and the other features following.

    ``follow`` float64 [F], transformed scale, for each unit by which activity moves.
    """
    values = healthy.panel.values.copy()
    course = np.array(SHAPES[shape] if shape else (0.0,))
    since = np.arange(values.shape[1])[None] - healthy.start[:, None]
    depth = np.where(since >= 0, course[np.clip(since, 0, len(course) - 1)], 0.0)
    values -= np.log1p(-fall * depth)[..., None] * follow  # higher is worse
    return healthy._replace(panel=replace(healthy.panel, values=values))


def _stretches(healthy: np.ndarray, days: int, most: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(unit, start) of up to ``most`` stretches of ``days`` healthy days for each unit, drawn by lot."""
    rng = np.random.default_rng(seed)
    found: list[tuple[int, int]] = []
    for unit in range(len(healthy)) if healthy.shape[1] >= days else ():
        run = np.convolve(healthy[unit].astype(int), np.ones(days, dtype=int), mode="valid")
        starts = np.flatnonzero(run == days)
        chosen = rng.permutation(starts)[:most]
        found += [(unit, int(start)) for start in sorted(chosen)]
    table = np.array(found, dtype=int).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _score(judged: Judged, panel: Panel) -> np.ndarray:
    """Scores [n, D], each day by its own model."""
    out = np.full(panel.values.shape[:2], np.nan)
    for k in np.unique(judged.model[judged.model >= 0]):
        days = np.flatnonzero(judged.model == k)
        score = judged.models[k].scorer.score(panel.take(days=slice(0, int(days[-1]) + 1))).score
        out[:, days] = score[:, days]
    return out


def _first(score: np.ndarray, limits: np.ndarray, start: np.ndarray, days: int) -> np.ndarray:
    """Days from the start to the first alarm within ``days``, float [n]; NaN where there is none."""
    since = np.arange(score.shape[1])[None] - start[:, None]
    with np.errstate(invalid="ignore"):
        hit = (score > limits) & (since >= 0) & (since < days)
    return np.where(hit.any(axis=1), np.where(hit, since, days).min(axis=1), np.nan)
