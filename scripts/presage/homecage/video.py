"""Frames of a video one by one, in constant memory, with their times."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

# FFmpeg inside OpenCV writes its own lines to stderr; a broken file is told once, by us.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

import cv2


@dataclass(frozen=True)
class VideoInfo:
    """What a container says about itself: ``width`` and ``height`` in px, ``fps`` in 1/s, ``frames`` declared."""

    width: int
    height: int
    fps: float
    frames: int


class UnreadableVideo(Exception):
    """The file cannot be opened as a video; the message says so in a few words."""


def info(path: str | Path) -> VideoInfo:
    """Header of the video. Raises :class:`UnreadableVideo`."""
    capture = _open(path)
    try:
        number = capture.get
        return VideoInfo(
            int(number(cv2.CAP_PROP_FRAME_WIDTH)),
            int(number(cv2.CAP_PROP_FRAME_HEIGHT)),
            float(number(cv2.CAP_PROP_FPS)),
            max(0, int(number(cv2.CAP_PROP_FRAME_COUNT))),
        )
    finally:
        capture.release()


def count_frames(path: str | Path) -> int:
    """Frames that really decode, from the first to the first failure. Raises :class:`UnreadableVideo`."""
    capture = _open(path)
    try:
        count = 0
        while capture.grab():
            count += 1
        return count
    finally:
        capture.release()


def frames(path: str | Path, width: int | None = None, stride: int = 1) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (frame number, RGB image uint8 [height, width, 3]) of every ``stride``-th frame, from frame 0.

    With ``width`` the image is scaled to that many columns (:func:`scaled`). The time of frame ``i`` is ``i / fps``
    after the first. Raises :class:`UnreadableVideo` when the file cannot be opened; it ends at the first frame that
    does not decode, so the caller compares counts.
    """
    if stride < 1:
        raise ValueError(f"stride {stride} is not positive")
    capture = _open(path)
    try:
        index = 0
        while capture.grab():
            if index % stride == 0:
                good, image = capture.retrieve()
                if not good:
                    return
                yield index, cv2.cvtColor(scaled(image, width), cv2.COLOR_BGR2RGB)
            index += 1
    finally:
        capture.release()


def scaled(image: np.ndarray, width: int | None) -> np.ndarray:
    """``image`` with ``width`` columns at (nearly) the same aspect ratio; unchanged for ``None``."""
    if width is None or width == image.shape[1]:
        return image
    height = max(1, round(image.shape[0] * width / image.shape[1]))
    shrinks = width < image.shape[1]
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def rescale_points(xy: np.ndarray, from_size: tuple[int, int], to_size: tuple[int, int]) -> np.ndarray:
    """Points [..., 2] (x, y in px; pixel centres at integers) carried from an image of ``from_size`` to ``to_size``.

    Sizes are (width, height). Half a pixel is added before and taken off after, as image scaling does.
    """
    factor = np.asarray(to_size, dtype=np.float64) / np.asarray(from_size, dtype=np.float64)
    return (np.asarray(xy, dtype=np.float64) + 0.5) * factor - 0.5


def _open(path: str | Path) -> cv2.VideoCapture:
    capture = cv2.VideoCapture(str(path))
    if not capture.isOpened():
        capture.release()
        raise UnreadableVideo("cannot be opened as a video (truncated, or not a video)")
    return capture
