"""From the pose of one cage-day to per-minute readings: how far, how still, how long, where, and was it seen at all.

Missing is not still and hidden is not missing: a minute without usable frames has null values and coverage 0; a
minute of good frames without an animal has coverage 1, ``hidden_fraction`` 1 and null motion.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from presage import plugins, tables
from presage.config.distress import Features
from presage.homecage.features import bouts, kinematics, posture
from presage.homecage.pose import body_parts
from presage.homecage.pose.quality import SEEN, UNUSABLE, PoseDay
from presage.homecage.recordings.zeitgeber import Lights, Schedule

MINUTE = 60.0
UNITS = {
    "distance": "px/min",
    "speed": "px/s",
    "still_fraction": "1",
    "sleep_fraction": "1",
    "body_length": "px",
    "nest_fraction": "1",
    "still_outside_nest_fraction": "1",
    "acceleration": "px/s2",
    "turning": "rad/s",
    "hunch_index": "1",
    "rearing_proxy_fraction": "1",
    "grooming_proxy_fraction": "1",
    "wall_distance": "px",
    "social_distance": "px",
    "hidden_fraction": "1",
}
ZONE_UNITS = {"fraction": "1", "visits": "1/min"}
HIDDEN = "hidden_fraction"


class Scene(NamedTuple):
    """What the frames of a cage-day share: names of the parts, s from frame to frame, body length px, nest (x, y) px,
    and the floor (left, top, right, bottom) px."""

    bodyparts: Sequence[str]
    interval: float
    length: float | None
    nest: tuple[float, float] | None
    arena: tuple[float, float, float, float] | None


Frames = dict[str, np.ndarray]
"""What each frame says of one animal, by feature, with ``time`` s since lights-on and ``seen`` bool; NaN not known."""


@dataclass(frozen=True)
class Track:
    """One animal's frames of a cage-day by time: ``time`` s since lights-on; ``xy`` float32 px [frames, parts, 2]."""

    time: np.ndarray
    xy: np.ndarray

    def part(self, index: int) -> np.ndarray:
        """One body part, float64 [frames, 2]."""
        return self.xy[:, index].astype(np.float64)

    @property
    def interval(self) -> float:
        """Seconds from frame to frame (median)."""
        return float(np.median(np.diff(self.time))) if len(self.time) > 1 else 1.0


def features_cage_day(
    pose: PoseDay,
    *,
    cage: str,
    date: dt.date,
    lights: Lights,
    schedule: Schedule,
    settings: Features,
    each_animal: bool = False,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The ``readings`` rows of a cage-day, and what to remember of it (``sampling``, ``nest_px``, ``body_length_px``).

    ``pose`` has a row for every frame that was sampled, judged seen, hidden or unusable (:mod:`pose.quality`). One
    row for each feature and each minute that was scheduled or recorded; ``coverage`` is usable / scheduled seconds.
    Several animals in a cage are averaged; with ``each_animal``, where it is safe to say who is who, rows of every
    single one follow. Path length depends on the frame rate, so the unit of ``distance`` and ``speed`` carries it; with
    a pixel scale, lengths are mm.

    Raises :class:`UserError` when ``settings.length_parts`` are not among the pose's body parts.
    """
    tracks, bodyparts = read_tracks(pose, lights.utc(date)), pose.bodyparts
    body_parts.check(bodyparts, body_parts.named(settings))
    interval = float(np.median([t.interval for t in tracks.values()])) if tracks else 1.0
    length = body_length(tracks, bodyparts, settings.length_parts)
    nest = settings.nest_px or _nest(tracks, lights, length, settings)
    scene = Scene(bodyparts, interval, length, nest, _arena(tracks, settings))
    frames = {name: _frames(track, scene, settings) for name, track in tracks.items()}
    _add_social(frames, tracks)
    alone = {"social_distance"} if len(tracks) < 2 else set()
    units = {name: unit for name, unit in UNITS.items() if name not in alone}
    units |= {f"{name}_{what}": unit for name in settings.zones for what, unit in ZONE_UNITS.items()}
    units |= {name: facts["unit"] for name, facts in plugins.provided("feature").items()}

    def rows(some: list[Frames], animal: str | None) -> pd.DataFrame:
        minutes = _minutes(some, schedule, interval, list(units))
        return _long(minutes, units, cage, animal, lights.utc(date), _rate(interval), settings.mm_per_px)

    parts = [rows(list(frames.values()), None)]
    if each_animal and len(frames) > 1:
        parts += [rows([own], name) for name, own in frames.items()]
    readings = pd.concat(parts, ignore_index=True)
    duty = f"{schedule.record_s:g} of {schedule.period_s:g} s"
    sampling = f"video {_rate(interval)} fps, {duty}" if tracks else f"video, {duty}"
    return readings, {"sampling": sampling, "nest_px": nest, "body_length_px": length}


def read_tracks(pose: PoseDay, start: pd.Timestamp) -> dict[str, Track]:
    """Usable frames by animal, time in s since ``start``; points that are not good, and unseen animals, are NaN."""
    seconds = (pose.time_utc - start.tz_localize(None).to_datetime64()) / np.timedelta64(1, "s")
    usable, seen = pose.state != UNUSABLE, pose.state == SEEN
    tracks = {}
    for animal in np.unique(pose.animal[usable]):
        rows = np.flatnonzero(usable & (pose.animal == animal))
        rows = rows[np.argsort(seconds[rows], kind="stable")]
        xy = pose.xy[rows]  # a copy: a quarter of a gigabyte for a day at 30 frames a second and 12 parts
        xy[~(pose.good[rows] & seen[rows, None])] = np.nan
        tracks[str(animal)] = Track(seconds[rows], xy)
    return tracks


def body_length(tracks: dict[str, Track], bodyparts: Sequence[str], parts: tuple[str, str]) -> float | None:
    """Median distance px of the two ``parts`` over all frames; None where they are never both seen."""
    if not len(bodyparts):
        return None
    i, j = (bodyparts.index(p) for p in parts)
    lengths = [kinematics.distance_between(t.part(i), t.part(j)) for t in tracks.values()]
    seen = np.concatenate([v[np.isfinite(v)] for v in lengths]) if lengths else np.empty(0)
    return float(np.median(seen)) if len(seen) else None


def _nest(tracks: dict[str, Track], lights: Lights, length: float | None, s: Features) -> tuple[float, float] | None:
    """Densest place of the light phase. It precedes the night of the same cage-day, so nothing later is used."""
    light = [kinematics.centre(t.xy[t.time < lights.hours * 3600.0]) for t in tracks.values()]
    if not light or length is None:
        return None
    points = np.concatenate(light)
    seen_s = np.isfinite(points[:, 0]).sum() * next(iter(tracks.values())).interval
    return kinematics.densest_place(points, s.nest_radius * length) if seen_s >= MINUTE * s.nest_min_minutes else None


def _arena(tracks: dict[str, Track], s: Features) -> tuple[float, float, float, float] | None:
    """The cage's floor, px."""
    if s.arena_px is not None:
        return s.arena_px
    return posture.arena_of(np.concatenate([kinematics.centre(t.xy) for t in tracks.values()])) if tracks else None


def _add_social(frames: dict[str, Frames], tracks: dict[str, Track]) -> None:
    """Distance to the nearest other animal, in place; times at which an animal has no frame are not known for it."""
    if len(tracks) < 2:
        return
    times = np.unique(np.concatenate([track.time for track in tracks.values()]))
    centres = np.full((len(tracks), len(times), 2), np.nan)
    for k, track in enumerate(tracks.values()):
        centres[k, np.searchsorted(times, track.time)] = kinematics.centre(track.xy)
    for name, apart in zip(tracks, posture.nearest_other(centres)):
        frames[name]["social_distance"] = apart[np.searchsorted(times, tracks[name].time)]


def _frames(track: Track, scene: Scene, s: Features) -> Frames:
    """What each frame says of one animal; NaN = not known."""
    bodyparts, interval, length, nest, arena = scene
    n = len(track.time)
    joined = kinematics.continuous(track.time, interval)
    points = kinematics.despike(kinematics.centre(track.xy), joined)
    seen = np.isfinite(points[:, 0])
    step = kinematics.steps(points, joined)
    speed = kinematics.speed(points, track.time, joined)
    unknown = np.full(n, np.nan)
    still = np.where(np.isfinite(speed), speed < s.still_speed * length, np.nan) if length else unknown
    outside = unknown
    if nest is not None and length:
        away = kinematics.distance_between(points, np.asarray(nest)) > s.nest_radius * length
        outside = np.where(seen, away, np.nan)
    body = turning = rearing = grooming = unknown
    if length is not None:
        front, back = (track.part(bodyparts.index(part)) for part in s.length_parts)
        body = kinematics.distance_between(front, back)
        angle = posture.heading(front, back)
        turning = posture.change_per_second(angle, track.time, joined, period=2 * np.pi)
        rearing = posture.rearing_proxy(body, still, length)
        head = kinematics.speed(kinematics.despike(front, joined), track.time, joined)
        grooming = posture.grooming_proxy(head, still, s.still_speed * 2 * length)
    zones: dict[str, np.ndarray] = {}
    for name, zone in s.zones.items():
        inside = posture.in_zone(points, zone)
        zones |= {f"{name}_fraction": inside, f"{name}_visits": posture.visits(inside, joined) * MINUTE / interval}
    return {
        "time": track.time,
        "seen": seen,
        "distance": step * MINUTE / interval,
        "speed": speed,
        "still_fraction": still,
        "sleep_fraction": bouts.asleep(still, track.time, joined, interval, s.sleep_s),
        "body_length": body,
        "nest_fraction": 1.0 - outside,
        "still_outside_nest_fraction": still * outside,
        "acceleration": posture.change_per_second(speed, track.time, joined),
        "turning": turning,
        "hunch_index": posture.hunch(body, length) if length else unknown,
        "rearing_proxy_fraction": rearing,
        "grooming_proxy_fraction": grooming,
        "wall_distance": posture.wall_distance(points, arena) if arena else unknown,
        "social_distance": unknown,
        **zones,
        **{name: make(track, scene, s) for name, make in plugins.added("feature").items()},
    }


def _minutes(frames: list[Frames], schedule: Schedule, interval: float, names: list[str]) -> pd.DataFrame:
    """Mean over the frames (and animals) of each minute; index = minute since lights-on, with ``coverage``."""
    starts = np.arange(24 * 60)
    scheduled = pd.Series(schedule.scheduled_s(starts * MINUTE, MINUTE), index=starts)
    index = starts[scheduled.to_numpy() > 0]
    if not frames:
        return pd.DataFrame(dict.fromkeys(names, np.nan), index=index).assign(coverage=0.0)
    minute = [np.floor(one["time"] / MINUTE).astype(int) for one in frames]
    # Frames before lights-on cannot be: a cage-day's begin there. Those after its 24 h (a longer day) are kept.
    n = max(int(m.max()) for m in minute) + 1
    mean = pd.DataFrame(index=np.arange(n))
    for name in names:
        if name != HIDDEN:
            known = [np.isfinite(one[name]) for one in frames]
            count = sum(np.bincount(m[ok], minlength=n) for m, ok in zip(minute, known))
            total = sum(np.bincount(m[ok], one[name][ok], n) for m, ok, one in zip(minute, known, frames))
            mean[name] = np.divide(total, count, out=np.full(n, np.nan), where=count > 0)
    # One row a frame: was any animal seen?
    times, row = np.unique(np.concatenate([one["time"] for one in frames]), return_inverse=True)
    seen = np.bincount(row, np.concatenate([one["seen"] for one in frames]), len(times)) > 0
    by_minute = np.floor(times / MINUTE).astype(int)
    shots = np.bincount(by_minute, minlength=n)
    mean[HIDDEN] = 1.0 - np.divide(np.bincount(by_minute, seen, n), shots, out=np.full(n, np.nan), where=shots > 0)
    usable = shots * interval
    due = scheduled.reindex(mean.index).fillna(0.0).clip(lower=interval)
    mean["coverage"] = np.where(shots > 0, np.minimum(usable / due, 1.0), np.nan)
    mean = mean[mean["coverage"].notna()]
    mean = mean.reindex(np.union1d(index, mean.index[mean.index < 25 * 60]))
    return mean.assign(coverage=mean["coverage"].fillna(0.0))[[*names, "coverage"]]


def _long(
    minutes: pd.DataFrame,
    units: Mapping[str, str],
    cage: str,
    animal: str | None,
    start: pd.Timestamp,
    fps: str,
    mm_per_px: float | None,
) -> pd.DataFrame:
    time = (start + pd.to_timedelta(minutes.index.to_numpy() * MINUTE, unit="s")).as_unit("us")
    parts = []
    for name, base in units.items():
        value, unit = minutes[name].to_numpy(), base
        if base.startswith("px") and mm_per_px:
            value, unit = value * mm_per_px, base.replace("px", "mm")
        if "/" in base:
            unit += f" at {fps} fps"
        parts.append(pd.DataFrame({"time_utc": time, "name": name, "value": value, "unit": unit}))
    out = pd.concat(parts, ignore_index=True)
    out["coverage"] = np.tile(minutes["coverage"].to_numpy(), len(units))
    out = out.assign(cage=cage, animal=animal, resolution_s=MINUTE)
    return out[tables.SCHEMAS["readings"].names]


def coverage_of(readings: pd.DataFrame) -> float:
    """Usable share of the scheduled minutes of a cage-day: of what its cage's rows say, any one feature's."""
    one = readings[(readings["name"] == "hidden_fraction") & readings["animal"].isna()]
    return float(one["coverage"].mean()) if len(one) else 0.0


def _rate(interval: float) -> str:
    """Frame rate for units and sampling, to two digits: 29.97 and 30 are the same sampling."""
    return f"{float(f'{1.0 / interval:.2g}'):g}"
