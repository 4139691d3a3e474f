"""The held-out labelled frames with what the model found in them: to be looked at, not only counted."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from presage import tables
from presage.homecage.pose.labelled import Labelled, read_image
from presage.homecage.pose_files.pose_file import PoseFile
from presage.homecage.recordings import video

WIDTH = 320  # px of the pictures kept: enough to judge a point by eye


def write_held_out(
    path: str | Path, data: Labelled, rows: np.ndarray, predicted: PoseFile, native: tuple[int, int]
) -> None:
    """Write the ``held_out_frames`` table of labelled frames ``rows`` with their single-animal poses (same order).

    Points are in px of the labelled frame, whose (width, height) is ``native``; the metadata hold ``bodyparts`` and
    ``frame_size``.
    """
    images = [video.scaled(read_image(data.images[row], native), min(WIDTH, native[0])) for row in rows]
    labels, points = data.xy[rows], predicted.xy[:, 0]
    frame = pd.DataFrame(
        {
            "frame": [frame_name(data, row) for row in rows],
            "image": [cv2.imencode(".jpg", image)[1].tobytes() for image in images],
            "x_label": list(labels[..., 0]),
            "y_label": list(labels[..., 1]),
            "x": list(points[..., 0]),
            "y": list(points[..., 1]),
            "likelihood": list(predicted.likelihood[:, 0]),
        }
    )
    tables.write(path, "held_out_frames", frame, {"bodyparts": list(data.bodyparts), "frame_size": list(native)})


def frame_name(data: Labelled, row: int) -> str:
    """``<video>/<image>`` of a labelled frame."""
    return f"{data.videos[row]}/{data.images[row].name}"
