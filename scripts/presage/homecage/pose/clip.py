"""A short film of any stretch of a recording with its pose drawn in: what the numbers say, to be checked by eye."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from presage.errors import UserError
from presage.homecage.pose.quality import HIDDEN, SEEN, PoseDay
from presage.homecage.recordings import video

# Okabe & Ito, blue-green-red order of OpenCV: told apart by colour-blind readers.
COLOURS = ((0, 159, 230), (233, 180, 86), (115, 158, 0), (66, 228, 240), (178, 114, 0), (0, 94, 213), (167, 121, 204))
GREY = 60  # of the canvas where there is no picture
CODEC = "vp09"  # plays in browsers, and OpenCV brings it


def write_clip(
    out: str | Path,
    segments: pd.DataFrame,
    day: PoseDay,
    start: pd.Timestamp,
    seconds: float,
    limbs: Sequence[tuple[str, str]] = (),
    width: int = 480,
) -> int:
    """Write ``seconds`` from ``start`` (UTC) of a cage-day to ``out`` (mp4, VP9), and return how many frames.

    Every frame that was analysed is drawn, at the rate of the analysis: believed points filled, others as rings, in one
    colour a body part; ``limbs`` as lines; the time and the state (seen, hidden, unusable) above. Finished pose without
    a video is drawn on grey.

    Raises :class:`UserError` when nothing was analysed in that time.
    """
    at = (day.time_utc - start.tz_convert(None).to_datetime64()) / np.timedelta64(1, "s")
    inside = (at >= 0) & (at < seconds)
    chosen = np.unique(day.segment[inside])
    if not len(chosen):
        place = f"clip at {start:%Y-%m-%dT%H:%M:%SZ}"
        if not len(at):
            raise UserError(place, "no frame of that cage-day was analysed", "choose another day")
        nearest = pd.Timestamp(day.time_utc[np.abs(at).argmin()])
        raise UserError(place, "no frame was analysed then", f"the nearest one is at {nearest:%Y-%m-%dT%H:%M:%SZ}")
    rows = segments.set_index("segment").loc[chosen]
    first = rows.iloc[0]
    rates = [1 / np.median(s) for n in chosen if len(s := np.diff(np.unique(at[inside & (day.segment == n)])))]
    height = width * 3 // 4
    if first["kind"] == "video":
        header = video.info(first["path"])
        height = round(header.height * width / header.width)
    size = (width + width % 2, height + height % 2)
    writer = cv2.VideoWriter(str(out), cv2.VideoWriter.fourcc(*CODEC), float(max(rates, default=1.0)), size)
    if not writer.isOpened():
        raise UserError(out, "cannot be written as a film", "is the disk full?")
    n = 0
    try:
        for number, row in rows.iterrows():
            mine = np.flatnonzero(inside & (day.segment == number))
            for frame, image, scale in _pictures(row, day, mine, size):
                _draw(image, day, mine[day.frame[mine] == frame], scale, limbs)
                writer.write(image)
                n += 1
    finally:
        writer.release()
    return n


def _pictures(
    row: pd.Series, day: PoseDay, mine: np.ndarray, size: tuple[int, int]
) -> Iterator[tuple[int, np.ndarray, float]]:
    """(frame, image BGR uint8, its px for one px of the pose) of every analysed frame of one segment."""
    wanted = set(day.frame[mine].tolist())
    if row["kind"] == "video":
        last = max(wanted)
        frames = video.Frames(row["path"], None, lambda frame, _: frame in wanted)
        for image in frames:
            yield frames.index[-1], cv2.cvtColor(cv2.resize(image, size), cv2.COLOR_RGB2BGR), size[0] / image.shape[1]
            if frames.index[-1] == last:
                return
        return
    reach = np.nanmax(np.where(day.good[mine][..., None], day.xy[mine], np.nan), axis=(0, 1)) if len(mine) else None
    scale = float(min(np.array(size) / (1.1 * reach))) if reach is not None and np.isfinite(reach).all() else 1.0
    for frame in sorted(wanted):
        yield frame, np.full((size[1], size[0], 3), GREY, np.uint8), scale


def _draw(image: np.ndarray, day: PoseDay, rows: np.ndarray, scale: float, limbs: Sequence[tuple[str, str]]) -> None:
    """Points, limbs, time and state onto ``image``."""
    for row in rows:
        place = [
            (round((x + 0.5) * scale - 0.5), round((y + 0.5) * scale - 0.5)) if np.isfinite(x + y) else None
            for x, y in day.xy[row].tolist()
        ]
        for a, b in limbs:
            i, j = day.bodyparts.index(a), day.bodyparts.index(b)
            ends = place[i], place[j]
            if day.good[row, i] and day.good[row, j] and ends[0] and ends[1]:
                cv2.line(image, ends[0], ends[1], (230, 230, 230), 1, cv2.LINE_AA)
        for part, point in enumerate(place):
            if point is not None and day.likelihood[row, part] > 0:
                filled = cv2.FILLED if day.good[row, part] else 1
                cv2.circle(image, point, 4, COLOURS[part % len(COLOURS)], filled, cv2.LINE_AA)
    states = day.state[rows]
    state = SEEN if (states == SEEN).any() else HIDDEN if (states == HIDDEN).any() else states[0]
    text = f"{pd.Timestamp(day.time_utc[rows[0]]):%Y-%m-%d %H:%M:%S} UTC  {state}"
    for colour, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(image, text, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, thickness, cv2.LINE_AA)


def legend(bodyparts: Sequence[str]) -> list[dict[str, Any]]:
    """Body parts with the colours of the film, as ``name`` and ``colour`` (#rrggbb)."""
    found = []
    for part, name in enumerate(bodyparts):
        blue, green, red = COLOURS[part % len(COLOURS)]
        found.append({"name": name, "colour": f"#{red:02x}{green:02x}{blue:02x}"})
    return found
