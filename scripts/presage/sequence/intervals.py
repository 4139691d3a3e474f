"""Half-open intervals on one contig: their union, and how much of other intervals it covers."""

import numpy as np


def merge(intervals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Union of half-open intervals int64 [n, 2] as (starts, ends), sorted and disjoint; touching ones are joined."""
    if not len(intervals):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    starts, ends = np.sort(intervals[:, 0]), np.sort(intervals[:, 1])
    # Sorted apart, a union ends where as many intervals have ended as have begun.
    last = np.append(starts[1:] > ends[:-1], True)
    first = np.append(True, last[:-1])
    return starts[first], ends[last]


def covered(starts: np.ndarray, ends: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Bases of each ``[left, right)`` that lie in a union: int64 [n].

    ``starts``, ``ends``: int64, sorted and disjoint, as :func:`merge` gives them. ``left``, ``right``: int64 [n].
    """
    before = np.concatenate([[0], np.cumsum(ends - starts)])

    def below(place: np.ndarray) -> np.ndarray:
        """Bases of the union before each place."""
        begun = np.searchsorted(starts, place, side="right")
        full = before[begun]
        passed = np.clip(ends[begun - 1] - place, 0, None) if len(ends) else 0
        return full - np.where(begun > 0, passed, 0)

    return below(np.asarray(right, np.int64)) - below(np.asarray(left, np.int64))
