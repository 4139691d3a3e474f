"""The timeline of a cage as inline SVG: score, daily features on the own baseline, weights, alarms and events."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pandas as pd

from presage.homecage.readings.spoken import spoken
from presage.report.render import moment, number

LEFT, RIGHT, PANEL, GAP, PLOT = 64, 16, 78, 30, 880  # px; the drawing scales to the page's width
QUIET_KINDS = ("cage_change", "weighing")  # routine: a tick, no label
WEIGHTS = ("all_weight", "all_weight_percent", "day_weight")  # names of a scale's readings, the whole day's first
_SPOKEN = {
    "all_weight": "weight",
    "all_weight_percent": "weight",
    "weight_loss_5pct": "5 % weight loss",
    "weight_loss_10pct": "10 % weight loss",
    "onset": "true onset",
    "technician_note": "seen by technician",
}


@dataclass
class Panel:
    """One small plot: all lists are in drawing units (px, y down) and ready to be written out."""

    title: str
    top: float
    ticks: list[tuple[float, str]]
    band: str = ""
    lines: list[str] = field(default_factory=list)
    points: list[tuple[float, float, str, str]] = field(default_factory=list)  # x, y, class, words
    level: str = ""  # path of the threshold, a step for each day
    level_word: tuple[float, str] | None = None  # y, words


@dataclass
class Drawing:
    """The stacked panels of one animal (or of the cage as a whole) with what runs through all of them."""

    animal: str
    width: float
    height: float
    panels: list[Panel]
    days: list[tuple[float, str]]
    shades: list[tuple[float, float, str, str]]  # x, width, class, words
    events: list[tuple[float, float, str, str, str]]  # x, label's y, class, words, anchor of the label (empty: none)
    alarms: list[tuple[float, float, str, str, str]]  # x, width, level, id, words
    summary: str
    judged: bool


def words(name: str) -> str:
    """A feature or event name as read aloud: ``night_distance`` -> ``distance at night``."""
    return _SPOKEN.get(name) or spoken(name)


def with_unit(name: str, unit: str) -> str:
    """A feature's name with its unit in brackets; a share has none."""
    shown = words(name)[:1].upper() + words(name)[1:]
    return f"{shown} ({unit})" if unit not in ("", "1") else shown


def zt0(daily: pd.DataFrame, first: date) -> pd.Timestamp:
    """UTC time at which the cage-day ``first`` began, from the ends of the data windows; else midnight."""
    whole = daily[daily["name"].str.startswith(("night_", "all_"))]  # a light phase ends before its cage-day
    if whole.empty:
        return pd.Timestamp(first, tz="UTC")
    since = pd.to_timedelta([(day - first).days + 1 for day in whole["date"]], unit="D")
    began = whole["end_utc"] - since
    return began.median()


def pick_features(daily: pd.DataFrame, limit: int = 5) -> list[str]:
    """The features to draw when nobody says which: the active phase first, at most ``limit``, in alphabetical order."""
    names = sorted(daily["name"].unique(), key=lambda name: (not name.startswith("night_"), name))
    return names[:limit]


def of_animal(frame: pd.DataFrame, animal: str | None) -> pd.DataFrame:
    """The rows of one animal; those of the cage as a whole for None."""
    return frame[frame["animal"].isna()] if animal is None else frame[frame["animal"] == animal]


def yes(value: object) -> bool:
    """Whether a cell is true; a day that is not in the table is not."""
    return isinstance(value, (bool, np.bool_)) and bool(value)


def _runs(values: np.ndarray) -> list[np.ndarray]:
    """Index runs of consecutive finite values: a missing day is a gap in the line, never a bridge."""
    finite = np.flatnonzero(np.isfinite(values))
    return [run for run in np.split(finite, np.flatnonzero(np.diff(finite) > 1) + 1) if len(run)]


def _path(x: np.ndarray, y: np.ndarray) -> str:
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y))


def _ticks(low: float, high: float) -> np.ndarray:
    """Two or three round numbers inside [low, high]."""
    step = 10.0 ** np.floor(np.log10(max(high - low, 1e-12)))
    step = next(s for s in (step * 0.2, step * 0.5, step, step * 2, step * 5) if (high - low) / s <= 3.5)
    return np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step


class _Axis:
    """Maps values onto a panel's height, with a little air above and below."""

    def __init__(self, arrays: Sequence[np.ndarray], top: float) -> None:
        finite = np.concatenate([a[np.isfinite(a)] for a in arrays] or [np.zeros(0)])
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
        pad = 0.08 * (high - low) or 0.5 * abs(high) or 0.5
        self.low, self.high, self.top = low - pad, high + pad, top

    def __call__(self, values: np.ndarray | float) -> np.ndarray:
        share = (np.asarray(values, float) - self.low) / (self.high - self.low)
        return self.top + PANEL * (1 - share)

    def ticks(self) -> list[tuple[float, str]]:
        return [(float(self(t)), number(float(round(t, 10)))) for t in _ticks(self.low, self.high)]


def _feature_panel(
    rows: pd.DataFrame, name: str, days: list[date], x: np.ndarray, top: float, band: pd.DataFrame | None
) -> Panel:
    """Daily values of one feature with the animal's own baseline band (``band``: index = date, columns low, high)."""
    rows = rows.drop_duplicates("date", keep="last").set_index("date").reindex(days)
    values = rows["value"].to_numpy(float)
    low = high = np.full(len(days), np.nan)
    if band is not None and len(band):
        low, high = (band[c].reindex(days).to_numpy(float) for c in ("low", "high"))
    axis = _Axis([values, low, high], top)
    unit = next((u for u in rows["unit"].dropna()), "")
    shown = f" {unit}" if unit not in ("", "1") else ""
    panel = Panel(with_unit(name, unit), top, axis.ticks())
    for run in _runs(low + high):
        edge = _path(x[run], axis(high[run])) + " " + _path(x[run][::-1], axis(low[run])[::-1])
        panel.band += f"M{edge}Z"
    panel.lines = [_path(x[run], axis(values[run])) for run in _runs(values)]
    for i in np.flatnonzero(np.isfinite(values)):
        kind = "provisional" if yes(rows["provisional"].iloc[i]) else "seen"
        note = f"{days[i]}: {number(values[i])}{shown}, coverage {rows['coverage'].iloc[i]:.0%}"
        panel.points.append((float(x[i]), float(axis(values[i])), kind, note))
    return panel


def _score_panel(scores: pd.DataFrame, days: list[date], x: np.ndarray, top: float) -> Panel:
    rows = scores.drop_duplicates("date", keep="last").set_index("date").reindex(days)
    values, threshold = rows["score"].to_numpy(float), rows["threshold"].to_numpy(float)
    axis = _Axis([values, threshold, np.zeros(1)], top)
    panel = Panel("Distress score", top, axis.ticks())
    panel.lines = [_path(x[run], axis(values[run])) for run in _runs(values)]
    panel.level = _steps(x, axis(threshold))
    known = np.flatnonzero(np.isfinite(threshold))
    if known.size:
        last = float(threshold[known[-1]])
        panel.level_word = (float(axis(threshold[known[0]])), f"threshold, now {number(last)}")
    for i in np.flatnonzero(np.isfinite(values)):
        kind = "alarm" if yes(rows["alarm"].iloc[i]) else "seen"
        why = rows["explanation"].iloc[i]
        note = f"{days[i]}: score {number(values[i])}"
        note += f", that day's threshold {number(threshold[i])}" if np.isfinite(threshold[i]) else ""
        note += f", {why}" if isinstance(why, str) else ""
        panel.points.append((float(x[i]), float(axis(values[i])), kind, note))
    return panel


def _steps(x: np.ndarray, y: np.ndarray) -> str:
    """A path that keeps each day's level for the whole day and jumps between days; NaN is a gap."""
    half, path = (x[1] - x[0]) / 2 if len(x) > 1 else PLOT / 2, ""
    for run in _runs(y):
        path += "M" + " ".join(f"{a - half:.1f} {b:.1f} {a + half:.1f} {b:.1f}" for a, b in zip(x[run], y[run]))
    return path


def _events(events: pd.DataFrame, left: pd.Timestamp, step: float) -> list[tuple[float, float, str, str, str]]:
    """Markers above the panels; labels that would collide go to the next lane."""
    placed, lanes = [], [-1e9] * 3
    for row in events.sort_values("time_utc").to_dict("records"):
        kind, when = row["kind"], row["time_utc"]
        x = LEFT + (when - left) / pd.Timedelta(days=1) * step
        anchor, lane = "", 0
        if kind not in QUIET_KINDS:
            width = 6.2 * len(words(kind)) + 10  # of the label, px
            anchor = "end" if x + width > LEFT + PLOT else "start"
            begin = x - width if anchor == "end" else x
            lane = next((i for i, end in enumerate(lanes) if begin > end), int(np.argmin(lanes)))
            lanes[lane] = begin + width
        note = f"{words(kind)} {moment(when)}"
        note += "" if pd.isna(row["value"]) else f", {number(float(row['value']))}"
        note += f", {row['note']}" if isinstance(row["note"], str) and row["note"] else ""
        placed.append((float(x), 14.0 + 13 * lane, kind, note, anchor))
    return placed


def _shades(scores: pd.DataFrame, days: list[date], step: float) -> list[tuple[float, float, str, str]]:
    """Days that are alarmed, not judged or still warming up, as shaded columns."""
    position = {day: i for i, day in enumerate(days)}
    found = []
    for row in scores.to_dict("records"):
        kind = next((kind for kind in ("alarm", "no_call", "masked", "warm_up") if row[kind]), "")
        if kind and row["date"] in position:
            x = LEFT + position[row["date"]] * step
            found.append((x, step, kind, f"{row['date']}: {words(kind)}"))
    return found


def weights(daily: pd.DataFrame, events: pd.DataFrame, first: date) -> pd.DataFrame:
    """Daily rows of the body weight: of a scale's readings, else the values of the events sheet's weighings."""
    known = daily[daily["value"].notna()]
    rows = known[known["name"] == next((name for name in WEIGHTS if (known["name"] == name).any()), "")]
    weighed = events[(events["kind"] == "weighing") & events["value"].notna()]
    if len(rows) or weighed.empty:
        return rows
    since = np.floor((weighed["time_utc"] - zt0(daily, first)) / pd.Timedelta(days=1)).astype(int)
    dates = [first + timedelta(days=int(day)) for day in since]
    return weighed.assign(date=dates, name="weight", unit="", coverage=1.0, provisional=False)


def _alarm_marks(alarms: pd.DataFrame, days: list[date], step: float) -> list[tuple[float, float, str, str, str]]:
    """Where each alarm lies, with the id that explains it."""
    found = []
    for row in alarms.to_dict("records"):
        begin, end = (row["first_date"] - days[0]).days, (row["last_date"] - days[0]).days + 1
        if end > 0 and begin < len(days):
            note = f"{row['level']}: {row['first_date']} to {row['last_date']}, {row['explanation']}"
            begin = max(begin, 0)
            found.append((LEFT + begin * step, (end - begin) * step, str(row["level"]), str(row["id"]), note))
    return found


def draw(
    daily: pd.DataFrame,
    scores: pd.DataFrame,
    events: pd.DataFrame,
    bands: dict[str, pd.DataFrame],
    features: Sequence[str],
    animal: str | None,
    alarms: pd.DataFrame | None = None,
) -> Drawing:
    """The drawing of one animal of one cage (None: the cage as a whole).

    ``daily``, ``scores`` (table ``distress_scores``), ``events`` and ``alarms`` (with their ``id`` on the page) hold
    that animal's rows. ``bands`` gives for a feature the own baseline as a frame with the date as index and the columns
    ``low`` and ``high``. A day is drawn from its ZT0 to its ZT24.
    """
    days = span(daily, scores)
    step = PLOT / len(days)
    x = LEFT + (np.arange(len(days)) + 0.5) * step
    left = zt0(daily, days[0])
    inside = events[(events["time_utc"] >= left) & (events["time_utc"] <= left + pd.Timedelta(days=len(days)))]
    head = 62
    wanted = [(name, rows) for name in features if len(rows := daily[daily["name"] == name])]
    weighed = weights(daily, inside, days[0])
    wanted += [(str(name), rows) for name, rows in weighed.groupby("name") if name not in features]
    # An animal that is only weighed has no score of its own.
    panels = [_score_panel(scores, days, x, head)] if len(scores) or not wanted else []
    for name, rows in wanted:
        top = head + len(panels) * (PANEL + GAP)
        panels.append(_feature_panel(rows, name, days, x, top, bands.get(name)))
    every = max(1, int(np.ceil(len(days) / 12)))
    labels = [(float(x[i]), f"{days[i]:%d %b}") for i in range(0, len(days), every)]
    alarmed, unseen = int(scores["alarm"].sum()), int(scores["no_call"].sum())
    judgement = f"{alarmed} with an alarm, {unseen} without a call" if len(scores) else "not judged by itself"
    return Drawing(
        animal=animal or "",
        width=LEFT + PLOT + RIGHT,
        height=head + len(panels) * (PANEL + GAP) + 8,
        panels=panels,
        days=labels,
        shades=_shades(scores, days, step),
        events=_events(inside, left, step),
        alarms=[] if alarms is None else _alarm_marks(alarms, days, step),
        summary=f"{len(days)} days, {judgement}",
        judged=len(scores) > 0,
    )


def span(daily: pd.DataFrame, scores: pd.DataFrame) -> list[date]:
    """All days from the first to the last of either table."""
    seen = [*daily["date"], *scores["date"]]
    first, last = min(seen), max(seen)
    return [first + timedelta(days=i) for i in range((last - first).days + 1)]


def simulated_sentence(simulated: bool | None, what: str = "this page") -> str:
    """What the banner of a page says; empty for real data."""
    if simulated:
        return f"{what} shows a built-in world with known truth. It says nothing about real animals or genomes."
    return ""
