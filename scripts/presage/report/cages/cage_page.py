"""One page per cage: how it stands, its timeline and actogram, and of each alarm why and the film."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pandas as pd

from presage.report.cages.actogram import Actogram, draw_actogram
from presage.report.cages.films import Film, between
from presage.report.cages.reasons import Reason
from presage.report.cages.timeline import (
    LEFT,
    PANEL,
    PLOT,
    Drawing,
    draw,
    of_animal,
    pick_features,
    simulated_sentence,
    span,
    words,
    zt0,
)
from presage.report.render import render

Explain = Callable[[Mapping[Any, Any]], list[Reason]]


@dataclass(frozen=True)
class Alarm:
    """An alarm as the page shows it; ``row``: of the ``alarms`` table, ``open``: not over on the last day."""

    id: str
    row: Mapping[Any, Any]
    reasons: list[Reason]
    films: list[Film]
    open: bool

    @property
    def wanted(self) -> str:
        """The film of the oddest hour of the strongest deviation, where there is video and none was made yet."""
        return "" if self.films else next((reason.clip for reason in self.reasons if reason.clip), "")


@dataclass(frozen=True)
class Cage:
    """What is known of one cage: rows of the tables of these names, for all its animals.

    ``bands`` maps (animal or None, feature) to the own baseline (:func:`presage.report.cages.timeline.draw`); ``state``
    is how the cage stands on the morning page: (class, word, what to do); ``run`` the name of the run.
    """

    name: str
    daily: pd.DataFrame
    scores: pd.DataFrame
    alarms: pd.DataFrame
    events: pd.DataFrame
    hourly: pd.DataFrame
    quality: pd.DataFrame
    bands: Mapping[tuple[str | None, str], pd.DataFrame] = field(default_factory=dict)
    films: Sequence[Film] = ()
    state: tuple[str, str, str] | None = None
    run: str = ""

    def animals(self) -> list[str | None]:
        """The animals by name, after None where something concerns the cage as a whole."""
        named = sorted({a for a in [*self.scores["animal"], *self.daily["animal"]] if isinstance(a, str)})
        return [*([None] if self.scores["animal"].isna().any() or not named else []), *named]


def file_name(cage: str) -> str:
    """The name of a cage's page; cages of other sensors may have a slash in their name."""
    return cage.replace("%", "%25").replace("/", "%2F") + ".html"


def cage_page(
    cage: Cage,
    features: Sequence[str] = (),
    explain: Explain | None = None,
    simulated: bool | None = None,
    light_hours: float = 12.0,
    open_days: timedelta = timedelta(days=2),
) -> str:
    """The page ``timeline/<cage>.html`` as text, complete in itself.

    ``features`` are drawn in this order (else :func:`pick_features`); ``explain`` gives the reasons of an alarm. Raises
    ``ValueError`` when the cage has neither daily values nor scores.
    """
    if cage.daily.empty and cage.scores.empty:
        raise ValueError(f"cage {cage.name} has no daily values and no scores")
    days = span(cage.daily, cage.scores)
    alarms = cage.alarms.sort_values(["last_date", "first_date"], ascending=False, ignore_index=True)
    alarms = alarms.assign(id=[f"alarm-{i + 1}" for i in range(len(alarms))])
    shown, start = [], zt0(cage.daily, days[0])
    for row in alarms.to_dict("records"):
        ends = [start + pd.Timedelta(days=(day - days[0]).days) for day in (row["first_date"], row["last_date"])]
        reasons = explain(row) if explain else []
        films = between(cage.films, ends[0], ends[1] + pd.Timedelta(days=1))
        shown.append(Alarm(row["id"], row, reasons, films, row["last_date"] >= days[-1] - open_days))
    drawings = [_drawing(cage, alarms, features or pick_features(cage.daily), animal) for animal in cage.animals()]
    actograms = [(animal or "", drawn) for animal in cage.animals()
                 if (drawn := _actogram(cage, alarms, animal, days, light_hours)) is not None]  # fmt: skip
    return render(
        "timeline.html",
        cage=cage.name,
        state=cage.state,
        run=cage.run,
        until=days[-1],
        drawings=drawings,
        actograms=actograms,
        alarms=shown,
        events=cage.events.sort_values("time_utc", ascending=False).to_dict("records"),
        unseen=_unseen(cage),
        simulated=simulated_sentence(simulated),
        words=words,
        panel_height=PANEL,
        left=LEFT,
        plot=PLOT,
    )


def _drawing(cage: Cage, alarms: pd.DataFrame, features: Sequence[str], animal: str | None) -> Drawing:
    events, own = cage.events, {name: band for (who, name), band in cage.bands.items() if who == animal}
    # What concerns the whole cage (a change of bedding, an urgent check) is shown with each of its animals.
    mine = [f if animal is None else f[f["animal"].isna() | (f["animal"] == animal)] for f in (events, alarms)]
    return draw(of_animal(cage.daily, animal), of_animal(cage.scores, animal), mine[0], own, features, animal, mine[1])


def _actogram(
    cage: Cage, alarms: pd.DataFrame, animal: str | None, days: list[date], light_hours: float
) -> Actogram | None:
    on: dict[date, str] = {}
    for row in alarms[::-1].to_dict("records"):
        if animal is None or row["animal"] in (None, animal):
            length = (row["last_date"] - row["first_date"]).days + 1
            on |= {row["first_date"] + timedelta(days=i): row["id"] for i in range(length)}
    return draw_actogram(of_animal(cage.hourly, animal), days[0], days[-1], light_hours, on)


def _unseen(cage: Cage) -> list[tuple[date, str, float | None, str]]:
    """Days that were not judged, newest first: date, why, coverage of the recording, what was wrong with it."""
    measured = {row["date"]: row for row in cage.quality.to_dict("records")}
    flags = cage.scores.groupby("date", as_index=False)[["no_call", "masked"]].any()
    found = []
    for row in flags.sort_values("date", ascending=False).to_dict("records"):
        camera = measured.get(row["date"], {})
        why = "no call" if row["no_call"] else "masked" if row["masked"] else "judged"
        if why != "judged" or camera.get("camera_fault"):
            found.append((row["date"], why, camera.get("coverage"), camera.get("reason") or ""))
    return found
