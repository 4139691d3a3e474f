"""What a cage-day's files really hold: frames counted by decoding, and a reason for each file that cannot be used."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from presage import tables
from presage.config.pose import Recording
from presage.errors import UserError
from presage.homecage import video
from presage.homecage.clock import Placed, place
from presage.homecage.pose import importers
from presage.progress import progress
from presage.sheets import POSE, VIDEO, Segment

# Recorders name files to the second, so that neighbours may seem to share a moment; more than this is an overlap.
OVERLAP_S = 1.0


def probe_cage_day(rows: Sequence[Segment], settings: Recording) -> pd.DataFrame:
    """The ``segments`` table of one cage-day, from that cage-day's rows of the segments sheet.

    Files that cannot be used stay in the table as ``usable`` False with a reason: not readable, no frame, truncated
    (fewer than ``settings.min_decoded`` of the declared frames decode), or beginning more than a second before the file
    before it ends.

    Raises :class:`UserError` when a file is missing, when no frame rate is known, when the rows are not one cage-day,
    or, with ``settings.on_bad_segment`` "stop", at the first file that cannot be used.
    """
    days = place(rows, settings.zone, settings.lights_on_time)
    if len(days) != 1:
        raise ValueError(f"these rows are {len(days)} cage-days, not one")
    [((cage, day), placed)] = days.items()
    records = [
        {"cage": cage, "date": day, "segment": number, **_probe(row, settings.min_decoded)}
        for number, row in enumerate(progress(placed, f"probing {cage} {day}", "file", total=len(placed)))
    ]
    _mark_overlaps(records)
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


def _probe(row: Placed, min_decoded: float) -> dict[str, Any]:
    path = Path(row.path)
    if not path.exists():
        raise UserError(path, f"does not exist (segment of cage {row.cage})", "correct the path or remove the row")
    kind = "video" if path.suffix.lower() in VIDEO else "pose" if path.suffix.lower() in POSE else None
    if kind is None:
        raise UserError(path, "is neither video nor pose", f"use {', '.join(VIDEO + POSE)}")
    fps, declared, decoded, reason = (_probe_video if kind == "video" else _probe_pose)(path, row.fps)
    if reason is None and decoded == 0:
        reason = "empty: no frame can be read"
    elif reason is None and decoded < min_decoded * declared:
        reason = f"truncated: {decoded} of {declared} frames can be read"
    return {
        "path": str(row.path),
        "kind": kind,
        "start_utc": row.start,
        "duration_s": decoded / fps if fps > 0 else 0.0,
        "fps": fps,
        "frames_declared": declared,
        "frames_decoded": decoded,
        "usable": reason is None,
        "reason": reason,
    }


def _probe_video(path: Path, fps: float | None) -> tuple[float, int, int, str | None]:
    """(fps, frames declared, frames decoded, reason or None)."""
    try:
        header, decoded = video.info(path), video.count_frames(path)
    except video.UnreadableVideo as error:
        return fps or 0.0, 0, 0, f"unreadable: {error}"
    rate = fps or header.fps
    if rate <= 0 and decoded:
        raise UserError(path, "names no frame rate", "give it in the fps column of the segments sheet")
    return rate, header.frames, decoded, None


def _probe_pose(path: Path, fps: float | None) -> tuple[float, int, int, str | None]:
    if not fps:
        raise UserError(path, "is a pose file without a frame rate", "give it in the fps column of the segments sheet")
    try:
        n = importers.read(path).n_frames
    except UserError as error:
        return fps, 0, 0, f"unreadable: {error.what}"
    return fps, n, n, None


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
    """The study's rows by (cage, cage-day): :func:`presage.homecage.clock.place` with the settings' clock."""
    return place(rows, settings.zone, settings.lights_on_time)
