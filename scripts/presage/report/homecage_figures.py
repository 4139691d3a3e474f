"""Figures of the home-cage branch: pose, day and night activity, alarms against budget, one cage, the real colitis mice."""

from typing import Any

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.dataset as ds
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, PercentFormatter

from presage.config.report import Report
from presage.report import style
from presage.report.run import NoData, Run
from presage.report.sequence_figures import metric
from presage.report.timeline import QUIET_KINDS, own_bands, pick_features, with_unit, words, zt0

Drawing = tuple[Figure, pd.DataFrame]
ACTIVITY = ("activity", "distance", "path_length", "speed")  # first that a recording has
SEEN_BY_PERSON = ("weight_loss_5pct", "technician_note", "death")


# ---- fig 5 -------------------------------------------------------------------------------------------------------


def pose(run: Run, settings: Report, simulated: bool | None) -> Drawing:
    """Error of the pose model on held-out labelled frames, per body part."""
    rows = metric(run.rows("evaluation"), "pose_rmse_px").dropna(subset=["value"])
    parts = rows[rows["group"] != "all"].sort_values("value", ascending=False)
    if parts.empty:
        raise NoData("evaluation.parquet has no pose_rmse_px by body part")
    figure = style.new_figure("Pose on held-out frames", 1.1 + 0.28 * len(parts), simulated, width=4.8)
    axes = style.tidy(figure.subplots(), "x")
    y = np.arange(len(parts))
    axes.barh(y, parts["value"], color=style.BLUE, height=0.62)
    _whisker(axes, parts["value"], y, parts["ci_low"], parts["ci_high"])
    axes.set_yticks(y, [f"{words(part)}" for part in parts["group"]])
    axes.set(xlabel="root mean square error (px, 95 % CI)")
    axes.tick_params(axis="y", length=0)
    whole = rows.loc[rows["group"] == "all", "value"]
    if len(whole):
        axes.axvline(whole.iloc[0], color=style.INK, linestyle=(0, (3, 2)), linewidth=1)
        axes.text(whole.iloc[0], len(parts) - 0.45, f" all parts {whole.iloc[0]:.1f} px", fontsize=7, va="bottom")
    axes.set_ylim(-0.6, len(parts) - 0.05)
    return figure, rows[["metric", "group", "value", "ci_low", "ci_high", "n"]].reset_index(drop=True)


def _whisker(axes: Axes, x: Any, y: Any, low: Any, high: Any) -> None:
    known = np.isfinite(np.asarray(low, float)) & np.isfinite(np.asarray(high, float))
    axes.hlines(np.asarray(y)[known], np.asarray(low)[known], np.asarray(high)[known], color=style.INK, linewidth=1)


# ---- fig 6 -------------------------------------------------------------------------------------------------------


def activity(run: Run, settings: Report, simulated: bool | None) -> Drawing:
    """Activity over the day, and night by night around the onset of illness, each cage relative to its own days before."""
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
        axes.plot(x, rows["value"], color=colour, label=f"{state} ({rows['cages'].max()} cages)")
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


# ---- fig 7 -------------------------------------------------------------------------------------------------------


def alarms(run: Run, settings: Report, simulated: bool | None) -> Drawing:
    """Detection and realised false alarms against the alarm budget, and how long before the event the alarm came."""
    table = run.rows("evaluation")
    found = metric(table, "detection_rate").dropna(subset=["budget", "value"])
    false = metric(table, "false_alarms_per_cage_month").dropna(subset=["budget", "value"])
    lead = run.optional("lead_time")
    if found.empty and false.empty and (lead is None or lead.empty):
        raise NoData(
            "evaluation.parquet has no detection rate and no false alarms by budget, and there are no lead times"
        )
    figure = style.new_figure("Alarms at a chosen budget of false alarms", 3.0, simulated)
    left, middle, right = figure.subplots(1, 3, width_ratios=[1.1, 1, 1.1])
    order = list(dict.fromkeys([*found["detector"], *false["detector"]]))
    order.sort(key=lambda name: name != "ours")
    colour = {name: (style.BLUE if name == "ours" else c) for name, c in style.colours(order).items()}
    _against_budget(left, found, colour)
    chance = metric(table, "detection_by_chance").dropna(subset=["budget", "value"]).sort_values("budget")
    if len(chance):
        left.plot(
            chance["budget"], chance["value"], color=style.INK, linestyle=(0, (2, 2)), linewidth=1, label="by chance"
        )
    left.set(title="Detected", ylabel="share of events (95 % CI)", ylim=(-0.02, 1.03))
    left.yaxis.set_major_formatter(PercentFormatter(1))
    left.legend(loc="lower right")
    _against_budget(middle, false, colour)
    edges = sorted(false["budget"])[:: max(len(false) - 1, 1)] if len(false) else [0.05, 1]
    middle.plot(edges, edges, color=style.INK, linewidth=0.8, linestyle=(0, (2, 2)))
    middle.set(title="False alarms", ylabel="per healthy cage-month (95 % CI)")
    numbers = [found.assign(panel="detected"), false.assign(panel="false alarms"), chance.assign(panel="chance")]
    if lead is not None and len(lead):
        numbers.append(_lead(right, lead))
    else:
        right.set_axis_off()
    columns = ["panel", "metric", "detector", "group", "budget", "value", "ci_low", "ci_high", "n"]
    shown = pd.concat([n for n in numbers if len(n)], ignore_index=True)
    return figure, shown[[c for c in [*columns, "event", "status", "lead_days"] if c in shown]]


def _against_budget(axes: Axes, rows: pd.DataFrame, colour: dict[str, str]) -> None:
    """One line per detector with its intervals; detectors are shifted a little so that intervals do not overlap."""
    for i, (name, mine) in enumerate(rows.groupby("detector", sort=False)):
        mine = mine[mine["group"] == _main_group(mine)].sort_values("budget")
        x = mine["budget"] * 1.04**i
        axes.vlines(
            x,
            mine["ci_low"].fillna(mine["value"]),
            mine["ci_high"].fillna(mine["value"]),
            color=colour[name],
            alpha=0.6,
        )
        axes.plot(x, mine["value"], "o-", color=colour[name], label=words(str(name)), zorder=3 if name == "ours" else 2)
    axes.set_xscale("log")
    budgets = sorted(set(rows["budget"]))
    axes.set_xticks(budgets, [f"{b:g}" for b in budgets])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("alarm budget per healthy cage-month")
    style.tidy(axes)


def _main_group(rows: pd.DataFrame) -> str:
    """The whole, where it is given; else the largest group."""
    groups = rows.groupby("group")["n"].max()
    return "all" if "all" in groups else str(groups.idxmax())


def _lead(axes: Axes, lead: pd.DataFrame) -> pd.DataFrame:
    """Days from alarm to event, one dot per case; misses stand at the left edge, outside the scale."""
    ours = lead[(lead["detector"] == "ours") | ~(lead["detector"] == "ours").any()]
    kinds = [k for k in dict.fromkeys(ours["event"]) if (ours["event"] == k).any()]
    rng = np.random.default_rng(0)  # only spreads the dots
    for i, kind in enumerate(kinds):
        rows = ours[ours["event"] == kind]
        seen = rows[rows["lead_days"].notna()]
        jitter = i + rng.uniform(-0.22, 0.22, len(seen))
        for status, colour in (("detected", style.BLUE), ("late", style.ORANGE), ("early", style.PURPLE)):
            keep = (seen["status"] == status).to_numpy()
            axes.plot(
                seen.loc[keep, "lead_days"],
                jitter[keep],
                "o",
                color=colour,
                alpha=0.7,
                markersize=3.5,
                markeredgewidth=0,
            )
        detected = rows.loc[rows["status"] == "detected", "lead_days"].median()
        if np.isfinite(detected):
            axes.vlines(detected, i - 0.32, i + 0.32, color=style.INK, linewidth=1.6)
        missed = int((rows["status"] == "missed").sum())
        axes.text(1.0, i + 0.33, f"{(rows['status'] == 'detected').sum()} of {len(rows)}, {missed} missed",
                  transform=axes.get_yaxis_transform(), ha="right", va="bottom", fontsize=6.5, color=style.MUTED)  # fmt: skip
    axes.axvline(0, color=style.MUTED, linewidth=0.8)
    axes.set_yticks(range(len(kinds)), [words(k).replace(" ", "\n", 1) for k in kinds])
    axes.set(title="Lead time", xlabel="days before the event", ylim=(-0.6, len(kinds) - 0.3))
    style.tidy(axes, "x")
    return ours[["cage", "group", "event", "status", "lead_days", "budget", "detector"]].assign(panel="lead time")


# ---- fig 8 -------------------------------------------------------------------------------------------------------


def cage(run: Run, settings: Report, simulated: bool | None) -> Drawing:
    """One cage day by day: features against their own baseline, score, threshold, alarms and events."""
    scores, daily = run.rows("distress"), run.rows("daily")
    name = settings.example_cage or _example(run, scores)
    scores, daily = scores[scores["cage"] == name], daily[daily["cage"] == name]
    if scores.empty:
        raise NoData(f"cage {name} (report.example_cage) has no scores")
    worst = scores.groupby("animal", dropna=False)["score"].max().idxmax()
    mine = scores["animal"].isna() if pd.isna(worst) else scores["animal"] == worst
    scores = scores[mine].sort_values("date")
    daily = daily[daily["animal"].isna() if pd.isna(worst) else daily["animal"] == worst]
    features = pick_features(daily, 3)
    bands = own_bands(daily, scores)
    events = run.events[run.events["cage"] == name]
    figure = style.new_figure(f"Cage {name}, day by day", 1.0 + 1.05 * (len(features) + 1), simulated)
    panels = np.atleast_1d(figure.subplots(len(features) + 1, 1, sharex=True))
    for ax, feature in zip(panels[1:], features):
        _own_baseline(
            ax,
            daily[daily["name"] == feature].sort_values("date"),
            bands.get((None if pd.isna(worst) else worst, feature)),
        )
        ax.set_title(words(feature))
    _scores(panels[0], scores)
    for ax in panels:
        _mark_days(ax, scores)
        _mark_events(ax, events, scores, zt0(daily, scores["date"].min()), label=ax is panels[0])
        style.tidy(ax)
    panels[-1].xaxis.set_major_formatter(mdates.DateFormatter("%d %b"))
    panels[-1].xaxis.set_major_locator(mdates.AutoDateLocator(minticks=4, maxticks=9))
    panels[-1].set_xlabel("cage-day (named by the date of its lights-on)")
    numbers = [
        scores.assign(panel="score", value=scores["score"]),
        daily[daily["name"].isin(features)].assign(panel="feature"),
    ]
    columns = [
        "panel",
        "cage",
        "animal",
        "date",
        "name",
        "value",
        "unit",
        "coverage",
        "threshold",
        "alarm",
        "no_call",
        "warm_up",
    ]
    return figure, pd.concat(numbers, ignore_index=True)[columns]


def _example(run: Run, scores: pd.DataFrame) -> str:
    """An ill cage that was detected, else one with an alarm, else the first: in the order of names."""
    lead = run.optional("lead_time")
    if lead is not None:
        hits = sorted(lead.loc[lead["status"] == "detected", "cage"])
        if hits:
            return hits[0]
    alarmed = sorted(scores.loc[scores["alarm"], "cage"])
    return alarmed[0] if alarmed else sorted(scores["cage"])[0]


def _noon(dates: pd.Series) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(pd.to_datetime(dates)) + pd.Timedelta(hours=12)


def _own_baseline(axes: Axes, rows: pd.DataFrame, band: pd.DataFrame | None) -> None:
    if band is not None and len(band):
        axes.fill_between(_noon(band.index.to_series()), band["low"], band["high"], color=style.BLUE, alpha=0.15, linewidth=0,
                          label="own baseline")  # fmt: skip
    rows = rows.set_index("date").reindex(pd.date_range(rows["date"].min(), rows["date"].max()).date)
    axes.plot(_noon(rows.index.to_series()), rows["value"], "o-", color=style.BLUE, markersize=3)
    units = rows["unit"].dropna()
    axes.set_ylabel(units.iloc[0] if len(units) and units.iloc[0] else "value")


def _scores(axes: Axes, rows: pd.DataFrame) -> None:
    x = _noon(rows["date"])
    axes.plot(x, rows["score"], "o-", color=style.INK, markersize=3)
    on = rows["alarm"].to_numpy(bool)
    axes.plot(x[on], rows["score"][on], "o", color=style.BAD, markersize=5, label="alarm")
    axes.step(x, rows["threshold"], where="mid", color=style.BAD, linestyle=(0, (3, 2)), linewidth=1, label="threshold")
    axes.set(title="Distress score", ylabel="score")
    axes.legend(loc="upper left", ncols=2)


def _mark_days(axes: Axes, scores: pd.DataFrame) -> None:
    looks = {"alarm": (style.BAD, 0.12, None), "no_call": ("none", 1, "////"), "warm_up": (style.MUTED, 0.1, None), "masked": (style.MUTED, 0.1, None)}
    for kind, (colour, alpha, hatch) in looks.items():
        for day in scores.loc[scores[kind].astype(bool), "date"]:
            start = pd.Timestamp(day)
            axes.axvspan(
                start,
                start + pd.Timedelta(days=1),
                facecolor=colour,
                alpha=alpha,
                hatch=hatch,
                edgecolor=style.MUTED if hatch else None,
                linewidth=0,
                zorder=0,
            )


def _mark_events(axes: Axes, events: pd.DataFrame, scores: pd.DataFrame, start: pd.Timestamp, label: bool) -> None:
    """Lines at the events; cage-days are drawn from midnight to midnight, so times count from ``start``, the first ZT0."""
    first, days = pd.Timestamp(scores["date"].min()), (scores["date"].max() - scores["date"].min()).days + 1
    before = -np.inf
    for row in events[~events["kind"].isin(QUIET_KINDS)].sort_values("time_utc").itertuples():
        since = (row.time_utc - start) / pd.Timedelta(days=1)
        if not 0 <= since <= days:
            continue
        at = first + pd.Timedelta(days=since)
        axes.axvline(at, color=style.PURPLE if row.kind == "onset" else style.INK, linewidth=0.9, linestyle=(0, (1, 1.5)))
        if label:
            right = since - before < 0.03 * days  # two labels on one line's left would collide
            axes.annotate(words(row.kind), (at, 0.5), xycoords=("data", "axes fraction"), xytext=(3 if right else -3, 0),
                          textcoords="offset points", rotation=90, fontsize=6, ha="left" if right else "right",
                          va="center", color=style.MUTED)  # fmt: skip
            before = since


# ---- fig 9 -------------------------------------------------------------------------------------------------------


def dss(run: Run, settings: Report, simulated: bool | None) -> Drawing:
    """Real colitis mice: activity relative to day -1 by group, alarms, and how often healthy mice were alarmed."""
    raise NoData("not there yet")
