"""The video cages: duty-cycled segments as finished pose or, on rendered days, as real video with its true pose."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from presage import tables
from presage.config.vivarium import Vivarium
from presage.worlds.vivarium import motion, posefile, render
from presage.worlds.vivarium.household import DIFFICULTIES, Household, rng_of
from presage.worlds.vivarium.motion import BODYPARTS, Scene, Track


def scene_of(cage: str, settings: Vivarium, seed: int) -> Scene:
    """What the camera of ``cage`` looks at."""
    return motion.scene(settings.frame_width, rng_of(seed, f"scene of {cage}"))


def record(home: Household, settings: Vivarium, out: Path, seed: int) -> Iterator[tuple[str, str, str, str]]:
    """Write the files of one cage under ``out`` and yield their rows of the segments sheet.

    Windows that the camera lost have no file and no row.
    """
    cage = home.plan.cage
    scene, rng = scene_of(cage, settings, seed), rng_of(seed, f"film of {cage}")
    painter = render.Painter(scene, home.mice[0], DIFFICULTIES[settings.difficulty].noise, rng)
    frames = round(settings.schedule_length_s * settings.fps)
    rendered = set(settings.rendered_cage_days)
    for day, date in enumerate(home.clock.dates):
        starts = _windows(home, day, settings)
        if not len(starts):
            continue
        track = motion.track(home.lives[0], home.clock.dark, home.mice[0], scene, starts, frames, settings.fps, rng)
        as_video = (cage, date.isoformat()) in rendered
        folder = Path("video" if as_video else "pose") / cage / date.isoformat()
        (out / folder).mkdir(parents=True, exist_ok=True)
        times = [home.clock.utc(second / 60) for second in starts]
        paths = [folder / f"{time:%Y%m%dT%H%M%SZ}{'.mp4' if as_video else '.csv'}" for time in times]
        if as_video:
            for k, path in enumerate(paths):
                render.write_video(out / path, painter, track.xy[k], track.hidden[k], track.dark[k], settings.fps)
            _write_true_pose(out / "truth" / "pose" / cage / f"{date}.parquet", track, times, settings.fps)
        else:
            xy, likelihood = posefile.estimate(track.xy, track.hidden, settings.pose_noise_px, rng)
            for k, path in enumerate(paths):
                posefile.write_csv(out / path, xy[k], likelihood[k])
        for time, path in zip(times, paths, strict=True):
            yield (cage, time.isoformat(), path.as_posix(), f"{settings.fps:g}")


def _windows(home: Household, day: int, settings: Vivarium) -> np.ndarray:
    """Starts (s of the clock) of the scheduled segments of a cage-day during which the camera works throughout."""
    starts = np.arange(home.clock.zt0[day] * 60, home.clock.zt0[day + 1] * 60, settings.schedule_period_s)
    fails = np.r_[0, np.cumsum(~home.works)]
    last = -(-(starts + settings.schedule_length_s) // 60)
    return starts[fails[np.minimum(last, home.clock.minutes)] == fails[starts // 60]]


def _write_true_pose(path: Path, track: Track, times: list[datetime], fps: float) -> None:
    """The ``pose`` table of the truth: likelihood 1 where the mouse can be seen, 0 where it cannot."""
    segments, frames = track.hidden.shape
    nanoseconds = (np.arange(frames) / fps * 1e9).astype("timedelta64[ns]")
    start = np.array([t.replace(tzinfo=None) for t in times], "datetime64[ns]")
    table = pd.DataFrame(
        {
            "time_utc": pd.DatetimeIndex((start[:, None] + nanoseconds).ravel(), tz="UTC").as_unit("us"),
            "segment": np.repeat(np.arange(segments, dtype=np.int32), frames),
            "frame": np.tile(np.arange(frames, dtype=np.int32), segments),
            "animal": "animal1",
            "x": list(track.xy[..., 0].reshape(-1, len(BODYPARTS))),
            "y": list(track.xy[..., 1].reshape(-1, len(BODYPARTS))),
            "likelihood": list(np.repeat(~track.hidden.reshape(-1, 1), len(BODYPARTS), 1).astype(np.float32)),
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    tables.write(path, "pose", table, {"bodyparts": list(BODYPARTS), "simulated": True, "fps": fps})
