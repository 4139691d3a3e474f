"""Which alarm counts for an event, and the lead-time table of a colony that is small enough to count by hand."""

import numpy as np
import pandas as pd
import pytest

from presage import tables
from presage.homecage.detectors.detector import Scores
from presage.homecage.detectors.models import Judged
from presage.homecage.detectors.panel import Panel
from presage.homecage.evaluation import lead_time

START = np.datetime64("2026-03-01")
DAYS = 20
UNITS = [("a", ""), ("other", ""), ("b", ""), ("c", ""), ("d", "left"), ("d", "right")]


def _case(starts: list[float], looked: list[float], event: float = 20.0, horizon: float = 7.0) -> tuple:
    """Days as plain numbers since the epoch."""
    days = [
        np.array([np.datetime64(round(d * 86400e6), "us") for d in v], dtype="datetime64[us]") for v in (starts, looked)
    ]
    edge = [np.datetime64(round(d * 86400e6), "us") for d in (event - horizon, event)]
    chosen, status = lead_time._status(days[0], days[1], *edge)
    return (None if chosen is None else (edge[1] - chosen) / lead_time.DAY), status


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        ([17.0], (3.0, "detected")),
        ([13.0], (7.0, "detected")),  # [event - 7 d, ...
        ([12.9], (None, "early")),
        ([20.0], (0.0, "late")),  # ..., event)
        ([22.0], (-2.0, "late")),
        ([15.0, 18.0], (5.0, "detected")),  # the first of several
        ([21.0, 22.0], (-1.0, "late")),
        ([5.0, 18.0], (2.0, "detected")),
        ([5.0, 22.0], (-2.0, "late")),
        ([], (None, "missed")),
    ],
)
def test_what_counts_as_detected(starts: list[float], expected: tuple) -> None:
    assert _case(starts, [15.0, 16.0]) == expected


@pytest.mark.parametrize(
    ("looked", "status"), [(13.0, "missed"), (12.9, "not_judged"), (19.9, "missed"), (20.0, "not_judged")]
)
def test_a_case_that_nobody_could_judge_is_not_a_miss(looked: float, status: str) -> None:
    assert _case([], [looked]) == (None, status)


def _judged(alarms: dict[str, list[int]], unseen: str = "") -> Judged:
    """Days of :data:`UNITS` that end at midnight; score 2 on days of ``alarms`` {unit: days}, else 0, and none for the
    unit ``unseen``."""
    dates = START + np.arange(DAYS)
    shape = (len(UNITS), DAYS)
    names = [f"{cage} {animal}".strip() for cage, animal in UNITS]
    score = np.zeros(shape)
    for unit, days in alarms.items():
        score[names.index(unit), days] = 2.0
    score[[name == unseen for name in names]] = np.nan
    end = np.broadcast_to((dates + 1).astype("datetime64[us]"), shape)
    empty = np.zeros((*shape, 0))
    panel = Panel(UNITS, dates, (), empty, empty.astype(np.int32), np.ones(shape), end)
    no = np.zeros(shape, bool)
    return Judged(panel, Scores(score, np.full(shape, None), no, no, no), [], np.zeros(DAYS, int), {1.0: np.ones(DAYS)})


def _events(*rows: tuple[str, str | None, str, float]) -> pd.DataFrame:
    """(cage, animal, kind, days since the start)."""
    table = pd.DataFrame(rows, columns=["cage", "animal", "kind", "day"])
    time = pd.Timestamp(START, tz="UTC") + pd.to_timedelta(table.pop("day"), unit="D")
    return table.assign(time_utc=time.astype("datetime64[us, UTC]"))


def _table(judged: Judged, events: pd.DataFrame) -> pd.DataFrame:
    groups = {cage: f"group of {cage}" for cage in "abcd"}
    return lead_time.lead_table(
        judged, events, groups, detector="ours", budget=1.0, merge_gap=2, horizon_days=7.0, latency_minutes=90.0,
        simulated=True,
    )  # fmt: skip


def test_lead_and_delay_are_counted_from_the_decision(tmp_path) -> None:
    events = _events(("a", None, "onset", 8.5), ("a", None, "weight_loss_5pct", 12.0), ("b", None, "death", 10.0))
    table = _table(_judged({"a": [9, 11]}), events)
    tables.write(tmp_path / "l.parquet", "lead_time", table)
    rows = table.set_index(["cage", "event"])
    # The alarm of day 9 is decided when the day is over and 90 minutes have passed.
    decided = pd.Timestamp("2026-03-11 01:30", tz="UTC")
    found, onset = rows.loc[("a", "weight_loss_5pct")], rows.loc[("a", "onset")]
    assert found["decision_utc"] == onset["decision_utc"] == decided and found["status"] == "detected"
    assert found["lead_days"] == pytest.approx(12 - 10 - 1.5 / 24)
    assert found["delay_days"] == onset["delay_days"] == pytest.approx(10 + 1.5 / 24 - 8.5)
    assert np.isnan(onset["lead_days"])  # nobody records an onset
    missed = rows.loc[("b", "death")]
    assert missed["status"] == "missed"
    assert missed[["decision_utc", "lead_days", "delay_days", "onset_utc"]].isna().all()
    assert set(table["group"]) == {"group of a", "group of b"} and table["simulated"].all()


def test_days_of_one_episode_are_one_alarm() -> None:
    """It began before the horizon: what follows within the gap is no second, timely alarm."""
    events = _events(("a", None, "death", 15.0), ("b", None, "death", 15.0))
    rows = _table(_judged({"a": [5, 8, 11], "b": [5, 9]}), events).set_index("cage")
    assert rows["status"].to_dict() == {"a": "early", "b": "detected"}


def test_the_first_event_of_a_kind_counts_and_others_do_not() -> None:
    events = _events(
        ("a", None, "weight_loss_5pct", 14.0), ("a", None, "weight_loss_5pct", 12.0), ("a", None, "cage_change", 11.0)
    )
    table = _table(_judged({}), events)
    assert table["event"].tolist() == ["weight_loss_5pct"]
    assert table["event_utc"].iloc[0] == pd.Timestamp("2026-03-13", tz="UTC")


def test_an_onset_waits_for_its_alarm_without_limit() -> None:
    events = _events(("a", None, "onset", 2.0), ("b", None, "onset", 12.0), ("c", None, "onset", 2.0))
    rows = _table(_judged({"a": [18], "b": [3, 8]}, unseen="c"), events).set_index("cage")
    assert rows["status"].to_dict() == {"a": "detected", "b": "early", "c": "not_judged"}
    assert rows.loc["a", "delay_days"] == pytest.approx(19 + 1.5 / 24 - 2)


def test_an_event_of_an_animal_is_its_own_and_one_of_the_cage_is_everyones() -> None:
    events = _events(("d", "left", "death", 10.0), ("d", None, "temperature_fall", 12.0), ("other", None, "death", 9.0))
    table = _table(_judged({"d left": [8]}), events)
    found = {(row.animal, row.event): row.status for row in table.itertuples()}
    assert found == {
        ("left", "death"): "detected",
        ("left", "temperature_fall"): "detected",
        ("right", "temperature_fall"): "missed",
    }
    assert set(table["cage"]) == {"d"}  # a cage outside the groups is no case


def test_a_cage_that_is_not_told_apart_takes_the_events_of_all_its_animals() -> None:
    table = _table(_judged({"a": [8]}), _events(("a", "left", "death", 10.0)))
    assert table["status"].tolist() == ["detected"] and table["animal"].isna().all()


def test_without_events_the_table_is_empty_and_typed(tmp_path) -> None:
    table = _table(_judged({"a": [3]}), _events(("a", None, "death", 5.0)).iloc[:0])
    tables.write(tmp_path / "l.parquet", "lead_time", table)
    assert tables.read(tmp_path / "l.parquet", "lead_time").empty
    times = table[["event_utc", "onset_utc", "decision_utc"]]
    assert (times.dtypes == "datetime64[us, UTC]").all()
