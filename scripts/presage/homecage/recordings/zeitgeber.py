"""Zeitgeber time (hours since lights-on) and cage-days for columns of times; ``clock`` is its twin for single ones.

ZT follows the wall clock, as the timer of the lamps does; the limits of a cage-day are those of ``clock``.
"""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from presage.config.pose import Recording, Sampling


@dataclass(frozen=True)
class Lights:
    """The room's lamps: ``on`` and ``off`` in facility-local time (HH:MM), IANA time zone ``zone``."""

    zone: str = "UTC"
    on: str = "07:00"
    off: str = "19:00"

    @classmethod
    def of(cls, recording: Recording) -> "Lights":
        """The lamps that the config describes."""
        return cls(recording.time_zone, recording.lights_on, recording.lights_off)

    @property
    def offset(self) -> pd.Timedelta:
        """Lights-on as time since local midnight."""
        return pd.Timedelta(f"{self.on}:00")

    @property
    def hours(self) -> float:
        """Hours of light in a day."""
        return (pd.Timedelta(f"{self.off}:00") - self.offset) / pd.Timedelta(hours=1) % 24

    def zeitgeber(self, times: pd.DatetimeIndex) -> tuple[np.ndarray, np.ndarray]:
        """Cage-day (datetime64[D], local date of its lights-on) and ZT (float64 hours, 0 to 24) of UTC ``times``.

        On a day on which the clocks change, the skipped hour is missing from ZT, or the repeated one comes twice.
        """
        wall = times.tz_convert(ZoneInfo(self.zone)).tz_localize(None) - self.offset
        date = wall.normalize()
        return date.values.astype("datetime64[D]"), (wall - date).total_seconds().to_numpy() / 3600.0

    def utc(self, date: dt.date, zt: float = 0.0) -> pd.Timestamp:
        """UTC time of ``zt`` hours into the cage-day ``date`` (24 is the end of the day)."""
        wall = pd.Timestamp(date) + self.offset + pd.Timedelta(hours=zt)
        return wall.tz_localize(ZoneInfo(self.zone), ambiguous=True, nonexistent="shift_forward").tz_convert("UTC")

    def phase_hours(self, phase: str) -> float:
        """Length of ``night``, ``day`` or ``all`` in hours."""
        return {"day": self.hours, "night": 24.0 - self.hours, "all": 24.0}[phase]

    def phase_end(self, phase: str) -> float:
        """ZT at which ``phase`` of a cage-day is over."""
        return self.hours if phase == "day" else 24.0


@dataclass(frozen=True)
class Schedule:
    """Duty cycling: the first ``record_s`` of every ``period_s`` seconds from lights-on are to be recorded.

    ``within``: another duty cycle that must agree, as when part of what was recorded is analysed.
    """

    record_s: float = 3600.0
    period_s: float = 3600.0
    within: "Schedule | None" = None

    @classmethod
    def of(cls, recording: Recording, sampling: Sampling | None = None) -> "Schedule":
        """The duty cycle that the config describes: of the cameras, and of what is analysed of their videos."""
        cameras = cls(recording.schedule_length_s, recording.schedule_period_s)
        return cameras if sampling is None else cls.of_sampling(sampling, cameras)

    @classmethod
    def of_sampling(cls, sampling: Sampling, cameras: "Schedule | None" = None) -> "Schedule":
        """The duty cycle of the analysis, within the cameras'."""
        if sampling.record_s == sampling.period_s and cameras is not None:
            return cameras
        return cls(sampling.record_s, sampling.period_s, cameras)

    @property
    def duty(self) -> float:
        """Scheduled share of the time."""
        day = 86400.0 if self.within else self.period_s
        return float(self.scheduled_s(np.zeros(1), day)[0] / day)

    def records(self, seconds: float) -> bool:
        """Whether the moment, in seconds since lights-on, is scheduled."""
        return seconds % self.period_s < self.record_s and (self.within is None or self.within.records(seconds))

    def scheduled_s(self, starts: np.ndarray, length_s: float) -> np.ndarray:
        """Scheduled seconds in the intervals ``[start, start + length_s)``; ``starts`` in seconds since lights-on."""
        return self._until(np.asarray(starts) + length_s) - self._until(np.asarray(starts))

    def _until(self, t: np.ndarray) -> np.ndarray:
        """Scheduled seconds from lights-on to ``t``."""
        if self.within is None:
            whole, rest = np.divmod(t, self.period_s)
            return whole * self.record_s + np.minimum(rest, self.record_s)
        # Where both record: the sum over this cycle's stretches of what the other has in them.
        n = np.arange(np.ceil(np.max(t, initial=0.0) / self.period_s) + 1) * self.period_s
        begin = np.minimum(n, np.asarray(t)[..., None])
        end = np.minimum(n + self.record_s, np.asarray(t)[..., None])
        return (self.within._until(end) - self.within._until(begin)).sum(axis=-1)
