"""What the sensors of the colony deliver: hourly readings of the very features that the pose branch computes.

As there, motion is the mean over the minutes in which an animal was seen, and hidden time is a reading of its own.
"""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd

from presage import tables
from presage.worlds.vivarium.behaviour import Minutes
from presage.worlds.vivarium.household import Household
from presage.worlds.vivarium.mice import Mouse

MIN_COVERAGE = 0.05  # hours with less are not delivered
MINUTES = 60  # of an hour

# Share of the time in immobile runs of more than 40 s, by state (explore, feed, quiet, asleep).
_SLEEP = np.array([0.0, 0.03, 0.5, 1.0])


def hourly(home: Household, px_per_cm: float, fps: float) -> pd.DataFrame:
    """The ``readings`` rows of one cage, its animals averaged; hours that no camera recorded have no row.

    Coverage is the recorded share of the hour. An hour in which the animals were hidden throughout has null motion.
    Lengths are px at ``px_per_cm``; ``fps`` only goes into the units, as in the pose branch.
    """
    cage, works, lives = home.plan.cage, home.works, home.lives
    hours = home.clock.minutes // MINUTES
    coverage = _per_hour(works, hours).mean(1)
    keep = coverage >= MIN_COVERAGE
    starts = [home.clock.utc(hour * MINUTES) for hour in np.flatnonzero(keep).tolist()]
    seen = [works & ~life.hidden for life in lives]
    measured = [_features(m, life, px_per_cm) for m, life in zip(home.mice, lives, strict=True)]
    units = {"distance": f"px/min at {fps:.3g} fps", "speed": f"px/s at {fps:.3g} fps", "body_length": "px"}
    parts = []
    for name in measured[0]:
        value = _mean([m[name] for m in measured], seen, hours)
        parts.append(rows(cage, None, starts, name, value[keep], units.get(name, "1"), 3600.0, coverage[keep]))
    hidden = _mean([life.hidden.astype(float) for life in lives], [works] * len(lives), hours)
    parts.append(rows(cage, None, starts, "hidden_fraction", hidden[keep], "1", 3600.0, coverage[keep]))
    return pd.concat(parts, ignore_index=True)


def weighed(home: Household) -> pd.DataFrame:
    """Weights of a cage's animals as ``readings`` rows, each standing for the cage-day of its weighing."""
    kept = home.care.weighings <= home.end
    starts = [home.clock.utc(home.clock.zt0[day]) for day in home.clock.day[home.care.weighings[kept]]]
    parts = [
        rows(home.plan.cage, home.animal(k), starts, "weight", grams[kept], "g", 86400.0)
        for k, grams in enumerate(home.weights)
    ]
    return pd.concat(parts, ignore_index=True)


def rows(
    cage: str,
    animal: str | None,
    starts: Sequence[datetime],
    name: str,
    value: np.ndarray,
    unit: str,
    resolution_s: float,
    coverage: np.ndarray | float = 1.0,
) -> pd.DataFrame:
    """``value`` (n,) at ``starts`` (n,) as ``readings`` rows; NaN becomes null."""
    frame = pd.DataFrame(
        {"time_utc": pd.DatetimeIndex(list(starts), tz="UTC").as_unit("us"), "value": np.round(value, 4)}
    )
    frame = frame.assign(cage=cage, animal=animal, name=name, unit=unit, resolution_s=resolution_s, coverage=coverage)
    return frame[tables.SCHEMAS["readings"].names]


def _features(mouse: Mouse, life: Minutes, px_per_cm: float) -> dict[str, np.ndarray]:
    """Per minute, float (minutes,), by name."""
    speed = life.speed.astype(float) * px_per_cm
    return {
        "distance": 60 * speed,
        "speed": speed,
        "still_fraction": life.still.astype(float),
        "sleep_fraction": _SLEEP[life.state],
        "nest_fraction": life.nest.astype(float),
        "still_outside_nest_fraction": np.where(life.nest, 0.0, life.still),
        "body_length": mouse.length_cm * px_per_cm * life.length.astype(float),
    }


def _mean(values: list[np.ndarray], seen: list[np.ndarray], hours: int) -> np.ndarray:
    """Mean (hours,) over all minutes of all mice in which each was seen; NaN where none was."""
    total = sum(_per_hour(np.where(s, v, 0.0), hours).sum(1) for v, s in zip(values, seen, strict=True))
    count = sum(_per_hour(s, hours).sum(1) for s in seen)
    return np.divide(total, count, out=np.full(hours, np.nan), where=count > 0)


def _per_hour(minutes: np.ndarray, hours: int) -> np.ndarray:
    return minutes[: hours * MINUTES].reshape(hours, MINUTES)
