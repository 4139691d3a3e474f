"""A video's wanted frames through an engine, a few thousand at a time: memory does not grow with the video."""

import contextlib
import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from presage.errors import UserError
from presage.homecage.pose.engines import Engine
from presage.homecage.pose_files.pose_file import PoseFile
from presage.homecage.recordings import video

T = TypeVar("T")

AHEAD = 64  # frames that wait decoded


class Chunk(NamedTuple):
    """``frame`` int [n], numbers in the video; ``seconds`` float [n], their time stamps after the first frame's;
    ``pose`` of those frames, px of the video."""

    frame: np.ndarray
    seconds: np.ndarray
    pose: PoseFile


def infer(
    engine: Engine, path: str | Path, n_frames: int, wanted: Callable[[int, float], bool] | None = None
) -> Iterator[Chunk]:
    """Pose of the wanted frames (see :class:`presage.homecage.recordings.video.Frames`; None = all) in order.

    ``n_frames`` is how many are known to decode. Raises :class:`UserError` when another number does, or when a frame
    came without a pose: nothing is lost in silence. Chunks before that have been given out by then.
    """
    frames = video.Frames(path, engine.width, wanted)
    given = 0
    stream = ahead(frames, AHEAD)
    try:
        header = video.info(path)
        while (pose := engine.predict(islice(stream, engine.chunk), (header.width, header.height))).n_frames:
            rows = slice(given, given + pose.n_frames)
            given += pose.n_frames
            yield Chunk(np.array(frames.index[rows]), np.array(frames.seconds[rows]), pose)
    except video.UnreadableVideo as error:
        raise UserError(path, str(error), "probe the segments again") from None
    finally:
        stream.close()
    if frames.decoded != n_frames:
        raise UserError(
            path, f"gave {frames.decoded} frames, not {n_frames}", "it changed since it was probed: run again"
        )
    if given != len(frames.index):
        raise UserError(path, f"has {len(frames.index)} frames to pose, but {given} poses came", "run again")


def ahead(items: Iterable[T], depth: int) -> Generator[T]:
    """The same items, taken by a thread of its own up to ``depth`` in advance: decoding goes on while a network works.

    What the items raise is raised here, in its place. Closing it ends the thread.
    """
    waiting: queue.Queue[tuple[bool, Any]] = queue.Queue(depth)
    closed = threading.Event()

    def put(last: bool, item: Any) -> None:
        while not closed.is_set():
            with contextlib.suppress(queue.Full):
                waiting.put((last, item), timeout=0.5)
                return

    def work() -> None:
        try:
            for item in items:
                put(False, item)
                if closed.is_set():
                    return
            put(True, None)
        except BaseException as error:  # handed over to the thread that asks
            put(True, error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while not (got := waiting.get())[0]:
            yield got[1]
        if got[1] is not None:
            raise got[1]
    finally:
        closed.set()
        thread.join()
