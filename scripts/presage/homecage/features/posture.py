"""From pose to posture and place: heading, turning, how hunched, how near to walls, places and others. Pure functions.

Angles in radians, image coordinates (y down, so that a positive turn is clockwise on the screen). Proxies say what a
camera from above can suggest and not what an animal did.
"""

import numpy as np

from presage.homecage.features.kinematics import distance_between


def heading(front: np.ndarray, back: np.ndarray) -> np.ndarray:
    """Direction from ``back`` to ``front`` [frames, 2], -pi to pi, [frames]; NaN where either is missing."""
    return np.arctan2(front[:, 1] - back[:, 1], front[:, 0] - back[:, 0])


def change_per_second(
    values: np.ndarray, time: np.ndarray, joined: np.ndarray, window_s: float = 1.0, period: float | None = None
) -> np.ndarray:
    """Absolute change of ``values`` [frames] per second over the last ``window_s``; NaN across an edge or a gap.

    With ``period`` (2 pi for angles) the shorter way round counts. Over a second, not from frame to frame: the jitter
    of a pose would grow with the frame rate.
    """
    out = np.full(len(values), np.nan)
    if len(values) < 2 or not joined.any():
        return out
    lag = max(1, round(window_s / float(np.median(np.diff(time)[joined[1:]]))))
    if len(values) <= lag:
        return out
    run = np.cumsum(~joined)
    change = values[lag:] - values[:-lag]
    if period is not None:
        change = (change + period / 2) % period - period / 2
    change = np.abs(change) / np.maximum(time[lag:] - time[:-lag], 1e-9)
    out[lag:] = np.where(run[lag:] == run[:-lag], change, np.nan)
    return out


def hunch(length: np.ndarray, usual: float) -> np.ndarray:
    """1 - body length over the ``usual`` one: 0 stretched as always, more when hunched (or rearing)."""
    return 1.0 - length / usual


def rearing_proxy(length: np.ndarray, still: np.ndarray, usual: float, short: float = 0.7) -> np.ndarray:
    """1 where an animal that is awake and moves is seen shorter than ``short`` of its ``usual`` length, float [frames].

    From above, a mouse that stands up is short. So is one that is curled up, but it is still.
    """
    known = np.isfinite(length) & np.isfinite(still)
    return np.where(known, (length < short * usual) & (still == 0), np.nan)


def grooming_proxy(front_speed: np.ndarray, still: np.ndarray, fast: float) -> np.ndarray:
    """1 where the body stays in place while the head moves faster than ``fast`` (px/s), float [frames].

    Grooming, scratching and sniffing on the spot look alike from above.
    """
    known = np.isfinite(front_speed) & np.isfinite(still)
    return np.where(known, (front_speed > fast) & (still == 1), np.nan)


def wall_distance(points: np.ndarray, arena: tuple[float, float, float, float]) -> np.ndarray:
    """Distance px of ``points`` [frames, 2] to the nearest side of ``arena`` (left, top, right, bottom); 0 outside."""
    left, top, right, bottom = arena
    x, y = points[:, 0], points[:, 1]
    sides = np.stack([x - left, right - x, y - top, bottom - y])
    return np.where(np.isfinite(x), np.maximum(sides.min(axis=0), 0.0), np.nan)


def arena_of(points: np.ndarray, edge: float = 0.5) -> tuple[float, float, float, float] | None:
    """Where an animal was, less ``edge`` percent at each side: (left, top, right, bottom); None without points."""
    seen = points[np.isfinite(points).all(axis=1)]
    if not len(seen):
        return None
    (left, top), (right, bottom) = np.percentile(seen, [edge, 100 - edge], axis=0)
    return float(left), float(top), float(right), float(bottom)


def in_zone(points: np.ndarray, zone: tuple[float, float, float]) -> np.ndarray:
    """1 within the disc ``zone`` (x, y, radius; px), 0 outside, NaN not known; float [frames]."""
    away = distance_between(points, np.asarray(zone[:2]))
    return np.where(np.isfinite(away), away <= zone[2], np.nan)


def visits(inside: np.ndarray, joined: np.ndarray) -> np.ndarray:
    """1 in the frame in which the animal comes in, float [frames]; it must have been seen outside in the one before."""
    came = np.zeros(len(inside))
    came[1:] = (inside[1:] == 1) & (inside[:-1] == 0) & joined[1:]
    return np.where(np.isfinite(inside), came, np.nan)


def nearest_other(centres: np.ndarray) -> np.ndarray:
    """Distance px to the nearest other animal, [animals, frames], from ``centres`` [animals, frames, 2]; NaN alone."""
    n = len(centres)
    apart = np.stack([distance_between(centres, np.broadcast_to(one, centres.shape)) for one in centres])
    apart[np.arange(n), np.arange(n)] = np.nan
    known = np.isfinite(apart).any(axis=1)
    return np.where(known, np.where(np.isfinite(apart), apart, np.inf).min(axis=1), np.nan)
