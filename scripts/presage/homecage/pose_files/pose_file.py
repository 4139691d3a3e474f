"""Finished pose of one file, in the one shape that every format is read into."""

from dataclasses import dataclass

import numpy as np

ONLY_ANIMAL = "animal"
"""Name of the animal of a file that does not name it."""


@dataclass(frozen=True)
class PoseFile:
    """Pose of every frame of one file.

    ``xy`` float32 [frame, animal, body part, 2], px, image coordinates (y down), NaN where nothing was found;
    ``likelihood`` float32 [frame, animal, body part], 0 to 1, 0 where nothing was found; ``fps``: frames per second,
    where the file tells.
    """

    xy: np.ndarray
    likelihood: np.ndarray
    animals: tuple[str, ...]
    bodyparts: tuple[str, ...]
    fps: float | None = None

    @property
    def n_frames(self) -> int:
        """Frames in the file."""
        return len(self.xy)

    @staticmethod
    def empty(parts: tuple[str, ...], animals: tuple[str, ...] = (ONLY_ANIMAL,)) -> "PoseFile":
        """No frame at all."""
        xy = np.empty((0, len(animals), len(parts), 2), dtype=np.float32)
        return PoseFile(xy, xy[..., 0], animals, parts)

    @staticmethod
    def of(points: np.ndarray, likelihood: np.ndarray, animals: tuple[str, ...], parts: tuple[str, ...]) -> "PoseFile":
        """From ``points`` [frame, animal, body part, 2] and ``likelihood`` of any real dtype.

        A point without both coordinates, or whose likelihood is missing or 0 (multi-animal DeepLabCut then writes the
        place 0, 0), was not found: NaN, and likelihood 0. Others are clipped to 1, which SLEAP's scores may pass.
        """
        with np.errstate(invalid="ignore"):
            found = np.isfinite(points).all(axis=-1) & (likelihood > 0)
        xy = np.where(found[..., None], points, np.nan).astype(np.float32)
        return PoseFile(xy, np.where(found, np.clip(likelihood, 0, 1), 0).astype(np.float32), animals, parts)
