"""Pose files of the JAX Animal Behavior System (JABS), versions 3 to 6.

One HDF5 group ``poseest``: ``points`` [frame, slot, 12, 2] in px as (y, x), ``confidence`` [frame, slot, 12], how many
slots of a frame are filled (``instance_count``), and whose they are: from version 4 on ``instance_embed_id`` (an
animal's number from 1) and ``id_mask`` (true where a slot holds no known animal), in version 3 ``instance_track_id``.
"""

from pathlib import Path

import h5py
import numpy as np

from presage.errors import UserError
from presage.homecage.pose_files.pose_file import PoseFile

PARTS = (
    "nose",
    "left_ear",
    "right_ear",
    "base_neck",
    "left_front_paw",
    "right_front_paw",
    "center_spine",
    "left_rear_paw",
    "right_rear_paw",
    "base_tail",
    "mid_tail",
    "tip_tail",
)


def is_jabs(file: h5py.File) -> bool:
    """Whether an open HDF5 file is a JABS pose file."""
    return "poseest" in file and "points" in file["poseest"]


def read_jabs(path: Path) -> PoseFile:
    """One animal per identity; slots without one are left out.

    Raises :class:`UserError` for version 2 (one animal, without slots) and for a version 3 file whose tracks are more
    than its animals: nothing says which tracks are one animal.
    """
    with h5py.File(path) as file:
        pose = file["poseest"]
        version = int(np.asarray(pose.attrs.get("version", [0])).ravel()[0])
        points, confidence = pose["points"][:], pose["confidence"][:]
        if points.ndim != 4 or points.shape[2:] != (len(PARTS), 2):
            raise UserError(path, f"has points {points.shape}, of version {version}", "export it as version 3 to 6")
        filled = np.arange(points.shape[1]) < pose["instance_count"][:].astype(int)[:, None]
        embedded = "instance_embed_id" in pose
        if embedded:
            owner = pose["instance_embed_id"][:].astype(int) - 1
            owner[pose["id_mask"][:].astype(bool) | ~filled] = -1
        else:
            owner = np.where(filled, pose["instance_track_id"][:].astype(int), -1)
    known = np.unique(owner[owner >= 0])
    if not embedded and len(known) > points.shape[1]:
        raise UserError(
            path, f"has {len(known)} tracks of up to {points.shape[1]} animals", "export version 4 or later"
        )
    xy = np.full((len(points), len(known), len(PARTS), 2), np.nan)
    likelihood = np.full(xy.shape[:3], np.nan)
    frame, slot = np.nonzero(owner >= 0)
    animal = np.searchsorted(known, owner[frame, slot])
    xy[frame, animal] = points[frame, slot][..., ::-1]
    likelihood[frame, animal] = confidence[frame, slot]
    return PoseFile.of(xy, likelihood, tuple(f"animal{i + 1}" for i in range(len(known))), PARTS)
