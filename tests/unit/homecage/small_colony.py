"""A few lines of simulated colony for the tests of this room: daily values with a planted fall."""

import datetime as dt

import numpy as np
import pandas as pd

from presage.config.distress import Detector, FeatureWeight
from presage.homecage.recordings.zeitgeber import Lights
from presage.sheets import Cage

START = dt.date(2026, 3, 1)
LIGHTS = Lights(zone="UTC", on="07:00", off="19:00")
FEATURES = [
    FeatureWeight(name="night_distance", worse="down", scale="log", weight=2.0),
    FeatureWeight(name="night_still_fraction", worse="up", scale="share"),
]
DETECTOR = Detector(features=FEATURES)


def daily(
    cages: int, days: int, seed: int, ill: dict[int, int] | None = None, fall: float = 0.5, cv: float = 0.16
) -> pd.DataFrame:
    """The ``daily`` table of ``cages`` cages; those in ``ill`` {cage: day} fall to ``fall`` of it for 5 days."""
    rng = np.random.default_rng(seed)
    rows = []
    for c in range(cages):
        level = np.exp(rng.normal(6.0, 0.6))
        for d in range(days):
            sick = (ill or {}).get(c, days) <= d < (ill or {}).get(c, days) + 5
            distance = level * np.exp(rng.normal(0.0, cv)) * (fall if sick else 1.0)
            still = np.clip(rng.normal(0.5, 0.04) + (0.15 if sick else 0.0), 0, 1)
            for name, value in (("night_distance", distance), ("night_still_fraction", still)):
                rows.append((f"c{c:03d}", START + dt.timedelta(days=d), name, value))
    table = pd.DataFrame(rows, columns=["cage", "date", "name", "value"])
    end = {d: LIGHTS.utc(d, 24.0) for d in table["date"].unique()}
    return table.assign(
        animal=None, unit="1", coverage=1.0, sampling="s", source="x", end_utc=table["date"].map(end), provisional=False
    )


def cages(count: int, calibrate: int) -> list[Cage]:
    """The first ``calibrate`` of ``count`` cages set the threshold."""
    return [Cage(f"c{i:03d}", role="calibrate" if i < calibrate else "evaluate") for i in range(count)]


def events(ill: dict[int, int], loss_after: int = 4) -> pd.DataFrame:
    """Onset at the first ill day and 5 % weight loss ``loss_after`` days later."""
    rows = []
    for c, day in ill.items():
        date = START + dt.timedelta(days=day)
        rows.append((f"c{c:03d}", LIGHTS.utc(date, 12.0), "onset"))
        rows.append((f"c{c:03d}", LIGHTS.utc(date + dt.timedelta(days=loss_after), 2.0), "weight_loss_5pct"))
    table = pd.DataFrame(rows, columns=["cage", "time_utc", "kind"])
    table["time_utc"] = pd.to_datetime(table["time_utc"], utc=True)
    return table.assign(animal=None, value=None, note=None)
