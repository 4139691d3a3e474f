"""What no animal can do is taken out of a pose, short gaps are filled, paths are smoothed: pure functions of one track.

A track is one body part of one animal: ``xy`` float [sample, 2] px, ``good`` bool [sample], ``time`` float [sample] s,
ascending, and ``run`` int [sample], the number of the stretch of unbroken recording. Nothing is carried from one
stretch to another.
"""

import numpy as np
from scipy.signal import savgol_filter

ROUNDS = 10


def too_fast(xy: np.ndarray, good: np.ndarray, time: np.ndarray, run: np.ndarray, limit: float) -> np.ndarray:
    """Good samples that were reached and left faster than ``limit`` px/s, bool [sample].

    The good samples of a stretch fall into pieces wherever two neighbours are too far apart for the time between them.
    A piece goes when it is shorter (in samples) than both of its neighbours, which can be joined without it; again,
    until nothing goes. Both sides of a single break stay: which of them is wrong cannot be told.
    """
    dropped = np.zeros(len(xy), dtype=bool)
    for _ in range(ROUNDS):
        kept = np.flatnonzero(good & ~dropped)
        if len(kept) < 3:
            break
        same = run[kept[1:]] == run[kept[:-1]]
        with np.errstate(divide="ignore", invalid="ignore"):
            fast = same & (_length(xy[kept[1:]] - xy[kept[:-1]]) > limit * (time[kept[1:]] - time[kept[:-1]]))
        if not fast.any():
            break
        piece = np.r_[0, np.cumsum(fast | ~same)]
        first = np.r_[0, np.flatnonzero(np.diff(piece)) + 1]
        last = np.r_[first[1:] - 1, len(kept) - 1]
        size = last - first + 1
        inner = np.zeros(len(size), dtype=bool)
        if len(size) > 2:
            before, after = kept[last[:-2]], kept[first[2:]]
            joined = _length(xy[after] - xy[before]) <= limit * (time[after] - time[before])
            inner[1:-1] = (run[before] == run[after]) & joined & (size[1:-1] < size[:-2]) & (size[1:-1] < size[2:])
        if not inner.any():
            break
        dropped[kept[inner[piece]]] = True
    return dropped


def odd_limb(
    a: np.ndarray, b: np.ndarray, sure_a: np.ndarray, sure_b: np.ndarray, both: np.ndarray, factor: float
) -> tuple[np.ndarray, np.ndarray]:
    """Samples of two parts whose distance is over ``factor`` times its median: (drop of a, drop of b), bool [sample].

    ``both``: where both are good. The end with the lower likelihood (``sure_a``, ``sure_b``) goes; both at a tie.
    """
    none = np.zeros(len(a), dtype=bool)
    if not both.any():
        return none, none
    length = _length(a - b)
    with np.errstate(invalid="ignore"):
        odd = both & (length > factor * np.median(length[both]))
        return odd & (sure_a <= sure_b), odd & (sure_b <= sure_a)


def fill_gaps(
    xy: np.ndarray, good: np.ndarray, time: np.ndarray, run: np.ndarray, longest: float
) -> tuple[np.ndarray, np.ndarray]:
    """(``xy`` with gaps of at most ``longest`` s joined by straight lines, the samples that were filled, bool).

    A gap lasts from the good sample before it to the good one after it, in one stretch of recording.
    """
    filled = np.zeros(len(xy), dtype=bool)
    known = np.flatnonzero(good)
    if len(known) < 2 or len(known) == len(xy):
        return xy, filled
    missing = np.flatnonzero(~good)
    after = np.searchsorted(known, missing)
    inside = (after > 0) & (after < len(known))
    missing, after = missing[inside], after[inside]
    left, right = known[after - 1], known[after]
    short = (run[left] == run[right]) & (time[right] - time[left] <= longest + 1e-6)
    missing, left, right = missing[short], left[short], right[short]
    share = ((time[missing] - time[left]) / (time[right] - time[left]))[:, None]
    out = xy.copy()
    out[missing] = (1 - share) * xy[left] + share * xy[right]
    filled[missing] = True
    return out, filled


def smooth(xy: np.ndarray, good: np.ndarray, run: np.ndarray, window: int, order: int) -> np.ndarray:
    """Savitzky-Golay over ``window`` samples (odd, more than ``order``) within unbroken runs of good samples.

    Runs shorter than the window stay as they are. Savitzky & Golay 1964, doi:10.1021/ac60214a047.
    """
    key = np.where(good, run, -1)
    edges = np.flatnonzero(np.diff(key)) + 1
    out = xy.copy()
    for start, end in zip(np.r_[0, edges], np.r_[edges, len(xy)]):
        if good[start] and end - start >= window:
            out[start:end] = savgol_filter(xy[start:end], window, order, axis=0)
    return out


def window_of(seconds: float, interval: float, order: int) -> int:
    """Samples in ``seconds``, as an odd number of more than ``order``."""
    n = max(round(seconds / interval), order + 1)
    return n + 1 - n % 2


def _length(vector: np.ndarray) -> np.ndarray:
    return np.hypot(vector[..., 0], vector[..., 1])
