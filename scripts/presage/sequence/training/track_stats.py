"""What can be learned of each track from some windows: its depth, and whether it varies at all."""

from typing import NamedTuple

import numpy as np

from presage.sequence.targets.target_set import TargetSet


class TrackStats(NamedTuple):
    """mean float64 [tracks]: coverage per bin; flat bool [tracks]: the same value in every bin."""

    mean: np.ndarray
    flat: np.ndarray


def track_stats(data: TargetSet, rows: np.ndarray) -> TrackStats:
    """Statistics of every track over the windows ``rows``, read one window at a time."""
    total = np.zeros(len(data.tracks))
    low, high = np.full(len(data.tracks), np.inf), np.full(len(data.tracks), -np.inf)
    for row in rows:
        values = data.values([row])[0]
        total += values.mean(0, dtype=np.float64)
        low, high = np.minimum(low, values.min(0)), np.maximum(high, values.max(0))
    return TrackStats(total / max(1, len(rows)), low == high)
