"""Half-open intervals on one contig: union, overlap, difference, and how much of other intervals they cover."""

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


def overlap(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """What lies in both of two unions, int64 [n, 2] each, sorted and disjoint (touching allowed): the same again."""
    first = np.searchsorted(other[:, 1], one[:, 0], side="right")
    last = np.searchsorted(other[:, 0], one[:, 1], side="left")
    number = np.maximum(last - first, 0)
    mine = np.repeat(np.arange(len(one)), number)
    theirs = np.arange(len(mine)) - np.repeat(np.cumsum(number) - number, number) + first[mine]
    starts = np.maximum(one[mine, 0], other[theirs, 0])
    return np.stack([starts, np.minimum(one[mine, 1], other[theirs, 1])], axis=1)


def difference(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """What lies in the first of two unions and not in the second; as :func:`overlap`."""
    if not len(one) or not len(other):
        return one
    low, high = min(one[0, 0], other[0, 0]), max(one[-1, 1], other[-1, 1])
    gaps = np.stack([np.append(low, other[:, 1]), np.append(other[:, 0], high)], axis=1)
    return overlap(one, gaps[gaps[:, 0] < gaps[:, 1]])
