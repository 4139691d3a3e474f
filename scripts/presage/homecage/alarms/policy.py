"""From scores to alarms: episodes, thresholds from an alarm budget, and urgent welfare checks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from presage.homecage.features import bouts
from presage.homecage.recordings.zeitgeber import Lights

MONTH_DAYS = 30.0
FORGET_DAYS = 2  # days without a judgement after which a persistent alarm begins anew
# Below one expected episode in the calibration data a threshold is read off an exponential tail of this many peaks.
TAIL_PEAKS = 10
# Urgent checks: share of a minute in the state, longest pause of the schedule that is bridged, least time seen in the
# state.
STATE_SHARE = 0.95
BRIDGED_PAUSE_S = 3600.0
LEAST_SEEN_S = 1800.0


@dataclass(frozen=True)
class Episode:
    """Alarm days (indices) of one unit, merged: ``first``, ``last``, number of ``days`` with an alarm."""

    first: int
    last: int
    days: int


def episodes(alarm: np.ndarray, merge_gap: int) -> list[Episode]:
    """Episodes of bool ``alarm`` [D]: alarm days with at most ``merge_gap`` quiet days between are merged."""
    found: list[Episode] = []
    for day in np.flatnonzero(alarm).tolist():
        if found and day - found[-1].last - 1 <= merge_gap:
            found[-1] = Episode(found[-1].first, day, found[-1].days + 1)
        else:
            found.append(Episode(day, day, 1))
    return found


def persist(score: np.ndarray, days: int) -> np.ndarray:
    """The lowest ``score`` [U, D] of the last ``days`` judged days: over a threshold when all of them are.

    Days that were not judged are passed over, but after more than :data:`FORGET_DAYS` of them it begins anew. The first
    days of a run have no value (NaN).
    """
    if days <= 1:
        return score
    out = np.full(score.shape, np.nan)
    for unit in range(len(score)):
        judged = np.flatnonzero(np.isfinite(score[unit]))
        run = np.split(judged, np.flatnonzero(np.diff(judged) > FORGET_DAYS + 1) + 1)
        for part in (part for part in run if len(part) >= days):
            windows = np.lib.stride_tricks.sliding_window_view(score[unit, part], days)
            out[unit, part[days - 1 :]] = windows.min(axis=1)
    return out


def count_episodes(alarm: np.ndarray, merge_gap: int) -> int:
    """Number of episodes over all units of bool ``alarm`` [U, D]."""
    return sum(len(episodes(row, merge_gap)) for row in alarm[alarm.any(axis=1)])


def cage_months(judged: np.ndarray) -> float:
    """Exposure of bool ``judged`` [U, D] in months of 30 days."""
    return float(judged.sum()) / MONTH_DAYS


@dataclass(frozen=True)
class Thresholds:
    """Threshold by budget (episodes per healthy cage-month); an alarm is a score *over* it.

    ``extrapolated``: budgets for which the calibration expects less than one episode, so that the threshold rests on
    the shape of the tail and cannot have been checked on it.
    """

    by_budget: dict[float, float]
    extrapolated: tuple[float, ...]
    exposure_months: float


def thresholds(score: np.ndarray, budgets: Sequence[float], merge_gap: int) -> Thresholds:
    """The lowest thresholds under which healthy ``score`` [U, D] (NaN not judged) stay within each of ``budgets``.

    The threshold is the lowest score *at* or over which the calibration stays within the budget, and an alarm has to
    be *over* it: one episode is held back, because n episodes over a level that was chosen to leave n promise n + 1
    among as many new days. Raises ``ValueError`` without any judged day.
    """
    judged = np.isfinite(score)
    exposure = cage_months(judged)
    levels = np.unique(score[judged])[::-1]
    if not len(levels):
        raise ValueError("no judged healthy day to set a threshold from")
    most = int(max(max(budgets) * exposure, TAIL_PEAKS))
    counts: list[int] = []
    for level in levels:
        counts.append(count_episodes(np.nan_to_num(score, nan=-np.inf) > level, merge_gap))
        if counts[-1] > most:
            break
    found, extrapolated, highest = {}, [], -np.inf
    for budget in sorted(budgets, reverse=True):
        allowed = budget * exposure
        if allowed >= 1.0:
            over = next((i for i, n in enumerate(counts) if n > allowed), len(counts))
            value = float(levels[max(over - 2, 0)])
        else:
            value = _tail(levels, counts, allowed)
            extrapolated.append(budget)
        highest = max(highest, value)  # a stricter budget never has a lower threshold
        found[budget] = highest
    return Thresholds(dict(sorted(found.items())), tuple(sorted(extrapolated)), exposure)


def _tail(levels: np.ndarray, counts: list[int], allowed: float) -> float:
    """Level at which an exponential tail through the highest episodes' peaks expects ``allowed`` of them."""
    peaks = [levels[i] for i in range(1, len(counts)) for _ in range(counts[i] - max(counts[:i]))][:TAIL_PEAKS]
    if len(peaks) < 2:
        return float(levels[0])
    base = peaks[-1]
    scale = float(np.mean(np.array(peaks[:-1]) - base))
    return float(base + scale * np.log((len(peaks) - 1) / allowed))


def urgent_checks(readings: pd.DataFrame, lights: Lights, hours: float) -> pd.DataFrame:
    """Cages hidden or motionless for longer than ``hours`` of the dark, from per-minute ``readings``.

    Columns ``cage date time_utc state hours``, one row for each cage-day and state; ``time_utc`` is when the limit
    was passed: the check is due with the next segment, not the next day. Time without recording is neither hidden nor
    motionless, unless it is a pause of the schedule with the state on both of its sides. Where the schedule leaves
    fewer than 30 minutes in which it was seen, nothing is raised: healthy mice are often still in a dozen sampled
    minutes.
    """
    names = {"hidden_fraction": "hidden", "still_fraction": "motionless"}
    rows = readings[readings["name"].isin(names) & readings["value"].notna() & (readings["coverage"] > 0)]
    date, zt = lights.zeitgeber(pd.DatetimeIndex(rows["time_utc"]))
    rows = rows.assign(date=date, seconds=zt * 3600.0)[zt >= lights.hours]
    found = []
    for (cage, name), group in rows.groupby(["cage", "name"], sort=True):
        found += _urgent(str(cage), names[str(name)], group, lights, hours)
    return pd.DataFrame(found, columns=["cage", "date", "time_utc", "state", "hours"])


def _urgent(cage: str, state_name: str, rows: pd.DataFrame, lights: Lights, hours: float) -> list[tuple[Any, ...]]:
    """Checks of one cage and state: at most one a night."""
    found = []
    for day, group in rows.sort_values("seconds").groupby("date", sort=True):
        date = pd.Timestamp(str(day)).date()
        step = float(group["resolution_s"].iloc[0])
        state, time = (group["value"] >= STATE_SHARE).to_numpy(), group["seconds"].to_numpy()
        first, end = bouts.longest_run(state, time, step, max(BRIDGED_PAUSE_S, step))
        if (end - first) * step < LEAST_SEEN_S:
            continue
        length = (time[end - 1] - time[first] + step) / 3600.0
        if length > hours:
            found.append((cage, date, lights.utc(date, time[first] / 3600.0 + hours), state_name, length))
    return found
