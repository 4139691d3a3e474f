"""A single-animal DeepLabCut model that :mod:`presage.homecage.pose.training` wrote, on images that are handed to it.

DeepLabCut's own video command keeps a result for every file name in a shared folder and calls that success, holds all
frames of a video in memory and has no stride; here its inference runner gets the images, and the rows are counted.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from presage.config.pose import Pose
from presage.homecage.pose import body_parts
from presage.homecage.pose.engines import package
from presage.homecage.pose_files.pose_file import ONLY_ANIMAL, PoseFile
from presage.homecage.recordings import video


class DeepLabCut:
    """An :class:`presage.homecage.pose.engines.Engine`; frames come scaled to the width that it was trained at."""

    chunk = 4096  # only their poses are held, 300 bytes each

    def __init__(self, folder: Path, settings: Pose) -> None:
        self.card = body_parts.model_card(folder)
        self.width: int | None = self.card["input_size"][0]
        self._runner = runner(folder, settings)

    def predict(self, frames: Iterable[np.ndarray], native: tuple[int, int]) -> PoseFile:
        """See :meth:`presage.homecage.pose.engines.Engine.predict`."""
        return pose_of(self._runner, frames, native, tuple(self.card["bodyparts"]))


def pose_of(runner: Any, frames: Iterable[np.ndarray], native: tuple[int, int], bodyparts: tuple[str, ...]) -> PoseFile:
    """Pose of an image stream (RGB, scaled to the network's size), in px of the ``native`` (width, height)."""
    blank: list[bool] = []
    sizes: set[tuple[int, int]] = set()

    def watched() -> Iterator[np.ndarray]:
        for image in frames:
            blank.append(bool(image.std() < package.BLANK_STD))
            sizes.add(image.shape[1::-1])
            yield image

    results = runner.inference(watched())
    if not results:
        return PoseFile.empty(bodyparts)
    values = np.stack([result["bodyparts"][:1, :, :3] for result in results]).astype(np.float64)
    [size] = sizes
    xy = video.rescale_points(values[..., :2], size, native).astype(np.float32)
    likelihood = np.clip(values[..., 2], 0, 1).astype(np.float32)
    dark = np.asarray(blank)
    xy[dark], likelihood[dark] = np.nan, np.nan
    return PoseFile(xy, likelihood, (ONLY_ANIMAL,), bodyparts)


def runner(folder: Path, settings: Pose) -> Any:
    """DeepLabCut's inference runner with the folder's weights."""
    where = package.device(settings.device)
    with package.quiet():
        from deeplabcut.pose_estimation_pytorch import get_pose_inference_runner

        made = get_pose_inference_runner(
            folder / "pytorch_config.yaml",
            folder / "snapshot.pt",
            batch_size=settings.batch_size,
            device=where,
            inference_cfg=package.options(settings),
        )
    package.hurry(made.model, settings, where)
    return made
