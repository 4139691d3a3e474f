"""Why an alarm, as it is shown: the numbers of the ``reasons`` table in words, and the film of the hour to look at."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any

import numpy as np
import pandas as pd

from presage.homecage.readings.spoken import is_share
from presage.report.cages.timeline import with_unit
from presage.report.render import number


@dataclass(frozen=True)
class Reason:
    """One deviation; ``low`` to ``high`` is where the animal's own values lie in health, in the unit of ``feature``."""

    feature: str
    value: float
    usual: float
    low: float
    high: float
    days: str  # over which it was measured
    span: str  # part of the cage-day, in ZT
    oddest: str = ""  # the hour that was oddest
    clip: str = ""  # address of its film below homecage/, made or not
    share: bool = False  # of time, which is shown in per cent

    def shown(self, value: float) -> str:
        """A value as people read it."""
        return f"{100 * value:.0f} %" if self.share else number(value)

    @property
    def when(self) -> str:
        """All about the time."""
        return ", ".join(filter(None, (self.days, self.span, self.oddest)))

    @property
    def side(self) -> str:
        """``below``, ``above`` or ``within`` the own band."""
        return "below" if self.value < self.low else "above" if self.value > self.high else "within"

    @property
    def place(self) -> float:
        """Where the value lies on a scale of 0 to 100 of which the middle half is the band, cut at its ends."""
        share = (self.value - self.low) / ((self.high - self.low) or 1.0)
        return float(np.clip(25 + 50 * share, 2, 98))


@dataclass(frozen=True)
class Reasons:
    """The ``reasons`` table. ``light_hours``: length of the light phase; ``lights_on``: when it begins, local time."""

    table: pd.DataFrame
    light_hours: float = 12.0
    lights_on: time | None = None

    def of(self, alarm: Mapping[Any, Any]) -> list[Reason]:
        """What is behind a row of the ``alarms`` table, the strongest first; nothing behind an urgent check."""
        rows = self.table[(self.table["cage"] == alarm["cage"]) & (self.table["episode"] == alarm["episode"])]
        animal = alarm["animal"]
        rows = rows[rows["animal"] == animal] if isinstance(animal, str) else rows[rows["animal"].isna()]
        return [self._reason(row) for row in rows.sort_values("rank").to_dict("records")]

    def _reason(self, row: Mapping[Any, Any]) -> Reason:
        light = f"{self.light_hours:g}"
        spans = {"night": f"ZT {light} to 24", "day": f"ZT 0 to {light}"}
        return Reason(
            feature=with_unit(row["feature"], row["unit"]),
            value=row["value"],
            usual=row["usual"],
            low=row["band_low"],
            high=row["band_high"],
            days=("" if row["window_days"] == 1 else f"{row['window_days']} days to ") + f"{row['date']:%d %b}",
            span=spans.get(row["feature"].split("_", 1)[0], "ZT 0 to 24"),
            oddest="" if pd.isna(row["zt"]) else f"oddest at {self._clock(int(row['zt']))}",
            clip=row["clip"] if isinstance(row["clip"], str) else "",
            share=is_share(row["feature"]),
        )

    def _clock(self, zt: int) -> str:
        if self.lights_on is None:
            return f"ZT {zt}"
        return f"{(self.lights_on.hour + zt) % 24:02d}:{self.lights_on.minute:02d} (ZT {zt})"
