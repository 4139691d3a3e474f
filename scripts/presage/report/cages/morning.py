"""The morning page: every cage as a tile, the neediest first, and what could not be judged in plain sight."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, time, timedelta, tzinfo
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd

from presage import tables
from presage.config.report import Report
from presage.homecage.readings.derived_events import LOSSES
from presage.report.cages.bands import detector_cards, drawn_features, own_bands
from presage.report.cages.cage_page import Cage, Explain, cage_page, file_name
from presage.report.cages.course import Spark, spark, trend
from presage.report.cages.films import Film, between, films
from presage.report.cages.reasons import Reason, Reasons
from presage.report.cages.timeline import simulated_sentence, words
from presage.report.render import moment, number, render
from presage.report.run import Run
from presage.report.warn import recorded

OPEN = timedelta(days=2)  # quiet days that an episode bridges
# Who looks between the end of a cage-day and its decision has seen that day; who looks days after it, a later one, or
# the date is a slip of the pen.
DECIDING = timedelta(hours=2)
MEASURED = timedelta(days=7)  # how long a loss that a scale or a thermometer told keeps a cage in sight
# Events that make a healthy animal behave oddly, or that hide it.
_CAUSES = ("cage_change", "weighing", "treatment", "camera_fault", "light_fault")
TRENDS = ("rising", "steady", "falling")
# state -> (rank, word, what to do); a camera fault hides an animal as a disease does, so it comes before quiet.
STATES = {
    "urgent": (0, "Urgent", "Check now"),
    "check": (1, "Check", "Look at this cage today"),
    "watch": (2, "Watch", "Look again tomorrow"),
    "camera_fault": (3, "Camera fault", "Look at the camera: it is no sign of a sick mouse"),
    "seen": (4, "Acknowledged", "Somebody has looked; the alarm is still open"),
    "no_call": (5, "No call", "Too little was seen to judge"),
    "masked": (6, "Masked", "Not judged: a husbandry event took the day's evidence"),
    "warm_up": (7, "Warming up", "Not judged yet: the own baseline, or the first model, needs more days"),
    "quiet": (8, "Quiet", "Nothing unusual"),
}


@dataclass
class Tile:
    """One cage as it stands on its last day."""

    cage: str
    state: str
    word: str
    action: str
    link: str
    day: date
    score: float | None
    threshold: float
    said: list[str]  # sentences, the most pressing first
    animals: int
    spark: Spark = field(default_factory=Spark)
    trend: str = ""
    since: str = ""  # how long there has been an alarm, and what fell into its beginning
    reasons: list[Reason] = field(default_factory=list)
    films: list[Film] = field(default_factory=list)
    measured: list[str] = field(default_factory=list)
    calibrates: bool = False

    @property
    def explanation(self) -> str:
        """The most pressing sentence."""
        return next(iter(self.said), "")

    @property
    def excess(self) -> float:
        """Score over threshold; a cage without a score counts as one with score 0."""
        return (self.score or 0.0) - (self.threshold if np.isfinite(self.threshold) else 0.0)

    @property
    def need(self) -> tuple[int, int, float, str]:
        """Sorts the neediest first: by state, rising before steady before falling, far over the threshold first."""
        trend = TRENDS.index(self.trend or "steady")
        return STATES[self.state][0], trend, -self.excess, self.cage


def _state(latest: pd.DataFrame, open_alarms: pd.DataFrame, fault: bool) -> str:
    """The worst state among the animals of one cage on its last day."""
    today = open_alarms[open_alarms["last_date"] >= latest["date"].max()]
    levels = [level for level in ("urgent", "check", "watch") if (today["level"] == level).any()]
    if levels:
        return levels[0]
    if latest["alarm"].any():
        return "check"
    if latest["no_call"].any():
        return "camera_fault" if fault else "no_call"
    if len(open_alarms):
        return "watch"
    if fault:  # judged, but for how long?
        return "camera_fault"
    return next((state for state in ("masked", "warm_up") if latest[state].all()), "quiet")


def _measured(events: pd.DataFrame, until: pd.Timestamp, looked: pd.Timestamp) -> list[str]:
    """The last that scale and thermometer told of each animal in the week before ``until``, where nobody has
    ``looked`` since; newest first."""
    told = events[events["kind"].isin([*LOSSES, "temperature_fall"]) & (events["time_utc"] > until - MEASURED)]
    told = told[(told["time_utc"] <= until) & ~(told["time_utc"] <= looked)]
    told = told.assign(weight=told["kind"].isin(list(LOSSES))).sort_values(["time_utc", "value"], na_position="first")
    return [_in_words(row) for row in told.drop_duplicates(["animal", "weight"], keep="last")[::-1].to_dict("records")]


def _in_words(event: Mapping[Any, Any]) -> str:
    who = f" ({event['animal']})" if isinstance(event["animal"], str) else ""
    value, kind = float("nan" if event["value"] is None else event["value"]), words(event["kind"])
    if event["kind"] in LOSSES and 0 < value < 1:  # a sheet may hold something else there, or nothing
        kind = f"{100 * value:.0f} % of its weight lost"
    elif event["kind"] not in LOSSES and np.isfinite(value):
        kind = f"{value:.1f} degrees colder"
    return f"Measured{who}: {kind}, {event['time_utc']:%Y-%m-%d}"


def _said(open_alarms: pd.DataFrame, latest: pd.DataFrame) -> list[str]:
    """What the last day says of an alarm; then what open alarms say: of one that was over before, when it was."""
    today = latest.loc[latest["alarm"], "explanation"]
    found, last = [text for text in today if isinstance(text, str)], latest["date"].max()
    for alarm in open_alarms.to_dict("records"):
        text = str(alarm["explanation"])
        if alarm["last_date"] < last and alarm["score"] is not None and np.isfinite(alarm["score"]):
            days = _days(alarm["first_date"], alarm["last_date"])
            text = f"Alarm of {days} ({number(alarm['score'])} over {number(alarm['threshold'])}), none since: {text}"
        if alarm["level"] == "urgent":
            found.insert(0, text)
        elif alarm["last_date"] < last or not found:
            found.append(text)
    return list(dict.fromkeys(found))


def _days(first: date, last: date) -> str:
    return f"{last:%d %b}" if first == last else f"{first:%d %b} to {last:%d %b}"


def _since(rows: pd.DataFrame, open_alarms: pd.DataFrame, events: pd.DataFrame) -> str:
    """Since when a cage has had an alarm, and what its beginning may have to do with."""
    scored = open_alarms[open_alarms["level"] != "urgent"]
    if scored.empty:
        return ""
    first = scored["first_date"].min()
    judged = rows.loc[rows["score"].notna(), "date"]
    begun = scored.loc[scored["first_date"] == first, "decision_utc"].min()
    told = [f"Alarm since the cage-day of {first:%d %b}, known on {begun:%d %b %H:%M}"]
    if len(judged) and first <= judged.min():
        told.append("the first day that could be judged: it may have begun before")
    near = events["time_utc"].between(begun - pd.Timedelta(days=2), begun)
    for event in events[near & events["kind"].isin(_CAUSES)].sort_values("time_utc").to_dict("records"):
        told.append(f"{words(event['kind'])} at {event['time_utc']:%d %b %H:%M}")
    return "; ".join(told)


def _acknowledgement(rows: pd.DataFrame, notes: pd.DataFrame, open_alarms: pd.DataFrame) -> tuple[str, bool] | None:
    """What the last of the acknowledgements ``notes`` says, when it came after the cage-days of every open alarm, and
    whether an animal has been worse since than it had been in the alarm before."""
    if notes.empty or open_alarms.empty:
        return None
    last = notes.iloc[-1]
    urgent = open_alarms["level"] == "urgent"  # decided while it goes on
    if (last["time_utc"] < open_alarms["decision_utc"].where(urgent, open_alarms["decision_utc"] - DECIDING)).any():
        return None
    note = f": {last['note']}" if isinstance(last["note"], str) and last["note"] else ""
    own = rows[rows["alarm"].astype(bool) & (rows["date"] >= open_alarms["first_date"].min())]
    own = own.assign(after=own["decision_utc"] - DECIDING > last["time_utc"], animal=own["animal"].fillna(""))
    worst = own.groupby(["animal", "after"])["score"].max().unstack("after").reindex(columns=[False, True])
    return f"Seen on {moment(last['time_utc'])}{note}", bool((worst[True] > worst[False]).any())


@dataclass(frozen=True)
class Wall:
    """The tables that the tiles are made from; ``explain`` gives an alarm's reasons, ``films`` the films of a cage.

    An alarm stays open for two quiet days, after which a new one would be a new episode. A camera is at fault by the
    events sheet, or by what was measured of its recording. Nothing depends on today's date: the page shows the state at
    the end of the recording. ``cages`` are those of the cage sheet: one without any day gets a tile that says so;
    ``calibrating`` are those of them that set the thresholds; ``guessed``: these are a guess, so nobody knows how
    strong an alarm is.
    """

    scores: pd.DataFrame
    alarms: pd.DataFrame
    events: pd.DataFrame
    quality: pd.DataFrame = field(default_factory=lambda: tables.empty("quality"))
    explain: Explain | None = None
    films: dict[str, list[Film]] = field(default_factory=dict)
    cages: Sequence[str] = ()
    calibrating: Collection[str] = ()
    guessed: bool = False

    @property
    def until(self) -> date:
        """The last day of any cage: one that ends before it is no longer seen, which is not the same as quiet."""
        return self.scores["date"].max()

    def tiles(self, days: int = 14) -> list[Tile]:
        """One tile per cage, the neediest first, with the score of the last ``days`` days."""
        found = [self._tile(str(cage), rows, days) for cage, rows in self.scores.groupby("cage", sort=True)]
        if found:
            found += [_never_seen(cage, self.until) for cage in sorted({*self.cages} - {tile.cage for tile in found})]
        return sorted(found, key=lambda tile: tile.need)

    def _tile(self, cage: str, rows: pd.DataFrame, days: int) -> Tile:
        last = rows["date"].max()
        latest = rows[rows["date"] == last]
        open_alarms = self.alarms[(self.alarms["cage"] == cage) & (self.alarms["last_date"] >= last - OPEN)]
        until = latest["decision_utc"].max()
        events = self.events[self.events["cage"] == cage]
        recent = events["time_utc"].between(until - pd.Timedelta(days=2), until)
        faults = events[(events["kind"] == "camera_fault") & recent]
        measured = self.quality[(self.quality["cage"] == cage) & self.quality["camera_fault"].astype(bool)]
        broken = measured[(measured["date"] > last - OPEN) & (measured["date"] <= last)]
        state = _state(latest, open_alarms, len(faults) + len(broken) > 0)
        if last < self.until and state in ("masked", "warm_up", "quiet"):
            state = "no_call"
        notes = events[(events["kind"] == "acknowledged") & (events["time_utc"] <= until + OPEN)].sort_values(
            "time_utc"
        )
        told = _measured(events, until, notes["time_utc"].max())
        seen, worse = _acknowledgement(rows, notes, open_alarms) or ("", False)
        if seen and not worse and state in ("urgent", "check", "watch"):
            state = "seen"
        if told and state != "urgent":  # an animal that loses weight is no quiet one, whatever it does
            state = "check"
        worst = latest.sort_values("score", na_position="first").iloc[-1]
        why = _said(open_alarms, latest)
        why += broken["reason"].tolist()[::-1] if state == "camera_fault" else []
        if seen and (worse or state == "seen"):
            why = [f"Worse than when it was seen. {seen}" if worse else seen, *why]
        unseen = last < self.until
        why = [f"Nothing was recorded after {last}", *why] if unseen else why
        _, word, action = STATES[state]
        if state == "watch" and (worse or unseen or self.guessed):
            action = "Look at this cage today" + (": how strong an alarm is cannot be told yet" if self.guessed else "")
        alarms = open_alarms.to_dict("records")
        reasons = next((r for alarm in alarms if self.explain and (r := self.explain(alarm))), [])
        return Tile(
            cage=cage,
            state=state,
            word=word,
            action=action,
            link=f"timeline/{quote(file_name(cage))}",
            day=last,
            score=None if pd.isna(worst["score"]) else float(worst["score"]),
            threshold=float(worst["threshold"]),
            said=[text for text in why if isinstance(text, str)],
            measured=told,
            animals=int(latest["animal"].nunique()),
            spark=spark(rows, last, days),
            trend=trend(rows, last),
            since=_since(rows, open_alarms, events),
            reasons=[reason for reason in reasons if reason.side != "within"][:2],
            films=self._films(cage, open_alarms, until),
            calibrates=cage in self.calibrating,
        )

    def _films(self, cage: str, open_alarms: pd.DataFrame, until: pd.Timestamp) -> list[Film]:
        """Films of the open alarms: from the night before the first was decided."""
        if open_alarms.empty:
            return []
        return between(self.films.get(cage, []), open_alarms["decision_utc"].min() - pd.Timedelta(days=1), until)


def _never_seen(cage: str, until: date) -> Tile:
    _, word, action = STATES["no_call"]
    why = "In the cage sheet, but without a day that could be summarised: look at its recordings"
    return Tile(cage, "no_call", word, action, "", until, None, float("nan"), [why], 0)


def _doubt(card: Mapping[str, Any], alarms: pd.DataFrame) -> str:
    """A sentence where the newest model could only guess the threshold of a budget that alarms were raised by."""
    guessed = {float(budget) for budget in card.get("extrapolated_budgets", ())} & set(alarms["budget"])
    if not guessed:
        return ""
    months = number(float(card["calibration_months"]))
    return f"That is a guess: the cages that set the threshold had {months} healthy cage-months in all."


def morning_page(
    wall: Wall,
    title: str = "",
    simulated: bool | None = None,
    days: int = 14,
    found: Sequence[Tile] | None = None,
    doubt: str = "",
    warned: Sequence[str] = (),
) -> str:
    """The page ``morning.html`` as text, complete in itself; each tile links to ``timeline/<cage>.html`` beside it.

    ``doubt`` follows what is said of the budget; ``warned``: sentences that concern all cages.
    """
    found = wall.tiles(days) if found is None else found
    counts = {state: sum(t.state == state for t in found) for state in STATES}
    budgets = sorted(set(wall.alarms["budget"]))
    until = max((t.day for t in found), default=None)
    return render(
        "morning.html",
        tiles=found,
        counts=counts,
        states=STATES,
        title=title,
        until=until,
        days=days,
        budget=", ".join(number(b) for b in budgets),
        doubt=doubt,
        warned=warned,
        simulated=simulated_sentence(simulated),
    )


def write_morning(
    run: Run,
    page: str | Path,
    timelines: str | Path,
    settings: Report,
    simulated: bool | None = None,
    light_hours: float = 12.0,
    cages: Sequence[str] = (),
    calibrating: Collection[str] = (),
    zone: tzinfo = UTC,
    lights_on: time | None = None,
) -> None:
    """Write ``morning.html`` to ``page`` and one page per cage into the folder ``timelines``.

    ``light_hours``: length of the light phase; ``cages``: names in the cage sheet; ``calibrating``: those of them that
    set the thresholds; ``zone``: that of the facility, in which times are shown, and ``lights_on`` there.
    """
    scores, alarms, daily, events = run.table("distress"), run.table("alarms"), run.table("daily"), run.events
    simulated = run.simulated("homecage") if simulated is None else simulated
    cards = detector_cards(run)
    bands, features = own_bands(daily, scores, events, cards), drawn_features(cards)
    explain = Reasons(_or_empty(run, "reasons"), light_hours, lights_on).of
    # From here on times are what people read.
    events = events.assign(time_utc=events["time_utc"].dt.tz_convert(zone))
    alarms = alarms.assign(decision_utc=alarms["decision_utc"].dt.tz_convert(zone))
    tables_of = {name: _or_empty(run, name) for name in ("quality", "hourly")}
    made = films(run.folder, zone)
    doubt = _doubt(cards[-1] if cards else {}, alarms)
    wall = Wall(scores, alarms, events, tables_of["quality"], explain, made, cages, calibrating, bool(doubt))
    found = wall.tiles(settings.morning_days)
    warned = recorded(run, light_hours)
    text = morning_page(wall, settings.title or run.name, simulated, settings.morning_days, found, doubt, warned)
    Path(page).write_text(text, encoding="utf-8")
    Path(timelines).mkdir(parents=True, exist_ok=True)
    all_tables = {"daily": daily, "scores": scores, "alarms": alarms, "events": events, **tables_of}
    by_cage = {name: dict(iter(table.groupby("cage"))) for name, table in all_tables.items()}
    for tile in found:
        if not tile.link:
            continue
        own = {name: parts.get(tile.cage, all_tables[name][:0]) for name, parts in by_cage.items()}
        state = (tile.state, tile.word, tile.action)
        cage = Cage(
            tile.cage, **own, bands=bands.get(tile.cage, {}), films=made.get(tile.cage, ()), state=state, run=run.name
        )
        text = cage_page(cage, features, explain, simulated, light_hours, OPEN)
        Path(timelines, file_name(tile.cage)).write_text(text, encoding="utf-8")


def _or_empty(run: Run, name: str) -> pd.DataFrame:
    found = run.optional(name)
    return tables.empty(name) if found is None else found
