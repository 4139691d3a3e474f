"""A labelled DeepLabCut project: frames of other cages and other mice, with body parts as a person would mark them."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import yaml

from presage.worlds.vivarium import behaviour, mice, motion
from presage.worlds.vivarium.behaviour import ASLEEP, EXPLORE, FEED, QUIET, Minutes
from presage.worlds.vivarium.household import rng_of
from presage.worlds.vivarium.motion import BODYPARTS
from presage.worlds.vivarium.render import Painter

SCORER = "vivarium"
LABEL_SD_PX = 0.5  # how exactly a person clicks
HIDDEN_SHARE = 0.04  # frames with no animal to mark

# What a person would pick to label: varied poses, not hours of sleep. (state, in the nest, share of the frames)
_PICKED = ((EXPLORE, False, 0.55), (FEED, False, 0.15), (QUIET, False, 0.12), (ASLEEP, True, 0.18))


def write_project(folder: Path, videos: int, frames: int, width: int, noise: float, seed: int) -> None:
    """Write ``config.yaml`` and ``labeled-data/<video>/`` with ``frames`` frames in all, spread over ``videos`` videos.

    Each video is one mouse in one cage, by day and by night. Labels are the truth with a scatter of 0.5 px; a mouse
    under its nest material is not labelled (NaN). Labels are CSV: HDF5 would carry the time of writing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"L{k + 1:02d}" for k in range(videos)]
    for k, name in enumerate(names):
        count = frames // videos + (k < frames % videos)
        _write_video(folder / "labeled-data" / name, k, count, width, noise, rng_of(seed, f"labelled {name}"))
    config = _config(names, width)
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")


def _write_video(folder: Path, number: int, count: int, width: int, noise: float, rng: np.random.Generator) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    mouse = mice.draw(folder.name, number % len(mice.STRAIN_LEVELS), 1.0, rng)
    scene = motion.scene(width, rng)
    minutes = _picked_minutes(count, rng)
    dark = rng.random(count) < 0.5
    track = motion.track(minutes, dark, mouse, scene, 60 * np.arange(count), 8, 2.0, rng)
    painter = Painter(scene, mouse, noise, rng)
    labels = track.xy[:, -1] + rng.normal(0, LABEL_SD_PX, track.xy[:, -1].shape)
    labels[track.hidden[:, -1]] = np.nan
    images = [f"img{k:03d}.png" for k in range(count)]
    for k, image in enumerate(images):
        frame = painter.frame(track.xy[k, -1], bool(track.hidden[k, -1]), bool(dark[k]))
        cv2.imwrite(str(folder / image), frame)
    columns = pd.MultiIndex.from_product([[SCORER], BODYPARTS, ["x", "y"]], names=["scorer", "bodyparts", "coords"])
    index = pd.MultiIndex.from_tuples([("labeled-data", folder.name, image) for image in images])
    table = pd.DataFrame(labels.reshape(count, -1).round(2), index=index, columns=columns)
    table.to_csv(folder / f"CollectedData_{SCORER}.csv")


def _picked_minutes(count: int, rng: np.random.Generator) -> Minutes:
    """``count`` unrelated minutes in the mixture of ``_PICKED``, some of sick, hunched mice."""
    pick = rng.choice(len(_PICKED), count, p=[share for *_, share in _PICKED])
    state = np.array([s for s, *_ in _PICKED], np.uint8)[pick]
    nest = np.array([n for _, n, _ in _PICKED])[pick]
    hidden = nest & (rng.random(count) < HIDDEN_SHARE / _PICKED[-1][-1])
    speed = behaviour.EXPLORE_CM_S * rng.uniform(0.7, 3, count) * behaviour.SPEED[state]
    length = behaviour.LENGTH[state] * (1 - behaviour.HUNCH * rng.choice([0, 1], count, p=[0.8, 0.2]))
    return Minutes(state, nest, hidden, speed.astype("f4"), behaviour.STILL[state].astype("f4"), length.astype("f4"))


def _config(names: list[str], width: int) -> dict[str, Any]:
    """The project file, with every key that DeepLabCut 3 asks for. Paths are relative: the videos were not kept."""
    crop = {"crop": f"0, {width}, 0, {width * 3 // 4}"}
    return {
        "Task": "homecage",
        "scorer": SCORER,
        "date": "simulated",
        "multianimalproject": False,
        "identity": None,
        "project_path": ".",
        "engine": "pytorch",
        "video_sets": {f"videos/{name}.mp4": crop for name in names},
        "bodyparts": list(BODYPARTS),
        "start": 0,
        "stop": 1,
        "numframes2pick": 20,
        "skeleton": [],
        "skeleton_color": "black",
        "pcutoff": 0.6,
        "dotsize": 4,
        "alphavalue": 0.7,
        "colormap": "rainbow",
        "TrainingFraction": [0.8],
        "iteration": 0,
        "default_net_type": "resnet_50",
        "default_augmenter": "default",
        "snapshotindex": -1,
        "detector_snapshotindex": -1,
        "batch_size": 8,
        "detector_batch_size": 1,
        "cropping": False,
        "x1": 0,
        "x2": width,
        "y1": 0,
        "y2": width * 3 // 4,
        "corner2move2": [50, 50],
        "move2corner": True,
    }
