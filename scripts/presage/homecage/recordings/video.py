"""Frames of a video one by one, in constant memory, with their times."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

# FFmpeg inside OpenCV writes its own lines to stderr; a broken file is told once, by us.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

import cv2


@dataclass(frozen=True)
class VideoInfo:
    """What a container says of itself: ``width``, ``height`` in px, ``fps`` in 1/s, ``frames`` declared, ``codec`` as
    four letters."""

    width: int
    height: int
    fps: float
    frames: int
    codec: str = ""


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
            _letters(int(number(cv2.CAP_PROP_FOURCC))),
        )
    finally:
        capture.release()


@dataclass(frozen=True)
class Survey:
    """What one pass over a video finds.

    ``frames`` that decode; ``fps`` by their time stamps (NaN with fewer than two), ``seconds`` from the first to the
    end of the last; ``uneven``: share of the steps between frames that are off the median step by more than a half;
    ``repeated``: time stamps that do not rise;
    ``brightness`` (mean grey, 0 to 255) and ``sharpness`` (variance of the Laplacian; low is blurred), medians over one
    frame a second; ``black_s``: seconds darker than :data:`BLACK`; ``frozen_s``: seconds in which nothing changed, not
    even noise, in runs of :data:`FROZEN_S` or longer; ``background``: what stays when animals move, the median of up to
    :data:`BACKGROUND_LOOKS` looks, grey uint8 [height, :data:`BACKGROUND_WIDTH`]; ``width`` of the video's frames, px.
    """

    frames: int
    fps: float
    seconds: float
    uneven: float
    repeated: int
    brightness: float
    sharpness: float
    black_s: float
    frozen_s: float
    background: np.ndarray | None = None
    width: int = 0


BLACK = 8.0  # mean grey of a covered lens or a dark room, 0 to 255
FROZEN_S = 10.0
BACKGROUND_LOOKS, BACKGROUND_WIDTH = 64, 160


def survey(path: str | Path) -> Survey:
    """Decode every frame once, and look at one a second. Raises :class:`UnreadableVideo`.

    A third more time than decoding alone takes, by the frames that are looked at.
    """
    header = info(path)
    step = max(1, round(header.fps)) if 0 < header.fps < 1000 else 1
    capture = _open(path)
    times, grey, sharp, same = [], [], [], [False]
    looks, every = [], 1  # small images, and how many looks lie from one to the next
    last: np.ndarray | None = None
    try:
        while capture.grab():
            times.append(capture.get(cv2.CAP_PROP_POS_MSEC))
            if (len(times) - 1) % step == 0:
                good, image = capture.retrieve()
                if not good:
                    times.pop()
                    break
                small = cv2.cvtColor(scaled(image, min(image.shape[1], 320)), cv2.COLOR_BGR2GRAY)
                grey.append(float(small.mean()))
                sharp.append(float(cv2.Laplacian(small, cv2.CV_64F).var()))
                if last is not None:
                    same.append(np.array_equal(small, last))
                last = small
                if (len(grey) - 1) % every == 0:
                    looks.append(scaled(small, BACKGROUND_WIDTH))
                if len(looks) > BACKGROUND_LOOKS:
                    looks, every = looks[::2], 2 * every
    finally:
        capture.release()
    steps = np.diff(times)
    rising = steps[steps > 0]
    typical = float(np.median(rising)) if len(rising) else np.nan
    each = step * typical / 1000 if np.isfinite(typical) else 0.0  # seconds from one look to the next
    return Survey(
        frames=len(times),
        fps=1000 / typical if len(rising) else np.nan,
        seconds=(times[-1] - times[0] + typical) / 1000 if len(rising) else np.nan,
        uneven=float((np.abs(steps - typical) > typical / 2).mean()) if len(rising) else 0.0,
        repeated=int((steps <= 0).sum()),
        brightness=float(np.median(grey)) if grey else np.nan,
        sharpness=float(np.median(sharp)) if sharp else np.nan,
        black_s=each * sum(value < BLACK for value in grey),
        frozen_s=each * _in_runs(same[: len(grey)], FROZEN_S / each if each else np.inf),
        background=np.median(looks, axis=0).astype(np.uint8) if looks else None,
        width=header.width,
    )


def _in_runs(same: list[bool], least: float) -> int:
    """How many are true in runs that are ``least`` long or longer."""
    found = run = 0
    for value in [*same, False]:
        if value:
            run += 1
        else:
            found += run if run >= least else 0
            run = 0
    return found


class Frames:
    """The wanted frames of a video, in order, as RGB images uint8 [height, width, 3].

    ``wanted(frame, seconds)`` says of each frame, by its number and its time stamp in seconds after the first, whether
    it is to be given out; None = all. With ``width`` an image is scaled to that many columns (:func:`scaled`). Frames
    that are not wanted are decoded, since others are built on them, but not converted. To be iterated once; it ends at
    the first frame that does not decode, so the caller compares counts. ``index`` and ``seconds`` hold the numbers and
    time stamps of the frames given out so far, and ``decoded`` counts all frames that were passed.

    Raises :class:`UnreadableVideo` when the file cannot be opened.
    """

    def __init__(
        self, path: str | Path, width: int | None = None, wanted: Callable[[int, float], bool] | None = None
    ) -> None:
        self._path, self._width, self._wanted = path, width, wanted
        self.index: list[int] = []
        self.seconds: list[float] = []
        self.decoded = 0

    def __iter__(self) -> Iterator[np.ndarray]:
        capture = _open(self._path)
        first = 0.0
        try:
            while capture.grab():
                stamp = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
                first = stamp if self.decoded == 0 else first
                if self._wanted is None or self._wanted(self.decoded, stamp - first):
                    good, image = capture.retrieve()
                    if not good:
                        return
                    self.index.append(self.decoded)
                    self.seconds.append(stamp - first)
                    yield cv2.cvtColor(scaled(image, self._width), cv2.COLOR_BGR2RGB)
                self.decoded += 1
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


def _letters(code: int) -> str:
    """A FourCC as text."""
    return code.to_bytes(4, "little").decode("ascii", "replace").strip("\0 ")


def _open(path: str | Path) -> cv2.VideoCapture:
    capture = cv2.VideoCapture(str(path))
    if not capture.isOpened():
        capture.release()
        raise UnreadableVideo("cannot be opened as a video (truncated, or not a video)")
    return capture
