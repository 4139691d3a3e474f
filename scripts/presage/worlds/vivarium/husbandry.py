"""What people and machines do to a cage: cage changes, weighing, the technician's look, cameras that fail.

Weights follow the 9 untreated mice of ``relsa_tm_dss.txt``: no trend over two weeks, an SD of 1.2 % around the own
mean and of 1.5 % between successive days, which is white noise of 1.0 % plus slow drift of 0.7 %. One of them dips by
5.5 % once.
"""

from dataclasses import dataclass

import numpy as np

from presage.worlds.vivarium.clock import Clock
from presage.worlds.vivarium.illness import END_POINT_WEIGHT, Course
from presage.worlds.vivarium.mice import Mouse

WEIGH_NOISE, WEIGH_DRIFT, DRIFT_DAYS = 0.010, 0.007, 7.0
REFERENCE_WEIGHINGS = 7  # the reference weight is their mean
GAP_MINUTES = 180.0  # mean length of a camera gap


@dataclass(frozen=True)
class Care:
    """The calendar of one cage, in minutes of the clock, and what it does to the animals."""

    changes: np.ndarray  # int64 (changes,)
    weighings: np.ndarray  # int64 (weighings,)
    disturbed: np.ndarray  # float (minutes,): factor on activity
    nestless: np.ndarray  # bool (minutes,)


def care(clock: Clock, change_days: int, weigh_days: int, first_change: int, rng: np.random.Generator) -> Care:
    """Cage changes every ``change_days`` from day ``first_change``, weighings every ``weigh_days`` from day 0; in the
    light.

    A new cage wakes the mice, keeps them busier until the end of the night, and has no proper nest for six hours. The
    weighings are those of a scale in the cage, which disturbs nobody; by hand, mice are weighed at the cage change.
    """
    days = len(clock.dates)
    changes = clock.zt0[first_change:days:change_days]
    changes = changes + rng.integers(120, 300, len(changes))
    weighings = clock.zt0[0:days:weigh_days]
    weighings = weighings + rng.integers(60, 120, len(weighings))
    disturbed, nestless = np.ones(clock.minutes), np.zeros(clock.minutes, bool)
    for minute in changes:
        disturbed[minute : minute + 90] *= 2.5
        disturbed[minute + 90 : clock.zt0[clock.day[minute] + 1]] *= 1.15
        nestless[minute : minute + 360] = True
    return Care(changes, weighings, disturbed, nestless)


def weigh(mouse: Mouse, course: Course, minutes: np.ndarray, clock: Clock, rng: np.random.Generator) -> np.ndarray:
    """Weights (g) that a scale shows at ``minutes``."""
    steps = np.diff(np.r_[minutes[0], minutes]) / 1440
    drift = np.zeros(len(minutes))
    drift[0] = rng.normal(0, WEIGH_DRIFT)
    for k in range(1, len(minutes)):
        memory = np.exp(-steps[k] / DRIFT_DAYS)
        drift[k] = memory * drift[k - 1] + rng.normal(0, WEIGH_DRIFT * np.sqrt(1 - memory**2))
    noise = rng.normal(0, WEIGH_NOISE, len(minutes))
    return np.round(mouse.weight_g * course.weight[minutes] * (1 + drift + noise), 2)


def loss_of_weight(weights: np.ndarray) -> np.ndarray:
    """Share of the reference weight (mean of the first weighings) that is lost; negative is gain."""
    return 1 - weights / weights[:REFERENCE_WEIGHINGS].mean()


def end_point(weights: np.ndarray, weighings: np.ndarray) -> int | None:
    """Minute of the first weighing at the humane end point, where the recording ends."""
    low = np.flatnonzero(loss_of_weight(weights) >= 1 - END_POINT_WEIGHT)
    return int(weighings[low[0]]) if len(low) else None


def technician_look(
    clock: Clock, severity: np.ndarray, care: Care, table: list[tuple[float, float]], end: int, rng: np.random.Generator
) -> tuple[int, float] | None:
    """(minute, severity) of the technician's first note, or None.

    One look a day between ZT3 and ZT8; on the day of a cage change the animal is handled, which is a second look.
    """
    days = len(clock.dates)
    looks = clock.zt0[:days] + rng.integers(180, 480, days)
    severities, sensitivities = np.array(table).T
    chance = np.interp(severity[looks], severities, sensitivities)
    handled = np.isin(np.arange(days), clock.day[care.changes])
    chance = np.where(handled, 1 - (1 - chance) ** 2, chance)
    noted = np.flatnonzero((rng.random(days) < chance) & (looks < end))
    return (int(looks[noted[0]]), float(severity[looks[noted[0]]])) if len(noted) else None


def camera(clock: Clock, share: float, lost_days: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """bool (minutes,): the camera works. Gaps of random length lose ``share`` of the time; ``lost_days`` are gone."""
    works = ~np.isin(clock.day, lost_days)
    for start in rng.integers(0, clock.minutes, rng.poisson(share * clock.minutes / GAP_MINUTES)):
        works[start : start + 1 + int(rng.exponential(GAP_MINUTES))] = False
    return works
