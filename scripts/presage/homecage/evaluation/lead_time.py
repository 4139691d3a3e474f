"""How early an alarm was decided before what a person or a scale recorded."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from presage import tables
from presage.homecage.alarms.policy import episodes
from presage.homecage.detectors.judge import decision_utc
from presage.homecage.detectors.models import Judged

EVENTS = ("weight_loss_5pct", "weight_loss_10pct", "temperature_fall", "technician_note", "death")
DAY = np.timedelta64(1, "D")


def lead_table(
    judged: Judged,
    events: pd.DataFrame,
    groups: Mapping[str, str],
    *,
    detector: str,
    budget: float,
    merge_gap: int,
    horizon_days: float,
    latency_minutes: float,
    simulated: bool,
) -> pd.DataFrame:
    """The ``lead_time`` table: one row for each case (unit of a cage in ``groups``) and kind of event, its first event.

    An episode counts from the decision on its first day. *detected*: one was decided in [event - horizon, event);
    *late*: the first was decided at the event or after it; *early*: all were decided before the horizon (false
    alarms); *missed*: there was none; *not_judged*: no day up to the event could be judged within the horizon. For
    the event ``onset``, which only a simulated world knows, an alarm counts from the onset on, without limit.
    """
    alarm = judged.alarm(budget)
    decided = decision_utc(judged, latency_minutes)
    horizon = pd.Timedelta(days=horizon_days).to_timedelta64()
    rows = []
    for u, (cage, animal) in enumerate(judged.panel.units):
        if cage not in groups:
            continue
        own = events[(events["cage"] == cage) & (events["animal"].fillna("").isin([animal, ""]) if animal else True)]
        first = own[own["kind"].isin([*EVENTS, "onset"])].groupby("kind")["time_utc"].min()
        starts = np.array([decided[u, e.first] for e in episodes(alarm[u], merge_gap)], dtype="datetime64[us]")
        looked = decided[u, judged.scores.judged[u]]
        for kind, when in first.items():
            event = when.tz_convert(None).as_unit("us").to_datetime64()
            begin, end = (event, None) if kind == "onset" else (event - horizon, event)
            chosen, status = _status(starts, looked, begin, end)
            onset = first.get("onset")
            rows.append(
                {
                    "cage": cage,
                    "animal": animal or None,
                    "group": groups[cage],
                    "event": kind,
                    "event_utc": when,
                    "onset_utc": onset,
                    "decision_utc": None if chosen is None else pd.Timestamp(chosen, tz="UTC"),
                    "lead_days": None if chosen is None or kind == "onset" else (event - chosen) / DAY,
                    "delay_days": _delay(chosen, onset),
                    "status": status,
                    "budget": budget,
                    "detector": detector,
                    "simulated": simulated,
                }
            )
    frame = pd.DataFrame(rows, columns=tables.SCHEMAS["lead_time"].names)
    for column in ("event_utc", "onset_utc", "decision_utc"):
        frame[column] = pd.to_datetime(frame[column], utc=True).astype("datetime64[us, UTC]")
    return frame.astype({"lead_days": float, "delay_days": float})


def _status(
    starts: np.ndarray, looked: np.ndarray, begin: np.datetime64, end: np.datetime64 | None
) -> tuple[np.datetime64 | None, str]:
    """The decision that counts, and what it is. An early one counts for nothing: it is a false alarm."""
    inside = starts[(starts >= begin) & (True if end is None else starts < end)]
    if len(inside):
        return inside[0], "detected"
    in_window = looked[(looked >= begin) & (True if end is None else looked < end)]
    if not len(in_window):
        return None, "not_judged"
    after = starts[starts >= end] if end is not None else starts[:0]
    if len(after):
        return after[0], "late"
    return None, "early" if len(starts) else "missed"


def _delay(chosen: np.datetime64 | None, onset: pd.Timestamp | None) -> float | None:
    if chosen is None or onset is None:
        return None
    return float((pd.Timestamp(chosen, tz="UTC") - onset) / pd.Timedelta(days=1))
