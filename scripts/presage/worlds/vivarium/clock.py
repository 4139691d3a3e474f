"""The facility's clock: cage-days from lights-on to lights-on, as minutes since the first lights-on.

Lights follow local time, so the cage-day of a change to or from summer time has 23 or 25 hours.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

LIGHT_H = 12.0


@dataclass(frozen=True)
class Clock:
    """Minute grid of a recording: minute ``m`` starts ``m`` minutes after ``start`` (UTC)."""

    start: datetime
    dates: tuple[date, ...]
    zt0: np.ndarray  # int64 (days + 1,): minute of each lights-on; the last one ends the recording
    day: np.ndarray  # int32 (minutes,): cage-day of each minute
    zt: np.ndarray  # float32 (minutes,): hours since lights-on

    @property
    def minutes(self) -> int:
        return len(self.day)

    @property
    def dark(self) -> np.ndarray:
        return self.zt >= LIGHT_H

    def utc(self, minute: float) -> datetime:
        """The time of ``minute``, to the second."""
        return self.start + timedelta(seconds=round(float(minute) * 60))


def make_clock(first: date, days: int, timezone: str, lights_on: str) -> Clock:
    """The clock of ``days`` cage-days that begin at ``lights_on`` (local HH:MM) of ``first``."""
    at, zone = time.fromisoformat(lights_on), ZoneInfo(timezone)
    dates = [first + timedelta(days=k) for k in range(days + 1)]
    on = [datetime.combine(d, at, zone).astimezone(UTC) for d in dates]
    zt0 = np.array([(t - on[0]) // timedelta(minutes=1) for t in on], dtype=np.int64)
    day = np.repeat(np.arange(days, dtype=np.int32), np.diff(zt0))
    zt = ((np.arange(zt0[-1]) - zt0[day]) / 60).astype(np.float32)
    return Clock(on[0], tuple(dates[:-1]), zt0, day, zt)
