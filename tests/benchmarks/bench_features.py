"""Features of one camera-day, 2.6 million frames x 12 points, beside the ``movement`` toolbox on what both compute.

``python tests/benchmarks/bench_features.py [--frames N] [--repeats N] [--peer PYTHON]`` simulates a walk, then, each in
a process of its own and by turns, computes path length and speed of every point, the distances of all pairs of points
and the heading: by our functions, and by those of movement. Path lengths, distances and headings are compared; the two
speeds are defined differently (movement: central difference; ours: net displacement over a second). Then the whole
feature step, from a judged pose to readings, is timed.

movement is no dependency: make an environment of its own (``uv venv peer && VIRTUAL_ENV=peer uv pip install
movement==0.15.0``) and name its Python with ``--peer``. The last line is one JSON object: ``speedup`` over movement on
the shared subset, ``seconds`` and ``rss_mb`` of the whole step.
"""

import argparse
import json
import os
import sys
import tempfile
from itertools import combinations
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT)]
PARTS = 12
FPS = 30.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=24 * 3600 * 30)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--peer", help="a Python that has movement")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)  # name, file
    given = parser.parse_args()
    if given.child:
        CHILDREN[given.child[0]](np.load(given.child[1]))
        return
    from tests.benchmarks import measure

    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "xy.npy"
        np.save(path, walk(given.frames))
        peers = {"ours": sys.executable, "step": sys.executable} | ({"movement": given.peer} if given.peer else {})
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        commands = {name: [python, __file__, "--child", name, str(path)] for name, python in peers.items()}
        found = measure.by_turns(commands, given.repeats, environment)
    best = {name: min(costs, key=lambda cost: json.loads(cost.output)["seconds"]) for name, costs in found.items()}
    said = {name: json.loads(cost.output) for name, cost in best.items()}
    print(f"{given.frames:,} frames x {PARTS} points\n\n{'':<58}{'seconds':>9}{'MB':>9}")
    labels = {"movement": "movement 0.15: path, speed, distances, heading", "ours": "ours: the same",
              "step": "ours: the whole feature step, pose to readings"}  # fmt: skip
    for name in [name for name in labels if name in said]:
        print(f"{labels[name]:<58}{said[name]['seconds']:>9.1f}{best[name].rss_mb:>9,.0f}")
    result = {"bench": "features", "frames": given.frames, "points": PARTS, "seconds": said["step"]["seconds"],
              "rss_mb": best["step"].rss_mb}  # fmt: skip
    if "movement" in said:
        for key in ("path", "distances", "heading"):
            assert np.isclose(said["ours"][key], said["movement"][key], rtol=1e-6), (key, said)
        result["speedup"] = said["movement"]["seconds"] / said["ours"]["seconds"]
        print(f"{'speed-up, equal path lengths, distances and headings':<58}{result['speedup']:>9.1f}")
    print(json.dumps(result))


def walk(frames: int) -> np.ndarray:
    """Points px, float32 [frame, part, 2]: an animal that walks and turns."""
    rng = np.random.default_rng(0)
    middle = 300 + np.cumsum(rng.normal(0, 0.4, (frames, 2)), axis=0)
    angle = np.cumsum(rng.normal(0, 0.02, frames))
    body = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    along = np.linspace(30, -30, PARTS)[None, :, None]
    return (middle[:, None] + along * body[:, None] + rng.normal(0, 0.3, (frames, PARTS, 2))).astype(np.float32)


def ours(xy: np.ndarray) -> None:
    """By our functions."""
    import time as clock

    from presage.homecage.features import kinematics, posture

    start = clock.perf_counter()
    time = np.arange(len(xy)) / FPS
    joined = kinematics.continuous(time, 1 / FPS)
    path, speed, distances = 0.0, 0.0, 0.0
    for part in range(PARTS):
        path += float(np.nansum(kinematics.steps(xy[:, part], joined), dtype=np.float64))
        speed += float(np.nanmean(kinematics.speed(xy[:, part], time, joined)))
    for a, b in combinations(range(PARTS), 2):
        distances += float(kinematics.distance_between(xy[:, a], xy[:, b]).mean(dtype=np.float64))
    heading = float(np.cos(posture.heading(xy[:, 0], xy[:, -1])).mean(dtype=np.float64))
    seconds = clock.perf_counter() - start
    print(json.dumps({"seconds": seconds, "path": path, "distances": distances, "heading": heading, "speed": speed}))


def movement(xy: np.ndarray) -> None:
    """By movement's."""
    import time as clock

    import xarray as xr
    from movement import kinematics as km
    from movement.utils.vector import compute_signed_angle_2d

    names = [f"p{i:02d}" for i in range(PARTS)]
    coords = {"time": np.arange(len(xy)) / FPS, "space": ["x", "y"], "keypoints": names, "individuals": ["a"]}
    position = xr.DataArray(xy.transpose(0, 2, 1)[..., None], coords, ("time", "space", "keypoints", "individuals"))
    start = clock.perf_counter()
    path = float(km.compute_path_length(position).astype(np.float64).sum())
    speed = float(km.compute_speed(position).mean(dtype=np.float64) * PARTS)
    pairs = km.compute_pairwise_distances(position, "keypoints", "all")
    distances = sum(float(pair.mean(dtype=np.float64)) for pair in pairs.values())
    body = position.sel(keypoints=names[0]) - position.sel(keypoints=names[-1])
    heading = float(np.cos(compute_signed_angle_2d(body, np.array([1, 0]))).mean(dtype=np.float64))
    seconds = clock.perf_counter() - start
    print(json.dumps({"seconds": seconds, "path": path, "distances": distances, "heading": heading, "speed": speed}))


def step(xy: np.ndarray) -> None:
    """The whole step on a judged pose."""
    import datetime as dt
    import time as clock

    from presage.config.distress import Features
    from presage.homecage.features.minutes import features_cage_day
    from presage.homecage.pose.quality import SEEN, PoseDay
    from presage.homecage.recordings.zeitgeber import Lights, Schedule

    n = len(xy)
    lights, date = Lights(zone="UTC", on="00:00", off="12:00"), dt.date(2026, 5, 1)
    time = np.datetime64("2026-05-01", "us") + (np.arange(n) / FPS * 1e6).astype("timedelta64[us]")
    good, parts = np.ones((n, PARTS), bool), tuple(f"p{i:02d}" for i in range(PARTS))
    pose = PoseDay(parts, time, np.zeros(n, np.int32), np.arange(n, dtype=np.int32), np.full(n, "a"), xy,
                   np.ones((n, PARTS), np.float32), good, np.full(n, SEEN))  # fmt: skip
    settings = Features(length_parts=(parts[0], parts[-1]))
    start = clock.perf_counter()
    readings, _ = features_cage_day(pose, cage="c", date=date, lights=lights, schedule=Schedule(), settings=settings)
    print(json.dumps({"seconds": clock.perf_counter() - start, "rows": len(readings)}))


CHILDREN = {"ours": ours, "movement": movement, "step": step}


if __name__ == "__main__":
    main()
