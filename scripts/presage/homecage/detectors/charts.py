"""Control charts: how the deviations of single days add up when the illness is slow.

A chart takes the deviation of each day in standard deviations and keeps a state for each animal; a day without a
deviation leaves the state as it is. State and score are float64 [state, U] and [U].
"""

from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np


class Chart(Protocol):
    """What a chart does with one day after the other."""

    @property
    def freeze(self) -> float:
        """The score from which on a day is no part of later baselines."""

    def start(self, units: int) -> np.ndarray:
        """The state before the first day."""

    def add(self, state: np.ndarray, today: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(new state, score) after ``today`` [U]; where it is NaN the state stays and the score is NaN."""

    def card(self) -> dict[str, Any]:
        """Its settings, as JSON."""


@dataclass(frozen=True)
class Ewma:
    """Exponentially weighted moving average over its own standard deviation (Roberts 1959, doi:10.1080/00401706.1959.
    10489860), which is exact from the first day on: sqrt(sum of squared weights)."""

    weight: float = 0.3
    freeze: float = 2.0

    def start(self, units: int) -> np.ndarray:
        """Mean and variance zero."""
        return np.zeros((2, units))

    def add(self, state: np.ndarray, today: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See :class:`Chart`."""
        keep = 1.0 - self.weight
        mean, variance = keep * state[0] + self.weight * today, keep**2 * state[1] + self.weight**2
        return np.where(np.isfinite(today), [mean, variance], state), mean / np.sqrt(variance)

    def card(self) -> dict[str, Any]:
        """See :class:`Chart`."""
        return {"chart": "ewma", **asdict(self)}


@dataclass(frozen=True)
class Cusum:
    """One-sided cumulative sum (Page 1954, doi:10.1093/biomet/41.1-2.100): S = max(0, S + deviation - slack)."""

    slack: float = 0.5
    freeze: float = 4.0

    def start(self, units: int) -> np.ndarray:
        """Sum zero."""
        return np.zeros((1, units))

    def add(self, state: np.ndarray, today: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See :class:`Chart`."""
        total = np.maximum(0.0, state[0] + today - self.slack)
        return np.where(np.isfinite(today), total, state), total

    def card(self) -> dict[str, Any]:
        """See :class:`Chart`."""
        return {"chart": "cusum", **asdict(self)}
