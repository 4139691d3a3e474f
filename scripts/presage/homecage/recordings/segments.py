"""What a cage-day's files really hold: frames counted by decoding, and a reason for each file that cannot be used."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from presage import tables
from presage.config.pose import Recording
from presage.errors import UserError
from presage.homecage.pose_files import readers
from presage.homecage.recordings import cameras, video
from presage.homecage.recordings.clock import Placed, place
from presage.progress import progress
from presage.provenance import file_hash
from presage.sheets import VIDEO, Segment, finished_pose

# Recorders name files to the second, so that neighbours may seem to share a moment; more than this is an overlap.
OVERLAP_S = 1.0
UNEVEN = 0.05  # share of steps between frames off the usual one, above which a video's rate is no single number
PLAUSIBLE = (0.05, 1000.0)  # frames a second of a camera; a header that says another is wrong


def probe_cage_day(rows: Sequence[Segment], settings: Recording) -> pd.DataFrame:
    """The ``segments`` table of one cage-day, from that cage-day's rows of the segments sheet.

    Files that cannot be used stay in the table as ``usable`` False with a reason: not readable, no byte, no frame,
    truncated (fewer than ``settings.min_decoded`` of the declared frames decode), a frame rate that cannot be, time
    stamps that do not rise, or beginning more than a second before the file before it ends.

    Raises :class:`UserError` when a file is missing, when no frame rate is known, when the rows are not one cage-day,
    or, with ``settings.on_bad_segment`` "stop", at the first file that cannot be used.
    """
    days = place(rows, settings.zone, settings.lights_on_time)
    if len(days) != 1:
        raise ValueError(f"these rows are {len(days)} cage-days, not one")
    [((cage, day), placed)] = days.items()
    records = [
        {"cage": cage, "date": day, "segment": number, **_probe(row, settings)}
        for number, row in enumerate(progress(placed, f"probing {cage} {day}", "file", total=len(placed)))
    ]
    _mark_overlaps(records)
    _measure_gaps(records)
    _compare_pictures(records)
    bad = [record for record in records if not record["usable"]]
    if bad and settings.on_bad_segment == "stop":
        raise UserError(
            bad[0]["path"], bad[0]["reason"], "record or copy it again, remove its row, or set on_bad_segment: count"
        )
    return pd.DataFrame(records, columns=tables.SCHEMAS["segments"].names)


def counts(segments: pd.DataFrame) -> dict[str, int]:
    """Files by fate: ``usable``, and each reason (its part before the first colon) why not."""
    reasons = segments["reason"].where(~segments["usable"], "usable").str.split(":").str[0]
    return {str(reason): int(n) for reason, n in reasons.value_counts().sort_index().items()}


class Probed(NamedTuple):
    """What a file holds: frame rate, frames declared and decoded, why it cannot be used, and what was seen of it."""

    fps: float
    declared: int = 0
    decoded: int = 0
    reason: str | None = None
    seen: Mapping[str, Any] = {}
    seconds: float = 0.0

    @property
    def steady(self) -> bool:
        """Whether frames come at an even rate, as far as is known."""
        return (self.seen.get("uneven") or 0.0) <= UNEVEN

    @property
    def duration(self) -> float:
        """Seconds: by the rate, or by the time stamps where there is no one rate."""
        if not self.steady:
            return self.seconds
        return self.decoded / self.fps if self.fps > 0 else 0.0


def _probe(row: Placed, settings: Recording) -> dict[str, Any]:
    path = Path(row.path)
    if not path.exists():
        raise UserError(path, f"does not exist (segment of cage {row.cage})", "correct the path or remove the row")
    kind = "video" if path.suffix.lower() in VIDEO else "pose" if path.suffix.lower() in finished_pose() else None
    if kind is None:
        raise UserError(path, "is neither video nor pose", f"use {', '.join(VIDEO + finished_pose())}")
    size = path.stat().st_size
    found = Probed(row.fps or 0.0, reason="empty: the file has 0 bytes")
    if size:
        found = _probe_video(path, row.fps, settings) if kind == "video" else _probe_pose(path, row.fps)
    reason = found.reason
    if reason is None and found.decoded == 0:
        reason = "empty: no frame can be read"
    # With uneven time stamps some containers only estimate the number of frames.
    elif reason is None and found.steady and found.decoded < settings.min_decoded * found.declared:
        reason = f"truncated: {found.decoded} of {found.declared} frames can be read"
    return {
        **dict.fromkeys((*SEEN, "width", "shift_px", "background")),
        **found.seen,
        "path": str(row.path),
        "kind": kind,
        "start_utc": row.start,
        "duration_s": found.duration,
        "fps": found.fps,
        "frames_declared": found.declared,
        "frames_decoded": found.decoded,
        "usable": reason is None,
        "reason": reason,
        "size": size,
        "sha256": file_hash(path) if settings.checksum else None,
    }


SEEN = ("codec", "fps_measured", "uneven", "brightness", "sharpness", "black_s", "frozen_s")


def _probe_video(path: Path, fps: float | None, settings: Recording) -> Probed:
    try:
        header, seen = video.info(path), video.survey(path)
    except video.UnreadableVideo as error:
        return Probed(fps or 0.0, reason=f"unreadable: {error}")
    rate = fps or header.fps
    values = (header.codec, seen.fps, seen.uneven, seen.brightness, seen.sharpness, seen.black_s, seen.frozen_s)
    known = {name: None if value != value else value for name, value in zip(SEEN, values)}
    if rate <= 0 and seen.frames:
        raise UserError(path, "names no frame rate", "give it in the fps column of the segments sheet")
    if seen.background is not None:
        known |= {"background": seen.background, "width": seen.width}
    found = Probed(rate, header.frames, seen.frames, None, known, seen.seconds)
    if not fps and seen.frames and not PLAUSIBLE[0] <= rate <= PLAUSIBLE[1]:
        return found._replace(reason=f"rate: {rate:g} frames per second cannot be")
    if seen.repeated > (1 - settings.min_decoded) * seen.frames:
        return found._replace(
            reason=f"times: {seen.repeated} of {seen.frames} frames are not later than the one before"
        )
    return found


def _probe_pose(path: Path, fps: float | None) -> Probed:
    try:
        pose = readers.read(path)
    except UserError as error:
        return Probed(fps or 0.0, reason=f"unreadable: {error.what}")
    rate = fps or pose.fps
    if not rate:
        raise UserError(path, "is a pose file without a frame rate", "give it in the fps column of the segments sheet")
    return Probed(rate, pose.n_frames, pose.n_frames)


def _measure_gaps(records: list[dict[str, Any]]) -> None:
    """Seconds from the end of the usable file before; negative ones are the overlap that is let pass."""
    end = None
    for record in records:
        record["gap_s"] = None if end is None else (record["start_utc"] - end).total_seconds()
        if record["usable"]:
            end = record["start_utc"] + timedelta(seconds=record["duration_s"])


def _compare_pictures(records: list[dict[str, Any]]) -> None:
    """How far each video's picture lies from the first usable one's, which alone is kept."""
    first = None
    for record in records:
        picture, width = record["background"], record["width"]
        record["background"] = None
        if picture is None or not record["usable"]:
            continue
        if first is None:
            first, record["background"] = picture, cameras.encode(picture)
        moved = cameras.shift(first, picture)
        record["shift_px"] = None if moved is None else moved * width / picture.shape[1]


def _mark_overlaps(records: list[dict[str, Any]]) -> None:
    """Refuse each file that starts before the last usable one has ended."""
    last = None
    for record in records:
        if not record["usable"]:
            continue
        if last is not None:
            excess = (last["start_utc"] + timedelta(seconds=last["duration_s"]) - record["start_utc"]).total_seconds()
            if excess > OVERLAP_S:
                record["usable"] = False
                record["reason"] = f"overlap: begins {excess:.1f} s before {Path(last['path']).name} ends"
                continue
        last = record


def cage_days(rows: Sequence[Segment], settings: Recording) -> dict[tuple[str, date], list[Placed]]:
    """Rows by (cage, cage-day): :func:`presage.homecage.recordings.clock.place` with the settings' clock."""
    return place(rows, settings.zone, settings.lights_on_time)
