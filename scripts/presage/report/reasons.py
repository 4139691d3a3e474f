"""Why an alarm: what left the animal's own baseline on its worst day, by how much, and at what time of the day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from presage.report.bands import Bands
from presage.report.timeline import of_animal, with_unit

MOST = 3  # deviations that are shown of one alarm


@dataclass(frozen=True)
class Reason:
    """One feature on the worst day; ``low`` and ``high`` are the own baseline, in the unit of ``feature``'s name."""

    feature: str
    value: float
    low: float
    high: float
    when: str

    @property
    def side(self) -> str:
        """``below``, ``above`` or ``within`` the own baseline."""
        return "below" if self.value < self.low else "above" if self.value > self.high else "within"

    @property
    def place(self) -> float:
        """Where the value lies on a scale of 0 to 100 of which the middle half is the baseline, cut at its ends."""
        share = (self.value - self.low) / ((self.high - self.low) or 1.0)
        return float(np.clip(25 + 50 * share, 2, 98))


@dataclass(frozen=True)
class Reasons:
    """Explains alarms from daily values, bands of the own baseline and scores of all cages.

    ``light_hours``: length of the light phase; features in the order of the detector's.
    """

    daily: pd.DataFrame
    scores: pd.DataFrame
    bands: Bands
    features: Sequence[str]
    light_hours: float = 12.0

    def of(self, alarm: Mapping[Any, Any]) -> list[Reason]:
        """The strongest deviations behind a row of the ``alarms`` table; none behind an urgent check."""
        animal = alarm["animal"] if isinstance(alarm["animal"], str) else None
        day = self.worst_day(alarm)
        if day is None:
            return []
        mine = of_animal(self.daily[self.daily["cage"] == alarm["cage"]], animal)
        mine = mine[(mine["date"] == day) & mine["value"].notna()].drop_duplicates("name", keep="last")
        own, found = self.bands.get(str(alarm["cage"]), {}), []
        for row in mine[mine["name"].isin(self.features)].to_dict("records"):
            band = own.get((animal, row["name"]))
            if band is None or day not in band.index:
                continue
            low, high = (float(band[end].to_dict()[day]) for end in ("low", "high"))
            reason = Reason(with_unit(row["name"], row["unit"]), row["value"], low, high, self.hours(row["name"]))
            said = str(alarm["explanation"]).find(row["name"].replace("_", " "))
            if said >= 0 or reason.side != "within":
                found.append(((said < 0, said, -abs(reason.place - 50)), reason))
        return [reason for _, reason in sorted(found, key=lambda pair: pair[0])][:MOST]

    def worst_day(self, alarm: Mapping[Any, Any]) -> date | None:
        """The day of the episode with the highest score: that of its explanation. None for an urgent check."""
        animal = alarm["animal"] if isinstance(alarm["animal"], str) else None
        rows = of_animal(self.scores[self.scores["cage"] == alarm["cage"]], animal)
        rows = rows[rows["date"].between(alarm["first_date"], alarm["last_date"]) & rows["score"].notna()]
        if alarm["level"] == "urgent" or rows.empty:
            return None
        return rows["date"].tolist()[int(rows["score"].to_numpy().argmax())]

    def hours(self, feature: str) -> str:
        """When in the cage-day ``feature`` is measured: ``ZT 12 to 24`` of one by night."""
        light = f"{self.light_hours:g}"
        spans = {"night": f"ZT {light} to 24", "day": f"ZT 0 to {light}"}
        return spans.get(feature.split("_", 1)[0], "ZT 0 to 24")
