"""What is written down of every cage: events and weights for everyone, the truth for those who check."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from presage import tables
from presage.config.vivarium import Vivarium
from presage.worlds.vivarium import household, sensors
from presage.worlds.vivarium.clock import Clock
from presage.worlds.vivarium.household import Household

README = """\
# Truth of the simulated vivarium

Everything here is simulated; nothing outside `truth/` repeats it.

* `events.parquet` (events table): `onset` of illness (value: peak severity). A cage without one stays healthy.
* `technician.parquet` (events table): what technicians so many times as attentive (value) as ours would have noted
  first in each cage. `events.tsv` has the notes of the one with value 1.
* `course.parquet` (readings table, one value an animal and cage-day): `severity` (1 = as deep as DSS colitis on its
  fifth day), `activity_factor`, `weight_factor`, each the mean over the day.
* `mice.tsv`: what is constant about each animal; `onset`, and `loss_5pct`, when illness itself has taken 5 % of the
  weight, without the noise of days and scales (times in UTC).
* `cameras.tsv`: px per cm, frame rate, schedule and true place of the nest (px) of each video cage.
* `pose/<cage>/<date>.parquet` (pose table): true body parts in the rendered videos; likelihood 0 = under nest material.
"""

MOUSE_COLUMNS = ("strain", "level", "night_cv", "length_cm", "weight_g", "nest_loyalty", "burrowing")


class Records:
    """Collects cage by cage, so that no cage's minutes need to be kept; :meth:`write` leaves the files."""

    def __init__(self, settings: Vivarium, seed: int) -> None:
        self.settings, self.seed = settings, seed
        self.events: list[tuple[Any, ...]] = []  # rows of the events table
        self.truth: list[tuple[Any, ...]] = []
        self.technicians: list[tuple[Any, ...]] = []
        self.weights: list[tuple[Any, ...]] = []
        self.mice: list[dict[str, Any]] = []
        self.course: list[pd.DataFrame] = []

    def add(self, home: Household) -> None:
        """Write down one cage."""
        cage, clock = home.plan.cage, home.clock
        self.events += _timed(household.events(home, self.settings.technician, self.seed), clock)
        self.truth += _timed(household.onsets(home), clock)
        for factor in self.settings.technician_sweep:
            notes = _timed(household.technician_note(home, self.settings.technician, self.seed, factor), clock)
            self.technicians += [(*row[:4], factor, *row[5:]) for row in notes]
        for k, (mouse, course) in enumerate(zip(home.mice, home.courses, strict=True)):
            animal = home.animal(k)
            for minute, grams in zip(home.care.weighings, home.weights[k], strict=True):
                if minute <= home.end:
                    self.weights.append((cage, animal or "", clock.utc(minute).isoformat(), f"{grams:.2f}"))
            constants = {name: getattr(mouse, name) for name in MOUSE_COLUMNS}
            when = {"onset": course.onset, "loss_5pct": household.crossing(course)}
            times = {k: None if minute is None else clock.utc(minute).isoformat() for k, minute in when.items()}
            self.mice.append({"cage": cage, "animal": animal, **constants, **times})
            self.course += _course(home, k)

    def write(self, out: Path) -> None:
        """Write ``events.tsv``, ``weights.tsv`` and ``truth/`` under ``out``."""
        truth, note = out / "truth", {"simulated": True, "seed": self.seed}
        truth.mkdir(parents=True, exist_ok=True)
        (truth / "README.md").write_text(README, encoding="utf-8")
        events = _frame(self.events).astype({"time_utc": object})
        events["time_utc"] = [t.isoformat() for t in events["time_utc"]]
        write_tsv(out / "events.tsv", events)
        write_tsv(out / "weights.tsv", pd.DataFrame(self.weights, columns=["cage", "animal", "time_utc", "weight_g"]))
        tables.write(truth / "events.parquet", "events", _frame(self.truth), note)
        tables.write(truth / "technician.parquet", "events", _frame(self.technicians), note)
        tables.write(truth / "course.parquet", "readings", pd.concat(self.course, ignore_index=True), note)
        write_tsv(truth / "mice.tsv", pd.DataFrame(self.mice).round(4))


def write_tsv(path: Path, table: pd.DataFrame) -> None:
    """A sheet: tab-separated, with a header, nothing for what is not known."""
    table.to_csv(path, sep="\t", index=False, lineterminator="\n")


def _timed(rows: list[household.Event], clock: Clock) -> list[tuple[Any, ...]]:
    """Event rows with their minute as a UTC time."""
    return [(cage, animal, clock.utc(minute), *rest) for cage, animal, minute, *rest in rows]


def _frame(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    """Event rows as the events table, in the order of time."""
    frame = pd.DataFrame(rows, columns=tables.SCHEMAS["events"].names).astype({"value": float})
    return frame.sort_values(["time_utc", "cage", "kind"], kind="stable", ignore_index=True)


def _course(home: Household, k: int) -> list[pd.DataFrame]:
    """Daily means of an animal's illness as ``readings`` rows."""
    clock, course = home.clock, home.courses[k]
    starts = [clock.utc(minute) for minute in clock.zt0[:-1]]
    named = {"severity": course.severity, "activity_factor": course.activity, "weight_factor": course.weight}
    return [
        sensors.rows(home.plan.cage, home.animal(k), starts, name, _per_day(values, clock), "1", 86400.0)
        for name, values in named.items()
    ]


def _per_day(values: np.ndarray, clock: Clock) -> np.ndarray:
    return np.add.reduceat(values.astype(float), clock.zt0[:-1]) / np.diff(clock.zt0)
