"""Who is who in a group: how often two animals' tracks change over, and whether they can be told apart at all.

A tracker that swaps two mice gives each the other's illness. Nothing in a pose says who an animal is, but a step from
one sample to the next does say whether crossing the two tracks would be the shorter way.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from presage.homecage.pose.quality import PoseDay, middle

BEYOND = 0.5  # spans by which one way must be shorter than the other to be beyond doubt


@dataclass(frozen=True)
class Identity:
    """``pairs``: steps of two animals that were both seen before and after; ``swaps``: those in which the crossed way
    is beyond doubt the shorter one; ``doubtful``: those in which neither is."""

    pairs: int
    swaps: int
    doubtful: int

    @property
    def confidence(self) -> float | None:
        """Share of the steps in which everybody stayed who they were, beyond doubt; None where none was seen."""
        return None if self.pairs == 0 else 1.0 - (self.swaps + self.doubtful) / self.pairs

    def safe(self, least: float) -> bool:
        """Whether what is said of one animal may be said: no swap, and a confidence of at least ``least``."""
        return self.pairs > 0 and self.swaps == 0 and (self.confidence or 0.0) >= least


def identity(day: PoseDay, span: float, longest_s: float = 1.0) -> Identity:
    """Swaps and doubts over all pairs of animals and consecutive samples of a segment.

    ``span`` px: how far body parts lie from their animal's middle. Steps longer than ``longest_s`` seconds are left
    out: after them, nobody could tell. The rows of a frame hold every animal once, in any order.
    """
    animals = np.unique(day.animal)
    if len(animals) < 2 or not np.isfinite(span):
        return Identity(0, 0, 0)
    order = np.lexsort((day.animal, day.frame, day.segment))
    shape = (-1, len(animals))
    centre = middle(day.xy, day.good)[order].reshape(*shape, 2)
    segment, time = day.segment[order].reshape(shape)[:, 0], day.time_utc[order].reshape(shape)[:, 0]
    close = (np.diff(segment) == 0) & (np.diff(time) <= np.timedelta64(round(longest_s * 1e6), "us"))
    pairs = swaps = doubtful = 0
    for a, b in combinations(range(len(animals)), 2):
        before, after = centre[:-1][:, [a, b]], centre[1:][:, [a, b]]
        stay = np.linalg.norm(after - before, axis=-1).sum(axis=1)
        cross = np.linalg.norm(after[:, ::-1] - before, axis=-1).sum(axis=1)
        known = close & np.isfinite(stay)
        margin = (cross - stay)[known] / span
        pairs += int(known.sum())
        swaps += int((margin < -BEYOND).sum())
        doubtful += int((np.abs(margin) <= BEYOND).sum())
    return Identity(pairs, swaps, doubtful)
