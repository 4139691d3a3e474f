"""Pose of real video: our step beside bare forward passes and DeepLabCut's own video loop, its memory, and its reach.

``python tests/benchmarks/bench_pose.py [--models NAME:WIDTH,...] [--minutes N,N] [--repeats N] [--threads N]`` trains
each network for one epoch on the public labelled frames (its speed does not hang on its weights) and measures on the
public clip, played over and over:

* frames a second of the step (reading, scaling, network, table) beside (a) reading, scaling and nothing but the same
  network's forward pass and peak finding in a plain loop, and (b) DeepLabCut's video iterator with its own runner, on a
  clip that was scaled beforehand. They take turns.
* memory of the whole step on a short and a long file.
* how many cages this machine keeps up with, by sampling: seconds of probing and pose for an hour of recording.

Its last line is one JSON object; ``ratio_to_bare`` and ``ratio_to_deeplabcut`` are frames a second of ours to theirs.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT)]
BATCH = 8
SAMPLINGS = {  # name: settings
    "every frame": {},
    "5 fps": {"fps": 5},
    "5 fps, 2 min in 10": {"fps": 5, "record_s": 120, "period_s": 600},
    "1 fps": {"fps": 1},
}
IMAGENET = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]], dtype=np.float32)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default="test_resnet:160,resnet10t:320", help="backbone:input width in px, ...")
    parser.add_argument("--minutes", default="1,60", help="length of the short and of the long file")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)  # segments, model, settings, out
    given = parser.parse_args()
    import torch

    torch.set_num_threads(given.threads)
    if given.child:
        child(*given.child)
        return
    from presage import data_registry

    folder = (data_registry.mirror() or ROOT / "resources/public/folders") / "pose/openfield-Pranav-2018-10-30"
    if not folder.is_dir():
        sys.exit(f"error: {folder} is missing: run `make real` once, or set PRESAGE_DATA_MIRROR")
    [clip] = (folder / "videos").glob("*.mp4")
    report = {"bench": "pose", "threads": given.threads, "models": {}}
    with tempfile.TemporaryDirectory() as place:
        for name in given.models.split(","):
            backbone, width = name.split(":")
            report["models"][name] = one_model(
                Path(place),
                folder,
                clip,
                backbone,
                int(width),
                given.repeats,
                [int(n) for n in given.minutes.split(",")],
            )
    print(json.dumps(report))


def one_model(
    place: Path, project: Path, clip: Path, backbone: str, width: int, repeats: int, minutes: list[int]
) -> dict[str, float]:
    """The three measurements for one network."""
    from presage.config.pose import Pose
    from presage.homecage.pose.training import train

    settings = Pose(backbone=backbone, input_width=width, epochs=1, batch_size=BATCH, device="cpu")
    model = place / backbone
    train(project, model, settings, seed=1)
    print(f"\n{backbone}, frames scaled to {width} px\n")
    found = throughput(place, clip, model, settings, repeats)
    found |= memory(place, clip, model, settings, minutes)
    found |= reach(place, clip, model, settings)
    return found


# ---- throughput ----------------------------------------------------------------------------------------------------


def throughput(place: Path, clip: Path, model: Path, settings, repeats: int) -> dict[str, float]:
    """Frames a second, by turns."""
    from presage.homecage.pose.cage_day import pose_cage_day
    from presage.homecage.pose.engines import dlc

    segments = probed(clip)
    frames = int(segments["frames_decoded"].iloc[0])
    ready, stock, small = (
        dlc.runner(model, settings),
        stock_runner(model),
        scaled_clip(place, clip, settings.input_width),
    )
    rivals: dict[str, Callable[[], object]] = {
        "bare": lambda: bare(clip, ready.model, settings.input_width),
        "deeplabcut": lambda: deeplabcut_loop(small, stock),
        "ours": lambda: pose_cage_day(segments, model, settings, place / "pose.parquet"),
    }
    seconds: dict[str, list[float]] = {name: [] for name in rivals}
    for _ in range(repeats):
        for name, run in rivals.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    rate = {name: frames / min(values) for name, values in seconds.items()}
    print(f"{'':<52}{'frames/s':>9}{'ours is':>9}")
    for name, label in (
        ("bare", "reading, scaling, forward pass, peaks"),
        ("deeplabcut", "DeepLabCut's video iterator and runner, ready scaled"),
        ("ours", "the step: all of it, counted, into the table"),
    ):
        print(f"{label:<52}{rate[name]:>9.1f}{rate['ours'] / rate[name]:>9.2f}")
    return {
        "frames_per_s": rate["ours"],
        "ratio_to_bare": rate["ours"] / rate["bare"],
        "ratio_to_deeplabcut": rate["ours"] / rate["deeplabcut"],
    }


def bare(path: Path, network, width: int) -> int:
    """Nothing but what every route must do; how many frames."""
    import cv2
    import torch

    from presage.homecage.recordings.video import scaled

    capture, batch, n = cv2.VideoCapture(str(path)), [], 0
    while True:
        good, image = capture.read()
        if good:
            batch.append(cv2.cvtColor(scaled(image, width), cv2.COLOR_BGR2RGB))
        if batch and (len(batch) == BATCH or not good):
            pixels = (np.stack(batch).astype(np.float32) / 255 - IMAGENET[0]) / IMAGENET[1]
            with torch.inference_mode():
                network.get_predictions(network(torch.from_numpy(pixels.transpose(0, 3, 1, 2))))
            n, batch = n + len(batch), []
        if not good:
            return n


def stock_runner(model: Path):
    """DeepLabCut's runner as it comes."""
    from presage.homecage.pose.engines import package

    with package.quiet():
        from deeplabcut.pose_estimation_pytorch import get_pose_inference_runner

        return get_pose_inference_runner(
            model / "pytorch_config.yaml", model / "snapshot.pt", batch_size=BATCH, device="cpu"
        )


def scaled_clip(place: Path, clip: Path, width: int) -> Path:
    """The clip at the network's width: DeepLabCut's loop does not scale."""
    import imageio_ffmpeg

    path = place / f"{width}.mp4"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-y", "-i", str(clip)]
    subprocess.run([*command, "-vf", f"scale={width}:-2", "-an", str(path)], check=True)
    return path


def deeplabcut_loop(path: Path, runner) -> int:
    """DeepLabCut's own loop over a video."""
    from presage.homecage.pose.engines import package

    with package.quiet():
        from deeplabcut.pose_estimation_pytorch.apis.videos import VideoIterator

        return len(runner.inference(VideoIterator(str(path))))


# ---- memory and reach ----------------------------------------------------------------------------------------------


def memory(place: Path, clip: Path, model: Path, settings, minutes: list[int]) -> dict[str, float]:
    """Peak memory of the whole step in a process of its own, by the length of the file (5 frames a second)."""
    from presage.config.pose import Sampling

    sampled = settings.model_copy(update={"sampling": Sampling(fps=5)})
    print(f"\n{'one file of':<32}{'frames':>9}{'posed':>9}{'seconds':>9}{'MB':>9}")
    peak = []
    for n in minutes:
        cost, info, segments = in_child(place, played(place, clip, 60 * n), model, sampled)
        peak.append(cost.rss_mb)
        decoded = int(segments["frames_decoded"].iloc[0])
        print(f"{n:>3} min{'':<25}{decoded:>9,}{info['frames_posed']:>9,}{cost.seconds:>9.1f}{cost.rss_mb:>9,.0f}")
    return {"rss_mb": peak[-1], "rss_growth_mb": peak[-1] - peak[0]}


def reach(place: Path, clip: Path, model: Path, settings) -> dict[str, float]:
    """Cages that the machine keeps up with, by sampling."""
    from presage.config.pose import Sampling
    from presage.homecage.pose.cage_day import pose_cage_day

    long = 600
    video = played(place, clip, long)
    start = time.perf_counter()
    segments = probed(video)
    probing = (time.perf_counter() - start) * 3600 / long
    print(f"\n{'an hour of recording, 30 fps':<32}{'probe s':>9}{'pose s':>9}{'cages':>9}")
    found = {}
    for name, keys in SAMPLINGS.items():
        if not keys:
            continue
        sampled = settings.model_copy(update={"sampling": Sampling(**keys)})
        start = time.perf_counter()
        pose_cage_day(segments, model, sampled, place / "pose.parquet")
        pose = (time.perf_counter() - start) * 3600 / long
        found[f"cages, {name}"] = 3600 / (probing + pose)
        print(f"{name:<32}{probing:>9.0f}{pose:>9.0f}{3600 / (probing + pose):>9.1f}")
    return found


def in_child(place: Path, video: Path, model: Path, settings):
    """The step on one video in a process of its own: (its cost, its counts, the segments)."""
    from tests.benchmarks import measure

    segments = probed(video)
    segments.to_pickle(place / "segments.pkl")
    (place / "settings.json").write_text(settings.model_dump_json())
    names = [str(place / name) for name in ("segments.pkl", model.name, "settings.json", "pose.parquet")]
    cost = measure.run([sys.executable, __file__, "--child", *names])
    return cost, json.loads(cost.output.splitlines()[-1]), segments


def child(segments: str, model: str, settings: str, out: str) -> None:
    """What :func:`in_child` starts."""
    from presage.config.pose import Pose
    from presage.homecage.pose.cage_day import pose_cage_day

    wanted = Pose.model_validate_json(Path(settings).read_text())
    print(json.dumps(pose_cage_day(pd.read_pickle(segments), model, wanted, out)["counts"]))


def played(place: Path, clip: Path, seconds: int) -> Path:
    """The clip over and over until it is that long, its own encoding untouched."""
    import imageio_ffmpeg

    path = place / f"{seconds}.mp4"
    if not path.exists():
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-stream_loop", "-1", "-i", str(clip)]
        subprocess.run([*command, "-t", str(seconds), "-c", "copy", "-an", str(path)], check=True)
    return path


def probed(video: Path) -> pd.DataFrame:
    """The segments table of a cage-day with this one video."""
    from presage.config.pose import Recording
    from presage.homecage.recordings.segments import probe_cage_day
    from presage.sheets import Segment

    return probe_cage_day([Segment("cage", "2026-05-01T08:00:00", str(video))], Recording(on_bad_segment="count"))


if __name__ == "__main__":
    main()
