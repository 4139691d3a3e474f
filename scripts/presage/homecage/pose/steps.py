"""The filters as steps over a day's tracks: which are on, what each changed, and by what setting."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from presage.config.pose import Filters
from presage.homecage.pose import body_parts, filters

if TYPE_CHECKING:
    from presage.homecage.pose.quality import PoseDay


class Track(NamedTuple):
    """One animal's samples in time order: ``rows`` of the day; ``time`` s; ``run``, number of the unbroken stretch;
    ``interval`` s from sample to sample; ``span`` px, how far its body parts lie from its middle (NaN = not known)."""

    rows: np.ndarray
    time: np.ndarray
    run: np.ndarray
    interval: float
    span: float


def tracks(day: "PoseDay", span: np.ndarray) -> list[Track]:
    """Every animal's track; ``span`` px by row of the day."""
    order = np.lexsort((day.frame, day.segment, day.animal))
    seconds = (day.time_utc - day.time_utc.min()) / np.timedelta64(1, "s")
    found = []
    for name in np.unique(day.animal):
        rows = order[day.animal[order] == name]
        time, known = seconds[rows], span[rows][np.isfinite(span[rows])]
        steps = np.diff(time)
        interval = float(np.median(steps[steps > 0])) if (steps > 0).any() else 1.0
        broken = (steps > 1.5 * interval) | (steps <= 0) | (np.diff(day.segment[rows]) != 0)
        run = np.r_[0, np.cumsum(broken)]
        found.append(Track(rows, time, run, interval, float(np.median(known)) if len(known) else np.nan))
    return found


def drop_fast(day: "PoseDay", track: Track, settings: Filters) -> int:
    """Points that would have to move faster than an animal can."""
    if not np.isfinite(track.span):
        return 0
    limit, dropped = (settings.max_speed or np.inf) * track.span, 0
    for part in range(len(day.bodyparts)):
        fast = filters.too_fast(day.xy[track.rows, part], day.good[track.rows, part], track.time, track.run, limit)
        day.good[track.rows[fast], part] = False
        dropped += int(fast.sum())
    return dropped


def drop_limbs(day: "PoseDay", track: Track, settings: Filters) -> int:
    """The less sure end of a limb that is too long."""
    dropped = 0
    for limb in settings.limbs:
        pair = [_part(day, name) for name in limb]
        a, b = (day.xy[track.rows, part] for part in pair)
        sure_a, sure_b = (day.likelihood[track.rows, part] for part in pair)
        both = day.good[track.rows][:, pair].all(axis=1)
        for part, drop in zip(pair, filters.odd_limb(a, b, sure_a, sure_b, both, settings.limb_factor)):
            day.good[track.rows[drop], part] = False
            dropped += int(drop.sum())
    return dropped


def fill(day: "PoseDay", track: Track, settings: Filters) -> int:
    """Short gaps. A dark image is no gap: it says nothing at all."""
    changed = 0
    for part in range(len(day.bodyparts)):
        xy, good = day.xy[track.rows, part], day.good[track.rows, part]
        path, filled = filters.fill_gaps(xy, good, track.time, track.run, settings.fill_gap_s)
        filled &= ~np.isnan(day.likelihood[track.rows, part])
        day.xy[track.rows[filled], part] = path[filled]
        day.good[track.rows[filled], part] = True
        changed += int(filled.sum())
    return changed


def smooth(day: "PoseDay", track: Track, settings: Filters) -> int:
    """Paths."""
    window, changed = filters.window_of(settings.smooth_s, track.interval, settings.smooth_order), 0
    for part in range(len(day.bodyparts)):
        xy, good = day.xy[track.rows, part], day.good[track.rows, part]
        path = filters.smooth(xy, good, track.run, window, settings.smooth_order)
        other = good & (path != xy).any(axis=-1)
        day.xy[track.rows[other], part] = path[other]
        changed += int(other.sum())
    return changed


class Step(NamedTuple):
    """Its name in the history, whether the settings switch it on, what it does, and the settings it goes by."""

    name: str
    on: Callable[[Filters], bool]
    apply: Callable[["PoseDay", Track, Filters], int]
    keys: tuple[str, ...]


STEPS = (
    Step("faster than an animal", lambda s: s.max_speed is not None, drop_fast, ("max_speed",)),
    Step("limb too long", lambda s: bool(s.limbs), drop_limbs, ("limbs", "limb_factor")),
    Step("gap filled", lambda s: s.fill_gap_s > 0, fill, ("fill_gap_s",)),
    Step("smoothed (Savitzky-Golay)", lambda s: s.smooth_s > 0, smooth, ("smooth_s", "smooth_order")),
)


def apply(day: "PoseDay", span: np.ndarray, settings: Filters) -> list[dict[str, Any]]:
    """Every step that is on, in place; a line of history for each: ``step``, ``points`` changed, and its settings.

    Raises :class:`UserError` when the settings name a body part that the pose lacks.
    """
    all_tracks = tracks(day, span) if len(day.xy) else []
    lines = []
    for step in STEPS:
        if step.on(settings):
            points = sum(step.apply(day, track, settings) for track in all_tracks)
            how = settings.model_dump(mode="json", include=set(step.keys))
            lines.append({"step": step.name, "points": points, **how})
    return lines


def _part(day: "PoseDay", name: str) -> int:
    body_parts.check(day.bodyparts, {"homecage.pose.filters.limbs": [name]})
    return day.bodyparts.index(name)
