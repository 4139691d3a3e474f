"""The facility's clock: UTC, cage-days and zeitgeber time. Standard library only, so the Snakefile may import it.

A cage-day runs from one lights-on (ZT0) to the next and is named by the facility-local date of its lights-on, so a
night is never split. Lights follow the local clock: on the two days of a year on which the clocks change, a cage-day
has 23 or 25 hours, and every instant still lies in exactly one cage-day.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from presage.errors import UserError
from presage.sheets import Segment


class Placed(NamedTuple):
    """A row of the segments sheet with its start in UTC and its frame rate as a number (None: the container's)."""

    cage: str
    start: datetime
    path: str
    fps: float | None


def to_utc(start: str | datetime, zone: ZoneInfo, where: object = "segments sheet") -> datetime:
    """``start`` as a UTC time; without an offset it is read as local time in ``zone``.

    Raises :class:`UserError` (naming ``where``) when it is no ISO date-time, or a local time that the clock change
    makes ambiguous or skips.
    """
    try:
        when = start if isinstance(start, datetime) else datetime.fromisoformat(str(start).strip())
    except ValueError:
        raise UserError(
            where, f"{start!r} is no ISO date-time", "write it as 2026-03-01T07:00:00 (local time of the facility)"
        ) from None
    if when.tzinfo is None:
        offsets = {when.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1)}
        if len(offsets) > 1:
            raise UserError(
                where, f"start {start} falls into the clock change of {zone.key}", "write it with its offset"
            )
        when = when.replace(tzinfo=zone)
    return when.astimezone(UTC)


def lights_on_utc(day: date, zone: ZoneInfo, lights_on: time) -> datetime:
    """The instant at which cage-day ``day`` begins."""
    return datetime.combine(day, lights_on, zone).astimezone(UTC)


def cage_day(t_utc: datetime, zone: ZoneInfo, lights_on: time) -> date:
    """The cage-day that holds ``t_utc``: the local date of the last lights-on at or before it.

    Raises ``ValueError`` for a time without zone.
    """
    if t_utc.tzinfo is None:
        raise ValueError("cage_day needs a time with its zone")
    day = t_utc.astimezone(zone).date()
    return day if t_utc >= lights_on_utc(day, zone, lights_on) else day - timedelta(days=1)


def place(rows: Iterable[Segment], zone: ZoneInfo, lights_on: time) -> dict[tuple[str, date], list[Placed]]:
    """Rows of the segments sheet by (cage, cage-day of their start), each list sorted by start.

    A file that runs past the next lights-on stays with the cage-day in which it started.

    Raises :class:`UserError` when there is no row, for a frame rate that is no positive number, and for two files of
    one cage that start at the same time.
    """
    days: dict[tuple[str, date], list[Placed]] = {}
    for row in rows:
        start = to_utc(row.start, zone, row.path)
        days.setdefault((row.cage, cage_day(start, zone, lights_on)), []).append(
            Placed(row.cage, start, row.path, _frame_rate(row))
        )
    if not days:
        raise UserError("segments sheet", "has no rows", "list at least one segment (cage, start, path)")
    for group in days.values():
        group.sort(key=lambda segment: (segment.start, segment.path))
        for first, second in pairwise(group):
            if first.start == second.start:
                raise UserError(second.path, f"starts with {first.path} in cage {first.cage}", "correct one start")
    return dict(sorted(days.items()))


def _frame_rate(row: Segment) -> float | None:
    if row.fps in ("", None):
        return None
    try:
        fps = float(row.fps)
    except ValueError:
        fps = float("nan")
    if not 0 < fps < float("inf"):
        raise UserError(row.path, f"fps {row.fps!r} is no positive number", "correct it, or leave it empty")
    return fps
