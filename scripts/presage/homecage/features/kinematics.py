"""From pose to motion: centre, steps, speed and body length, all in pixels and seconds. Pure functions of arrays."""

import numpy as np


def confident(xy: np.ndarray, likelihood: np.ndarray, cutoff: float) -> np.ndarray:
    """``xy`` [frames, parts, 2] (px, y down) with NaN where ``likelihood`` [frames, parts] is below ``cutoff``."""
    return np.where((likelihood >= cutoff)[..., None], xy, np.nan)


def centre(xy: np.ndarray) -> np.ndarray:
    """Mean of the seen parts: [frames, parts, 2] -> float64 [frames, 2]; NaN in frames where none is seen."""
    seen = np.isfinite(xy[..., 0])
    count = seen.sum(axis=1)
    total = np.zeros((len(xy), 2))
    for part in range(xy.shape[1]):  # one after the other: no second copy of a day
        total += np.where(seen[:, part, None], xy[:, part], 0.0)
    return np.where(count[:, None] > 0, total / np.maximum(count, 1)[:, None], np.nan)


def distance_between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Euclidean distance of points [..., 2] in their unit, NaN where either is missing."""
    return np.hypot(a[..., 0] - b[..., 0], a[..., 1] - b[..., 1])


def continuous(time: np.ndarray, interval: float, tolerance: float = 1.5) -> np.ndarray:
    """True for each frame [frames] that follows its predecessor without a gap.

    ``time`` in seconds, ascending; a gap is more than ``tolerance`` frame ``interval`` s. The first frame is False.
    """
    joined = np.zeros(len(time), dtype=bool)
    joined[1:] = np.diff(time) <= tolerance * interval
    return joined


def despike(points: np.ndarray, joined: np.ndarray) -> np.ndarray:
    """Running median of three frames within continuous recording: takes out single misplaced frames.

    ``points`` [frames, 2]; frames at an edge, or beside a missing one, stay as they are.
    """
    if len(points) < 3:
        return points.copy()
    out = points.copy()
    middle = np.median(np.stack([points[:-2], points[1:-1], points[2:]]), axis=0)
    inner = joined[1:-1] & joined[2:] & np.isfinite(middle).all(axis=1)
    out[1:-1][inner] = middle[inner]
    return out


def steps(points: np.ndarray, joined: np.ndarray) -> np.ndarray:
    """Path length px from the frame before, [frames]; NaN across a sampling edge or a missing point."""
    out = np.full(len(points), np.nan)
    out[1:] = distance_between(points[1:], points[:-1])
    return np.where(joined, out, np.nan)


def speed(points: np.ndarray, time: np.ndarray, joined: np.ndarray, window_s: float = 1.0) -> np.ndarray:
    """Net displacement per second (px/s) over the last ``window_s``, [frames].

    Net displacement over a second, not the sum of steps: jitter of the pose would grow with the frame rate. The first
    frames after an edge take the window that follows them, as long as it is continuous; otherwise NaN.
    """
    n = len(points)
    out = np.full(n, np.nan)
    if n < 2 or not joined.any():
        return out
    interval = np.median(np.diff(time)[joined[1:]])
    lag = max(1, round(window_s / interval))
    if n <= lag:
        return out
    run = np.cumsum(~joined)
    same = run[lag:] == run[:-lag]
    moved = distance_between(points[lag:], points[:-lag]) / np.maximum(time[lag:] - time[:-lag], 1e-9)
    out[lag:] = np.where(same, moved, np.nan)
    ahead = np.full(n, np.nan)
    ahead[:-lag] = out[lag:]
    head = np.zeros(n, dtype=bool)  # frames less than one lag after an edge
    head[lag:] = ~same
    head[:lag] = True
    return np.where(head, ahead, out)


def densest_place(points: np.ndarray, radius: float) -> tuple[float, float] | None:
    """Centre (x, y) of the disc of about ``radius`` that holds most of ``points`` [n, 2]; None without points.

    NaN is ignored. The densest cell of a grid of ``radius`` / 2 with its eight neighbours, then the mean of the
    points within ``radius`` of it: ties go to the upper left, so the answer is unique.
    """
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        return None
    cell = np.floor(points / (radius / 2.0)).astype(int)
    cell -= cell.min(axis=0) - 1
    counts = np.zeros(cell.max(axis=0) + 2)
    np.add.at(counts, (cell[:, 0], cell[:, 1]), 1)
    pooled = sum(np.roll(counts, (i, j), (0, 1)) for i in (-1, 0, 1) for j in (-1, 0, 1))
    best = np.array(np.unravel_index(np.argmax(pooled), counts.shape))
    near = points[(np.abs(cell - best) <= 1).all(axis=1)]
    middle = np.median(near if len(near) else points, axis=0)
    inside = points[distance_between(points, middle) <= radius]
    x, y = inside.mean(axis=0) if len(inside) else middle
    return float(x), float(y)
