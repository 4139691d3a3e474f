"""Import and judge one camera-day of finished pose: 30 frames a second, twelve body parts, hourly DeepLabCut files.

``python tests/benchmarks/bench_pose_import.py [--hours N] [--fps N] [--repeats N]`` makes the files (a random walk of
an animal with twelve parts; only size and layout matter), then runs in a process of its own, by turns, (a) our step
from files to the pose table and from there through every filter, and (b) pandas reading the same files and SciPy
smoothing the same paths, which checks nothing. Its last line is one JSON object: ``seconds`` and ``rss_mb`` of ours,
and ``ratio_to_pandas``, our time to theirs.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT)]
PARTS = tuple(f"part{i:02d}" for i in range(12))
SMOOTH_S = 0.5


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--fps", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)  # name, folder
    given = parser.parse_args()
    if given.child:
        CHILDREN[given.child[0]](Path(given.child[1]), given.fps)
        return
    from tests.benchmarks import measure

    with tempfile.TemporaryDirectory() as place:
        frames = given.fps * 3600
        for hour in range(given.hours):
            hourly_file(Path(place) / f"{hour:02d}.h5", frames, hour)
        start = [sys.executable, __file__, "--fps", str(given.fps), "--child"]
        costs = measure.by_turns({name: [*start, name, place] for name in CHILDREN}, given.repeats)
    best = {name: min(found) for name, found in costs.items()}
    print(f"{given.hours} files, {given.hours * frames:,} frames x {len(PARTS)} body parts\n")
    print(f"{'':<52}{'seconds':>9}{'MB':>9}")
    for name, label in (
        ("pandas", "pandas and SciPy: read, smooth"),
        ("ours", "ours: probe, import, judge, filter, smooth"),
    ):
        print(f"{label:<52}{best[name].seconds:>9.1f}{best[name].rss_mb:>9,.0f}")
    ratio = best["ours"].seconds / best["pandas"].seconds
    print(f"{'ratio':<52}{ratio:>9.2f}{best['ours'].rss_mb / best['pandas'].rss_mb:>9.2f}")
    print(
        json.dumps(
            {
                "bench": "pose_import",
                "frames": given.hours * frames,
                "points": len(PARTS),
                "seconds": best["ours"].seconds,
                "rss_mb": best["ours"].rss_mb,
                "ratio_to_pandas": ratio,
            }
        )
    )


def hourly_file(path: Path, frames: int, seed: int) -> None:
    """A single-animal DeepLabCut file: every point near an animal that walks, one in fifty not found."""
    rng = np.random.default_rng(seed)
    middle = 300 + np.cumsum(rng.normal(0, 0.4, (frames, 2)), axis=0)
    points = middle[:, None] + rng.normal(0, 12, (len(PARTS), 2)) + rng.normal(0, 0.5, (frames, len(PARTS), 2))
    likelihood = np.where(rng.random((frames, len(PARTS))) < 0.02, 0.1, 0.95)
    columns = pd.MultiIndex.from_product(
        [["net"], PARTS, ["x", "y", "likelihood"]], names=["scorer", "bodyparts", "coords"]
    )
    values = np.concatenate([points, likelihood[..., None]], axis=-1).reshape(frames, -1)
    pd.DataFrame(values, columns=columns).to_hdf(path, key="df_with_missing", format="table")


def ours(folder: Path, fps: int) -> None:
    """Files to a judged day, as the two steps of the workflow do it."""
    from presage.config.pose import Filters, Pose, Recording
    from presage.homecage.pose import quality
    from presage.homecage.pose.cage_day import pose_cage_day
    from presage.homecage.recordings.segments import probe_cage_day
    from presage.sheets import Segment

    rows = [
        Segment("cage", f"2026-05-01T{int(path.stem):02d}:00:00", str(path), str(fps))
        for path in sorted(folder.glob("*.h5"))
    ]
    segments = probe_cage_day(rows, Recording(lights_on="00:00", lights_off="12:00"))
    pose_cage_day(segments, None, Pose(), folder / "pose.parquet")
    filters = Filters(limbs=((PARTS[0], PARTS[1]), (PARTS[2], PARTS[3])), fill_gap_s=0.2, smooth_s=SMOOTH_S)
    day = quality.load(folder / "pose.parquet", filters)
    print(json.dumps([int(day.good.sum()), day.history]))


def pandas(folder: Path, fps: int) -> None:
    """The least that anybody does."""
    from scipy.signal import savgol_filter

    window = round(SMOOTH_S * fps) // 2 * 2 + 1
    for path in sorted(folder.glob("*.h5")):
        table = pd.read_hdf(path)
        smooth = savgol_filter(table.to_numpy(), window, 2, axis=0)
    print(json.dumps(float(smooth.mean())))


CHILDREN = {"pandas": pandas, "ours": ours}


if __name__ == "__main__":
    main()
