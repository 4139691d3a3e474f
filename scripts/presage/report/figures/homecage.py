"""Figures of the home-cage branch: activity, and one cage; pose and alarms have files of their own."""

from collections.abc import Sequence
from typing import Any

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.dataset as ds
from matplotlib.axes import Axes

from presage.config.report import Report
from presage.report import style
from presage.report.cages.actogram import ACTIVITY
from presage.report.cages.bands import detector_cards, drawn_features, own_bands
from presage.report.cages.timeline import QUIET_KINDS, pick_features, words, zt0
from presage.report.figures.alarms import chosen_budget
from presage.report.run import OURS, NoData, Run
from presage.report.style import Drawing

# ---- fig 11 ------------------------------------------------------------------------------------------------------


def activity(run: Run, settings: Report, simulated: bool | None) -> Drawing:
    """Activity over the day, and night by night around onset, each cage relative to its own days before."""
    onset = day_zero(run)
    hourly = _by_hour(run, onset)
    nights = _by_night(run, onset)
    if hourly is None and nights is None:
        raise NoData("no activity per minute and none per night")
    panels = [p for p in (hourly, nights) if p is not None]
    figure = style.new_figure("Activity, healthy and ill", 2.9, simulated)
    axes = np.atleast_1d(figure.subplots(1, len(panels)))
    for ax, data in zip(axes, panels):
        (_draw_hours if data is hourly else _draw_nights)(ax, data)
        style.tidy(ax)
    return figure, pd.concat(panels, ignore_index=True)


def day_zero(run: Run) -> pd.Series:
    """UTC time of the true onset of illness by cage, where a simulated world knows it."""
    table = run.optional("lead_time")
    if table is None:
        return pd.Series(dtype="datetime64[us, UTC]")
    return table.dropna(subset=["onset_utc"]).groupby("cage")["onset_utc"].min()


def _mean_ci(frame: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Mean over cages with a 95 % interval (1.96 standard errors) for each value of ``by``."""
    out = frame.groupby(by, sort=False)["value"].agg(["mean", "sem", "count"]).reset_index()
    half = 1.96 * out["sem"].fillna(0.0)
    return out.assign(value=out["mean"], ci_low=out["mean"] - half, ci_high=out["mean"] + half, cages=out["count"])[
        [*by, "value", "ci_low", "ci_high", "cages"]
    ]


def _by_hour(run: Run, onset: pd.Series) -> pd.DataFrame | None:
    """Hourly activity relative to the cage's own mean on healthy days: healthy days against days 3 to 6 after onset."""
    files = [*run.folder.glob("homecage/features/*/*.parquet"), *run.folder.glob("worlds/vivarium/readings/*.parquet")]
    daily = run.optional("daily")
    if not files or daily is None:
        return None
    source = ds.dataset([str(f) for f in sorted(files)], format="parquet")
    wanted = pc.field("name").isin(list(ACTIVITY)) & pc.field("value").is_valid()
    frame = source.to_table(columns=["time_utc", "cage", "name", "value"], filter=wanted).to_pandas()
    if frame.empty:
        return None
    name = next(n for n in ACTIVITY if n in set(frame["name"]))
    ends = daily["end_utc"].dt.tz_convert("UTC")
    lights_on = pd.Timedelta(hours=int(ends.dt.hour.mode()[0]), minutes=int(ends.dt.minute.mode()[0]))
    frame = frame[frame["name"] == name]
    frame["zt"] = ((frame["time_utc"] - lights_on).dt.hour).astype(int)
    since = (frame["time_utc"] - frame["cage"].map(onset)).dt.total_seconds() / 86400
    frame["state"] = np.where(
        since.isna() | (since < 0), "healthy", np.where(since.between(3, 6), "ill, day 3 to 6", "")
    )
    per_cage = frame[frame["state"] != ""].groupby(["cage", "state", "zt"])["value"].mean().reset_index()
    own = per_cage[per_cage["state"] == "healthy"].groupby("cage")["value"].mean()
    per_cage["value"] /= per_cage["cage"].map(own)
    per_cage = per_cage[np.isfinite(per_cage["value"])]
    return _mean_ci(per_cage.sort_values(["state", "zt"]), ["state", "zt"]).assign(panel="hours", feature=name)


def _draw_hours(axes: Axes, data: pd.DataFrame) -> None:
    axes.axvspan(12, 24, color=style.PALE, linewidth=0)
    axes.text(
        18, 1.0, "dark", transform=axes.get_xaxis_transform(), ha="center", va="top", fontsize=7, color=style.MUTED
    )
    for state, rows in data.groupby("state", sort=True):
        colour = style.GOOD if state == "healthy" else style.BAD
        x = rows["zt"] + 0.5
        axes.fill_between(x, rows["ci_low"], rows["ci_high"], color=colour, alpha=0.2, linewidth=0)
        shown = "before a true onset, or without one known" if state == "healthy" else str(state)
        axes.plot(x, rows["value"], color=colour, label=f"{shown} ({rows['cages'].max()} cages)")
    axes.set(
        title=f"Over the day ({words(data['feature'].iloc[0])})", xlabel="ZT (hours since lights on)", xlim=(0, 24)
    )
    axes.set(ylabel="relative to own healthy mean", xticks=[0, 6, 12, 18, 24], ylim=(0, None))
    axes.legend(loc="upper left")


def _by_night(run: Run, onset: pd.Series) -> pd.DataFrame | None:
    """Night activity by days from onset, relative to the cage's own median of the seven days before."""
    daily = run.optional("daily")
    if daily is None or onset.empty:
        return None
    names = [f"night_{n}" for n in ACTIVITY if (daily["name"] == f"night_{n}").any()]
    if not names:
        return None
    rows = daily[(daily["name"] == names[0]) & daily["value"].notna() & daily["cage"].isin(onset.index)].copy()
    # The night that ends after onset and less than a day later is day 0.
    rows["day"] = np.floor((rows["end_utc"] - rows["cage"].map(onset)).dt.total_seconds() / 86400).astype(int)
    own = rows[rows["day"].between(-8, -1)].groupby("cage")["value"].median()
    rows["value"] = rows["value"] / rows["cage"].map(own)
    rows = rows[rows["day"].between(-8, 8) & np.isfinite(rows["value"])]
    if rows.empty:
        return None
    return _mean_ci(rows.sort_values("day"), ["day"]).assign(panel="nights", feature=names[0])


def _draw_nights(axes: Axes, data: pd.DataFrame) -> None:
    axes.axhline(1, color=style.MUTED, linewidth=0.8)
    axes.axvline(0, color=style.BAD, linewidth=0.8, linestyle=(0, (3, 2)))
    axes.fill_between(data["day"], data["ci_low"], data["ci_high"], color=style.BAD, alpha=0.2, linewidth=0)
    axes.plot(data["day"], data["value"], "o-", color=style.BAD)
    axes.set(title=f"Around onset ({words(data['feature'].iloc[0])})", xlabel="days from true onset", ylim=(0, None))
    axes.set_ylabel("relative to own days before")
    axes.text(0.02, 0.04, f"{data['cages'].max()} cages", transform=axes.transAxes, fontsize=7, color=style.MUTED)


# ---- fig 16 ------------------------------------------------------------------------------------------------------


def cage(run: Run, settings: Report, simulated: bool | None) -> Drawing:
    """One cage day by day: features against their own baseline, score, threshold, alarms and events."""
    scores, daily, cards = run.rows("distress"), run.rows("daily"), detector_cards(run)
    name = settings.example_cage or _example(run, scores)
    scores, daily = scores[scores["cage"] == name], daily[daily["cage"] == name]
    events = run.events[run.events["cage"] == name]
    if scores.empty:
        raise NoData(f"cage {name} (report.example_cage) has no scores")
    bands = own_bands(daily, scores, events, cards).get(name, {})
    worst = scores.sort_values("score", na_position="first")["animal"].iloc[-1]
    animal = worst if isinstance(worst, str) else None
    mine = (f["animal"].isna() if animal is None else f["animal"] == animal for f in (scores, daily))
    scores, daily = (frame[keep].sort_values("date") for frame, keep in zip((scores, daily), mine))
    known = set(daily.loc[daily["value"].notna(), "name"])
    wanted = dict.fromkeys([*_reasons(run, str(name)), *drawn_features(cards)])
    features = [f for f in wanted if f in known][:3] or pick_features(daily, 3)
    figure = style.new_figure(f"Cage {name}, day by day", 1.0 + 1.05 * (len(features) + 1), simulated)
    lane, *panels = style.panels(figure, [0.3] + [1.0] * (len(features) + 1), sharex=True)
    _scores(panels[0], scores)
    for ax, feature in zip(panels[1:], features):
        _own_baseline(ax, daily[daily["name"] == feature], bands.get((animal, feature)))
        ax.set_title(words(feature).capitalize())
    start = zt0(daily, scores["date"].min())
    for ax in panels:
        _mark_days(ax, scores)
        style.tidy(ax)
    _mark_events(lane, panels, events, scores, start)
    first, last = mdates.date2num([scores["date"].min(), scores["date"].max()])
    panels[-1].set_xlim(first, last + 1)
    panels[-1].xaxis.set_major_locator(mdates.AutoDateLocator(minticks=4, maxticks=9))
    panels[-1].xaxis.set_major_formatter(mdates.DateFormatter("%d %b"))
    panels[-1].set_xlabel("cage-day, from lights-on to lights-on")
    shown = daily[daily["name"].isin(features)]
    edges = [
        bands[animal, f].rename_axis("date").reset_index().assign(name=f) for f in features if (animal, f) in bands
    ]
    if edges:
        shown = shown.merge(pd.concat(edges), on=["date", "name"], how="left")
    numbers = [scores.assign(panel="score", value=scores["score"]), shown.assign(panel="feature")]
    columns = ["panel", "cage", "animal", "date", "name", "value", "low", "high", "unit", "coverage",
               "threshold", "alarm", "no_call", "warm_up", "masked"]  # fmt: skip
    return figure, pd.concat(numbers, ignore_index=True).reindex(columns=columns)


def _example(run: Run, scores: pd.DataFrame) -> str:
    """An ill cage that was detected, else the one furthest over its threshold, else the first in the order of names."""
    lead = run.optional("lead_time")
    if lead is not None:
        seen = (lead["status"] == "detected") & (lead["detector"] == OURS) & (lead["event"] != "onset")
        hits = sorted(lead.loc[seen & (lead["budget"] == chosen_budget(run)), "cage"])
        if hits:
            return hits[0]
    alarmed = scores[scores["alarm"].astype(bool)]
    if len(alarmed):
        return str((alarmed["score"] - alarmed["threshold"]).groupby(alarmed["cage"]).max().idxmax())
    return sorted(scores["cage"])[0]


def _reasons(run: Run, cage: str) -> list[str]:
    """The features behind a cage's alarms, the strongest first."""
    table = run.optional("reasons")
    if table is None:
        return []
    return table[table["cage"] == cage].sort_values(["rank", "episode"])["feature"].drop_duplicates().tolist()


def _noon(dates: pd.Series) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(pd.to_datetime(dates)) + pd.Timedelta(hours=12)


def _own_baseline(axes: Axes, rows: pd.DataFrame, band: pd.DataFrame | None) -> None:
    if band is not None and len(band):
        x = _noon(band.index.to_series())
        axes.fill_between(x, band["low"], band["high"], color=style.BLUE, alpha=0.15, linewidth=0)
    rows = rows.set_index("date").reindex(pd.date_range(rows["date"].min(), rows["date"].max()).date)
    axes.plot(_noon(rows.index.to_series()), rows["value"], "o-", color=style.BLUE, markersize=3)
    units = rows["unit"].dropna()
    axes.set_ylabel({"1": "share"}.get(units.iloc[0], units.iloc[0]) if len(units) else "")


def _scores(axes: Axes, rows: pd.DataFrame) -> None:
    x = _noon(rows["date"])
    axes.plot(x, rows["score"], "o-", color=style.INK, markersize=3)
    on = rows["alarm"].to_numpy(bool)
    axes.plot(x[on], rows["score"][on], "o", color=style.BAD, markersize=5, label="alarm")
    axes.step(x, rows["threshold"], where="mid", color=style.BAD, linestyle=(0, (3, 2)), linewidth=1, label="threshold")
    axes.set(title="Distress score", ylabel="score")
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.1, ncols=2)


def _mark_days(axes: Axes, scores: pd.DataFrame) -> None:
    """Days that are alarmed, not judged, warming up or masked, as shaded columns."""
    looks: dict[str, dict[str, Any]] = {
        "alarm": {"facecolor": style.BAD, "alpha": 0.12},
        "no_call": {"facecolor": "none", "hatch": "////", "edgecolor": style.MUTED},
        "warm_up": {"facecolor": style.MUTED, "alpha": 0.1},
        "masked": {"facecolor": style.MUTED, "alpha": 0.1},
    }
    for kind, look in looks.items():
        for start in mdates.date2num(scores.loc[scores[kind].astype(bool), "date"].to_list()):
            axes.axvspan(start, start + 1, linewidth=0, zorder=0, **look)


def _mark_events(
    lane: Axes, panels: Sequence[Axes], events: pd.DataFrame, scores: pd.DataFrame, start: pd.Timestamp
) -> None:
    """Lines at the events, named in the ``lane`` above. Days are drawn from midnight on: times count from ``start``."""
    first, days = mdates.date2num(scores["date"].min()), (scores["date"].max() - scores["date"].min()).days + 1
    lane.set_axis_off()
    lane.set_ylim(0, 2)
    events = events[~events["kind"].isin(QUIET_KINDS)].sort_values("time_utc")
    right = [-np.inf, -np.inf]  # where the labels of the two rows end
    for kind, when in zip(events["kind"], events["time_utc"]):
        since = (when - start) / pd.Timedelta(days=1)
        if not 0 <= since <= days:
            continue
        tint = style.PURPLE if kind == "onset" else style.INK
        for axes in panels:
            axes.axvline(first + since, color=tint, linewidth=0.9, linestyle=(0, (1, 1.5)))
        width = 0.0105 * days * len(words(kind))
        begin = since - width if since + width > days else since
        row = 0 if begin > right[0] else 1
        right[row] = begin + width
        side = "right" if begin < since else "left"
        lane.text(first + since, 0.1 + 0.9 * row, words(kind), fontsize=6.5, ha=side, color=style.MUTED)
