"""The morning page: every cage as a tile, the neediest first, and what could not be judged in plain sight."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd

from presage import tables
from presage.config.report import Report
from presage.report.bands import detector_cards, drawn_features, own_bands
from presage.report.render import number, render
from presage.report.run import Run
from presage.report.timeline import simulated_sentence, timeline_page, yes

# state -> (rank, word, what to do); a camera fault hides an animal as a disease does, so it comes before quiet.
OPEN = timedelta(days=2)  # quiet days that an episode bridges
STATES = {
    "urgent": (0, "Urgent", "Check now"),
    "check": (1, "Check", "Look at this cage today"),
    "watch": (2, "Watch", "Look again tomorrow"),
    "camera_fault": (3, "Camera fault", "Look at the camera: it is no sign of a sick mouse"),
    "seen": (4, "Acknowledged", "Somebody has looked; the alarm is still open"),
    "no_call": (5, "No call", "Too little was seen to judge"),
    "masked": (6, "Masked", "Not judged: a husbandry event took the day's evidence"),
    "warm_up": (7, "Warming up", "The own baseline is not there yet"),
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
    explanation: str
    animals: int
    spark: str
    level_y: float
    dots: list[tuple[float, float]]
    gaps: list[float]


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


def _acknowledgement(events: pd.DataFrame, open_alarms: pd.DataFrame) -> str | None:
    """What the last acknowledgement says, when it came after the decision of every open alarm."""
    notes = events[events["kind"] == "acknowledged"].sort_values("time_utc")
    if notes.empty or open_alarms.empty or notes["time_utc"].iloc[-1] < open_alarms["decision_utc"].max():
        return None
    last = notes.iloc[-1]
    note = f": {last['note']}" if isinstance(last["note"], str) and last["note"] else ""
    return f"Seen on {last['time_utc']:%Y-%m-%d %H:%M} UTC{note}"


def _spark(scores: pd.DataFrame, last: date, days: int) -> tuple[str, float, list[tuple[float, float]], list[float]]:
    """The cage's worst score of each of the last ``days`` days in a 100 x 30 box: line, threshold, alarm dots, gaps."""
    window = [last - timedelta(days=days - 1 - i) for i in range(days)]
    daily = scores.groupby("date").agg(score=("score", "max"), threshold=("threshold", "last"), alarm=("alarm", "any"))
    daily = daily.reindex(window)
    values, threshold = daily["score"].to_numpy(float), daily["threshold"].to_numpy(float)
    finite = np.concatenate([values[np.isfinite(values)], threshold[np.isfinite(threshold)], [0.0]])
    low, high = float(finite.min()), float(finite.max()) or 1.0
    x = 2 + 96 * np.arange(days) / max(days - 1, 1)
    y = 28 - 26 * (values - low) / ((high - low) or 1.0)
    level = threshold[np.isfinite(threshold)]
    level_y = 28 - 26 * (float(level[-1]) - low) / ((high - low) or 1.0) if level.size else -9.0
    path, pen = "", "M"
    for a, b in zip(x, y):
        path, pen = (path + f"{pen}{a:.1f} {b:.1f}", "L") if np.isfinite(b) else (path, "M")
    dots = [(float(a), float(b)) for a, b, on in zip(x, y, daily["alarm"]) if yes(on) and np.isfinite(b)]
    gaps = [float(a) for a, b in zip(x, y) if not np.isfinite(b)]
    return path, level_y, dots, gaps


def tiles(
    scores: pd.DataFrame,
    alarms: pd.DataFrame,
    events: pd.DataFrame,
    days: int = 14,
    quality: pd.DataFrame | None = None,
) -> list[Tile]:
    """One tile per cage, the neediest first, then by score over threshold.

    ``scores``: table ``distress_scores``; ``alarms``, ``events``, ``quality``: tables of those names. An alarm stays
    open for two quiet days, after which a new one would be a new episode. A camera is at fault by the events sheet, or
    by what was measured of its recording. Nothing depends on today's date: the page shows the state at the end of the
    recording.
    """
    found = []
    measured = tables.empty("quality") if quality is None else quality
    measured = measured[measured["camera_fault"].astype(bool)]
    for cage, rows in scores.groupby("cage", sort=True):
        last = rows["date"].max()
        latest = rows[rows["date"] == last]
        open_alarms = alarms[(alarms["cage"] == cage) & (alarms["last_date"] >= last - OPEN)]
        until = latest["decision_utc"].max()
        recent = events["time_utc"].between(until - pd.Timedelta(days=2), until)
        faults = events[(events["cage"] == cage) & (events["kind"] == "camera_fault") & recent]
        broken = measured[(measured["cage"] == cage) & (measured["date"] > last - OPEN) & (measured["date"] <= last)]
        state = _state(latest, open_alarms, len(faults) + len(broken) > 0)
        seen = _acknowledgement(events[events["cage"] == cage], open_alarms)
        if seen is not None and state in ("urgent", "check", "watch"):
            state = "seen"
        worst = latest.sort_values("score", na_position="first").iloc[-1]
        why = [*open_alarms["explanation"], *latest.loc[latest["alarm"], "explanation"]]
        why += broken["reason"].tolist()[::-1] if state == "camera_fault" else []
        why = [seen, *why] if seen is not None and state == "seen" else why
        spark, level_y, dots, gaps = _spark(rows, last, days)
        score = None if pd.isna(worst["score"]) else float(worst["score"])
        _, word, action = STATES[state]
        found.append(
            Tile(str(cage), state, word, action, f"timeline/{quote(str(cage), safe='')}.html", last, score,
                 float(worst["threshold"]), next((w for w in why if isinstance(w, str)), ""),
                 int(latest["animal"].nunique()), spark, level_y, dots, gaps)
        )  # fmt: skip
    found.sort(key=lambda t: (STATES[t.state][0], -((t.score or 0.0) - t.threshold), t.cage))
    return found


def morning_page(
    scores: pd.DataFrame,
    alarms: pd.DataFrame,
    events: pd.DataFrame,
    title: str = "",
    simulated: bool | None = None,
    days: int = 14,
    quality: pd.DataFrame | None = None,
) -> str:
    """The page ``morning.html`` as text, complete in itself; each tile links to ``timeline/<cage>.html`` beside it."""
    found = tiles(scores, alarms, events, days, quality)
    counts = {state: sum(t.state == state for t in found) for state in STATES}
    budgets = sorted(set(alarms["budget"]))
    until = max((t.day for t in found), default=None)
    return render("morning.html", tiles=found, counts=counts, states=STATES, title=title, until=until, days=days,
                  budget=", ".join(number(b) for b in budgets), simulated=simulated_sentence(simulated))  # fmt: skip


def write_morning(
    run: Run, page: str | Path, timelines: str | Path, settings: Report, simulated: bool | None = None
) -> None:
    """Write ``morning.html`` to ``page`` and one page per cage into the folder ``timelines``."""
    scores, alarms, daily, events = run.table("distress"), run.table("alarms"), run.table("daily"), run.events
    simulated = run.simulated("homecage") if simulated is None else simulated
    title = settings.title or run.name
    text = morning_page(scores, alarms, events, title, simulated, settings.morning_days, run.optional("quality"))
    Path(page).write_text(text, encoding="utf-8")
    Path(timelines).mkdir(parents=True, exist_ok=True)
    cards = detector_cards(run)
    bands, features = own_bands(daily, scores, events, cards), drawn_features(cards)
    for cage, mine in scores.groupby("cage", sort=True):
        own = bands.get(str(cage), {})
        text = timeline_page(str(cage), daily, mine, alarms, events, own, features, simulated)
        Path(timelines, f"{cage}.html").write_text(text, encoding="utf-8")
