"""Gaps are not at random: what if the busiest hours are the ones that are lost?"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from presage.homecage.readings.hourly import to_hourly
from presage.homecage.recordings.zeitgeber import Lights

SHARE = 0.2  # of the cage-days


class Damage(NamedTuple):
    """``hours`` that a damaged cage-day loses: the busiest ones, or ones drawn at random."""

    hours: int
    busiest: bool

    def __str__(self) -> str:
        """As results name it."""
        what = "busiest" if self.busiest else "random"
        return f"{self.hours} {what} h lost on {SHARE:.0%} of days".replace("%", " %")


DAMAGES = (Damage(1, True), Damage(3, True), Damage(6, True), Damage(3, False))


def lose(readings: pd.DataFrame, feature: str, lights: Lights, damage: Damage, seed: int) -> pd.DataFrame:
    """``readings`` (the table, of ``feature`` too) that have lost hours on a :data:`SHARE` of the cage-days.

    Lost is lost: null, with coverage 0. The same cage-days are hit whatever the damage is.
    """
    hours = to_hourly(readings[readings["name"] == feature], lights=lights).dropna(subset="value")
    rng = np.random.default_rng(seed)
    lost = []
    for key, day in hours.groupby(["cage", "date"], sort=True):
        hit, drawn = rng.random() < SHARE, rng.permutation(len(day))
        if hit:
            order = np.argsort(-day["value"].to_numpy(), kind="stable") if damage.busiest else drawn
            lost += [(*key, zt) for zt in day["zt"].to_numpy()[order[: damage.hours]]]
    date, zt = lights.zeitgeber(pd.DatetimeIndex(readings["time_utc"]))
    here = pd.MultiIndex.from_arrays([readings["cage"], pd.to_datetime(date).date, np.floor(zt).astype(int)])
    gone = here.isin(pd.MultiIndex.from_tuples(lost)) if lost else np.zeros(len(readings), bool)
    return readings.assign(
        value=readings["value"].where(~gone), coverage=np.where(gone, 0.0, readings["coverage"].to_numpy())
    )
