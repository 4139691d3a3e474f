"""Why a day scored high: the strongest deviations from the animal's own baseline, with its own usual band."""

from dataclasses import dataclass

import numpy as np

from presage.config.distress import FeatureWeight
from presage.homecage.detectors.baseline import Comparison
from presage.homecage.detectors.panel import Panel, inverse
from presage.homecage.readings.spoken import is_share, spoken

BAND_SD = 1.96  # 95 % of a healthy animal's stretches
MOST = 3
LEAST_DEVIATION = 1.0  # in standard errors; weaker ones explain nothing by themselves
SMALL = 2  # how many of many small ones are named


@dataclass(frozen=True)
class Deviation:
    """One feature over the last days against the own baseline, in its own unit; ``z`` in standard errors, worse > 0."""

    feature: FeatureWeight
    value: float
    usual: float
    low: float
    high: float
    z: float

    def __str__(self) -> str:
        """In words, such as ``distance at night -48 %`` or ``time hidden at night 10 % -> 45 %``."""
        name = self.feature.name
        if self.feature.scale == "log":
            change = f"{100 * (self.value / self.usual - 1):+.0f} %"
        elif is_share(name):
            change = f"{100 * self.usual:.0f} % -> {100 * self.value:.0f} %"
        else:
            change = f"{self.usual:.2f} -> {self.value:.2f}"
        return f"{spoken(name)} {change}"


@dataclass(frozen=True)
class Why:
    """The strongest deviations, worst first, and over how many days. Its text is what people read. ``small``: none of
    them stands out, it is their sum that does."""

    deviations: tuple[Deviation, ...]
    window: int
    small: bool = False

    def __str__(self) -> str:
        """In words, such as ``distance at night -48 % over 2 days``."""
        span = "on this day" if self.window == 1 else f"over {self.window} days"
        named = ", ".join(map(str, self.deviations))
        if self.small:
            named = f"many small deviations, of which {named}" if named else "many small deviations"
        return f"{named} {span}"


def explain(panel: Panel, result: Comparison, z: np.ndarray, spread: np.ndarray, unit: int, window: int) -> Why:
    """What is behind the score of ``unit`` through ``window``.

    ``z`` [U, F] deviations in standard errors; ``spread`` [F] the unit's own standard deviation of a day. The band is
    where the mean of so many days lies in health, given how well the baseline's level is known.
    """
    order = np.argsort(-np.nan_to_num(z[unit], nan=-np.inf), kind="stable")[:MOST]
    chosen = [k for k in order if z[unit, k] > LEAST_DEVIATION]
    small = not chosen
    found = []
    for k in chosen or [k for k in order[:SMALL] if z[unit, k] > 0]:
        level, feature = result.level[unit, k], panel.features[k]
        half = BAND_SD * spread[k] * np.sqrt(1.0 / result.evidence[unit, k] + 1.0 / result.days[unit, k])
        now, usual, one, other = (
            float(inverse(v, feature)) for v in (result.recent[unit, k], level, level - half, level + half)
        )
        found.append(Deviation(feature, now, usual, min(one, other), max(one, other), float(z[unit, k])))
    return Why(tuple(found), window, small)
