"""Video to body parts: a registry of engines that share one interface. A new engine is a file with a class here."""

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from presage.config.pose import Pose
from presage.homecage.pose_files.pose_file import PoseFile

__all__ = ["ENGINES", "Engine", "card_of", "open_engine"]


class Engine(Protocol):
    """One pose model, loaded once for a whole cage-day.

    ``card`` holds ``bodyparts`` (names), ``likelihood_cut`` (one for each), ``span_px`` (how far a body part lies from
    its animal's middle, px of a frame as wide as ``frame_size[0]``; None = not known), and ``hash``. ``width`` px is
    what frames are to be scaled to before :meth:`predict`, None = leave them as they are; ``chunk`` is how many images
    it may be handed at a time, so that memory does not grow with the video.
    """

    card: Mapping[str, Any]
    width: int | None
    chunk: int

    def predict(self, frames: Iterable[np.ndarray], native: tuple[int, int]) -> PoseFile:
        """Pose of RGB images uint8 [height, width, 3], in px of an image of ``native`` (width, height).

        One row for each image, in order; a blank image has likelihood NaN.
        """


# Name in the config: (module, class). Imported when used, for DeepLabCut takes 20 s to import.
ENGINES: dict[str, tuple[str, str]] = {
    "dlc": ("presage.homecage.pose.engines.dlc", "DeepLabCut"),
    "superanimal": ("presage.homecage.pose.engines.superanimal", "SuperAnimal"),
}


def open_engine(folder: str | Path, settings: Pose) -> Engine:
    """Load the model in ``folder`` with the engine that ``settings`` name.

    Raises :class:`presage.errors.UserError` when the folder is no such model, or when its device is missing.
    """
    module, name = ENGINES[settings.engine]
    engine: Callable[[Path, Pose], Engine] = getattr(import_module(module), name)
    return engine(Path(folder), settings)
