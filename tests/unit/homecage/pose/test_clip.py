"""Clips: frames, colours and places of what is drawn, by decoding the film again."""

import cv2
import numpy as np
import pandas as pd
import pytest

from presage.errors import UserError
from presage.homecage.pose.clip import GREY, legend, write_clip
from presage.homecage.pose.quality import HIDDEN, SEEN, PoseDay
from presage.homecage.recordings import video

START = pd.Timestamp("2026-05-01T20:00:00Z")
SIZE = (320, 240)


def day(n=40, fps=10.0, stride=2):
    """Every second frame of a video: a nose at (100, 60) that is believed, and a tail at (220, 180) that is not."""
    frame = np.arange(0, n, stride)
    rows = len(frame)
    time = START.tz_localize(None).to_datetime64() + np.round(frame / fps * 1e6).astype("timedelta64[us]")
    xy = np.tile([[100.0, 60.0], [220.0, 180.0]], (rows, 1, 1)).astype(np.float32)
    good = np.tile([True, False], (rows, 1))
    state = np.where(np.arange(rows) < rows // 2, SEEN, HIDDEN)
    likelihood = np.full((rows, 2), 0.8, np.float32)
    return PoseDay(
        ("nose", "tail"), time, np.zeros(rows, int), frame, np.repeat("a", rows), xy, likelihood, good, state
    )


@pytest.fixture
def segments(tmp_path):
    """A video of 40 dark frames at 10 frames a second."""
    path = tmp_path / "a.avi"
    out = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, SIZE)
    for _ in range(40):
        out.write(np.full((SIZE[1], SIZE[0], 3), 20, np.uint8))
    out.release()
    return pd.DataFrame([{"segment": 0, "kind": "video", "path": str(path)}])


def colour(image, x, y):
    return "#" + "".join(f"{v:02x}" for v in image[y, x])


def near(image, x, y, wanted):
    """Whether the colour at a place is ``wanted`` (#rrggbb), as far as a film keeps colours."""
    rgb = [int(wanted[i : i + 2], 16) for i in (1, 3, 5)]
    return np.abs(image[y - 1 : y + 2, x - 1 : x + 2].reshape(-1, 3).mean(axis=0) - rgb).max() < 40


def test_the_analysed_frames_of_the_stretch_with_their_points(tmp_path, segments):
    n = write_clip(tmp_path / "c.mp4", segments, day(), START + pd.Timedelta(seconds=1), 2.0, [("nose", "tail")], 320)
    images = list(video.Frames(tmp_path / "c.mp4"))
    header = video.info(tmp_path / "c.mp4")
    assert n == len(images) == 10 and header.fps == pytest.approx(5.0) and (header.width, header.height) == SIZE
    nose, tail = (part["colour"] for part in legend(("nose", "tail")))
    for image in images:
        assert near(image, 100, 60, nose)  # filled
        assert not near(image, 220, 180, tail)  # a ring: dark in its middle
        assert image[100, 300].max() < 45  # the picture itself


def test_pose_without_a_video_is_drawn_on_grey(tmp_path, segments):
    finished = segments.assign(kind="pose", path="nowhere.h5")
    assert write_clip(tmp_path / "c.mp4", finished, day(), START, 1.0) == 5
    image = next(iter(video.Frames(tmp_path / "c.mp4")))
    assert np.abs(image[-10:, -10:].astype(int) - GREY).max() < 12


def test_a_time_without_frames_is_said(tmp_path, segments):
    with pytest.raises(UserError, match="no frame was analysed"):
        write_clip(tmp_path / "c.mp4", segments, day(), START + pd.Timedelta(hours=1), 2.0)
    assert not (tmp_path / "c.mp4").exists()
