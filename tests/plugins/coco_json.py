"""A reader of finished pose: COCO keypoints (``.json``), as MMPose and many labelling tools write them."""

from json import loads
from pathlib import Path

import numpy as np

from presage.homecage.pose_files.pose_file import ONLY_ANIMAL, PoseFile

PROVIDES = {"pose": {"json": {}}}


def read_coco(path: Path) -> PoseFile:
    """One animal: the best annotation of each image, images in the order of their ids. A KeyError means: not COCO."""
    found = loads(path.read_text())
    parts = tuple(found["categories"][0]["keypoints"])
    row = {image: k for k, image in enumerate(sorted(image["id"] for image in found["images"]))}
    values = np.zeros((len(row), 1, len(parts), 3))
    best = np.full(len(row), -np.inf)
    for one in found["annotations"]:
        k, score = row[one["image_id"]], float(one.get("score", 1.0))
        if score > best[k]:
            best[k] = score
            values[k, 0] = np.reshape(one["keypoints"], (-1, 3))
            values[k, 0, :, 2] = np.where(values[k, 0, :, 2] > 0, score, 0.0)  # 0 = not labelled
    return PoseFile.of(values[..., :2], values[..., 2], (ONLY_ANIMAL,), parts)


json = read_coco
