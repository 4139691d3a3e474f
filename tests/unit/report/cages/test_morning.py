"""The morning page: the neediest first, what was not judged in sight, and every tile leads to its timeline."""

import datetime as dt
import json
import re
import zoneinfo

import numpy as np
import pandas as pd
import pytest

from presage import tables
from presage.config.report import Report
from presage.report.cages.course import spark
from presage.report.cages.films import Film
from presage.report.cages.morning import STATES, Wall, morning_page, write_morning
from presage.report.cages.reasons import Reason
from presage.report.run import Run
from tests.unit.report.made_up_run.cages import colony, homecage_run
from tests.unit.report.made_up_run.facts import START, filled, utc

DAILY, SCORES, ALARMS = colony()
LAST = SCORES["date"].max()


@pytest.fixture
def unweighed(events):
    """The events without what scales told, which keep a cage in sight."""
    return events[~events["kind"].str.startswith("weight_loss")]


def tiles(scores, alarms, events, **more):
    return Wall(scores, alarms, events, **more).tiles()


def states(scores, alarms, events) -> dict[str, str]:
    return {tile.cage: tile.state for tile in tiles(scores, alarms, events)}


def test_states_and_order(events):
    found = tiles(SCORES, ALARMS, events)
    assert {t.cage: t.state for t in found} == {
        "C01": "check", "C02": "check", "C03": "quiet", "C04": "quiet", "C05": "camera_fault", "C06": "quiet",
    }  # fmt: skip
    ranks = [STATES[t.state][0] for t in found]
    assert ranks == sorted(ranks)


def test_no_call_is_never_quiet(events):
    assert states(SCORES, ALARMS, events[:0])["C05"] == "no_call"


def test_a_measured_camera_fault_is_no_sick_mouse(events):
    """The camera of C03 stood still on the last day, that of C04 long ago."""
    rows = [
        {"cage": "C03", "date": LAST, "camera_fault": True, "reason": "still for 30 % of the time"},
        {"cage": "C04", "date": START, "camera_fault": True, "reason": "dark"},
    ]
    found = {tile.cage: tile for tile in tiles(SCORES, ALARMS, events, quality=filled("quality", rows))}
    assert found["C03"].state == "camera_fault" and "still for 30 %" in found["C03"].explanation
    assert found["C04"].state == "quiet"
    assert found["C01"].state == "check"  # an alarm is one, whatever the camera


def test_a_cage_that_lost_weight_is_not_quiet_until_somebody_has_looked(events):
    assert states(SCORES, ALARMS, events)["C04"] == "quiet"
    until = SCORES.loc[SCORES["cage"] == "C04", "decision_utc"].max()

    def told(*rows):
        new = [{"cage": "C04", "kind": kind, "time_utc": until - pd.Timedelta(days=ago), "value": value}
               for kind, ago, value in rows]  # fmt: skip
        both = [
            part.astype({"animal": object, "note": object, "value": float}) for part in (events, filled("events", new))
        ]
        found = tiles(SCORES, ALARMS, pd.concat(both, ignore_index=True))
        [tile] = [tile for tile in found if tile.cage == "C04"]
        return tile.state, [line.rpartition(",")[0] for line in tile.measured]

    loss = ("weight_loss_10pct", 2, 0.123)
    assert told(loss, ("weight_loss_5pct", 3, 0.06)) == ("check", ["Measured: 12 % of its weight lost"])
    assert told(("temperature_fall", 1, 2.5), ("weight_loss_5pct", 3, None)) == (
        "check", ["Measured: 2.5 degrees colder", "Measured: 5 % weight loss"],
    )  # fmt: skip
    assert told(("weight_loss_5pct", 1, 18.6)) == ("check", ["Measured: 5 % weight loss"])  # somebody's grams
    assert told(loss, ("acknowledged", 1, None)) == ("quiet", [])
    assert told(loss, ("acknowledged", 3, None))[0] == "check"
    assert told(("weight_loss_5pct", 8, 0.06)) == ("quiet", [])
    assert told(("weight_loss_5pct", -1, 0.06)) == ("quiet", [])  # not known yet at the state that is shown


def test_an_alarm_that_somebody_looked_after_steps_back_until_a_new_one_comes(unweighed):
    own = ALARMS[ALARMS["cage"] == "C01"]
    decided = SCORES.loc[SCORES["cage"] == "C01", "decision_utc"].max()

    def with_note(at):
        note = {
            "cage": "C01",
            "animal": None,
            "time_utc": at,
            "kind": "acknowledged",
            "value": None,
            "note": "wet food",
        }
        return pd.concat([unweighed, pd.DataFrame([note])], ignore_index=True)

    after = with_note(decided + pd.Timedelta(hours=2))
    first = {tile.cage: tile for tile in tiles(SCORES, ALARMS, after)}["C01"]
    assert (
        first.state == "seen" and first.explanation.startswith("Seen on ") and first.explanation.endswith(": wet food")
    )
    before = with_note(own["decision_utc"].max() - pd.Timedelta(hours=2))
    assert states(SCORES, ALARMS, before)["C01"] == "check"
    urgent = own.iloc[[0]].assign(
        level="urgent", episode=0, decision_utc=decided + pd.Timedelta(hours=5), last_date=LAST
    )
    assert states(SCORES, pd.concat([ALARMS, urgent]), after)["C01"] == "urgent"
    calm = SCORES.assign(alarm=False)
    assert states(calm, ALARMS[:0], after)["C01"] == "quiet"


def test_an_animal_that_gets_worse_after_somebody_looked_is_looked_at_again(unweighed):
    """An alarm of the last three days; somebody looked after the second."""
    days = [LAST - dt.timedelta(days=i) for i in (2, 1, 0)]
    own = SCORES["cage"] == "C01"
    alarm = ALARMS[ALARMS["cage"] == "C01"].iloc[[-1]].assign(first_date=days[0], last_date=LAST, level="check")
    decided = SCORES[own].groupby("date")["decision_utc"].max()
    note = {"cage": "C01", "time_utc": decided[days[1]] + pd.Timedelta(hours=6), "kind": "acknowledged", "note": "fed"}

    def tile(*scores, looked=note["time_utc"]):
        events = pd.concat([unweighed, filled("events", [{**note, "time_utc": looked}])], ignore_index=True)
        now = SCORES[~(own & (SCORES["date"] < days[0]) & SCORES["alarm"])].copy()
        for day, score in zip(days, scores):
            rows = (now["cage"] == "C01") & (now["date"] == day)
            now.loc[rows, ["score", "threshold", "alarm", "explanation"]] = [score, 1.0, True, f"as on {day}"]
        here = alarm.assign(decision_utc=decided[days[0]])
        return next(t for t in tiles(now, here, events) if t.cage == "C01")

    assert (tile(3.0, 5.0, 4.0).state, tile(3.0, 5.0, 5.0).state) == ("seen", "seen")
    worse = tile(3.0, 4.0, 5.0)
    assert worse.state == "check" and worse.said[0].startswith("Worse than when it was seen. Seen on ")
    assert worse.said[1] == f"as on {LAST}"  # of the last day, not of the worst
    assert tile(3.0, 5.0, 4.0).said[1] == f"as on {LAST}"
    # Who looks while the day that ended is being decided has seen that day; who will look in a week has not.
    over = decided[LAST] - pd.Timedelta(minutes=30)
    assert tile(3.0, 4.0, 5.0, looked=over).state == "seen"
    assert tile(3.0, 4.0, 5.0, looked=over - pd.Timedelta(hours=3)).said[0].startswith("Worse than when")
    assert tile(3.0, 4.0, 5.0, looked=decided[LAST] + pd.Timedelta(days=1.9)).state == "seen"
    assert tile(3.0, 4.0, 5.0, looked=decided[LAST] + pd.Timedelta(days=2.1)).state == "check"


def test_a_tile_says_since_when_and_what_fell_into_the_beginning(unweighed):
    first = LAST - dt.timedelta(days=2)
    alarm = ALARMS[ALARMS["cage"] == "C01"].iloc[[-1]].assign(first_date=first, last_date=LAST, level="check")
    decided = SCORES.loc[(SCORES["cage"] == "C01") & (SCORES["date"] == first), "decision_utc"].max()
    alarm = alarm.assign(decision_utc=decided)

    def since(scores, *kinds):
        rows = [{"cage": "C01", "kind": kind, "time_utc": decided - pd.Timedelta(hours=16)} for kind in kinds]
        events = filled("events", rows) if rows else unweighed[:0]
        return next(t.since for t in tiles(scores, alarm, events) if t.cage == "C01")

    when = f"{decided - pd.Timedelta(hours=16):%d %b %H:%M}"
    start = f"Alarm since the cage-day of {first:%d %b}, known on {decided:%d %b %H:%M}"
    assert since(SCORES) == start
    assert since(SCORES, "cage_change", "onset") == f"{start}; cage change at {when}"
    unjudged = SCORES.assign(score=SCORES["score"].where(SCORES["date"] >= first))
    assert since(unjudged).endswith("; the first day that could be judged: it may have begun before")
    assert next(t.since for t in tiles(SCORES, ALARMS[:0], unweighed) if t.cage == "C03") == ""


def test_reasons_within_the_own_band_are_none(events):
    def reason(value):
        return Reason(
            "Distance (px)", value, 10.0, 8.0, 12.0, "2 days to 01 May", "ZT 12 to 24", "oddest at 21:00 (ZT 2)"
        )

    found = tiles(SCORES, ALARMS, events, explain=lambda alarm: [reason(11.0), reason(3.0)])
    [shown] = next(t.reasons for t in found if t.cage == "C01")
    assert shown.value == 3.0
    text = morning_page(Wall(SCORES, ALARMS, events, explain=lambda alarm: [reason(3.0)]))
    assert "(2 days to 01 May; own 8 to 12; oddest at 21:00 (ZT 2))" in text


def test_a_watch_is_for_today_where_nobody_knows_how_strong_an_alarm_is(unweighed):
    alarm = ALARMS[ALARMS["cage"] == "C01"].iloc[[-1]].assign(first_date=LAST, last_date=LAST, level="watch")

    def tile(scores=SCORES, **more):
        return next(t for t in tiles(scores, alarm, unweighed, **more) if t.cage == "C01")

    assert (tile().state, tile().action) == ("watch", "Look again tomorrow")
    assert tile(guessed=True).action.startswith("Look at this cage today: how strong")
    unseen = tile(SCORES[(SCORES["cage"] != "C01") | (SCORES["date"] < LAST)])
    assert unseen.action == "Look at this cage today" and unseen.said[0].startswith("Nothing was recorded after ")


def test_an_urgent_check_goes_first_and_needs_no_score(events):
    urgent = {"cage": "C05", "first_date": LAST, "last_date": LAST, "level": "urgent", "decision_utc": utc(23.9),
              "threshold": 6.0, "budget": 1.0, "explanation": "hidden for 7.0 h of the dark"}  # fmt: skip
    first = tiles(SCORES, filled("alarms", [urgent]), events)[0]
    assert (first.cage, first.state, first.score) == ("C05", "urgent", None)
    assert first.explanation == "hidden for 7.0 h of the dark"


def test_a_closed_alarm_is_over(unweighed):
    closed = ALARMS[ALARMS["cage"] == "C01"].assign(last_date=START)
    calm = SCORES.assign(alarm=False)
    assert states(calm, closed, unweighed)["C01"] == "quiet"


def test_an_alarm_stays_open_for_two_quiet_days(unweighed):
    calm = SCORES.assign(alarm=False)
    for days, state in ((1, "watch"), (2, "watch"), (3, "quiet")):
        ended = ALARMS[ALARMS["cage"] == "C01"].assign(last_date=LAST - dt.timedelta(days=days))
        assert states(calm, ended, unweighed)["C01"] == state


def test_warming_up_and_masked_days_say_so(events):
    assert set(states(SCORES[SCORES["date"] == START], ALARMS[:0], events[:0]).values()) == {"warm_up"}
    masked = SCORES[SCORES["date"] == START].assign(warm_up=False, masked=True, score=None)
    assert set(states(masked, ALARMS[:0], events[:0]).values()) == {"masked"}


def test_the_page_is_complete_in_itself_and_escaped(events):
    said = SCORES.assign(explanation=SCORES["explanation"].where(~SCORES["alarm"].astype(bool), "below <its> own"))
    text = morning_page(Wall(said, ALARMS, events), "demo", True)
    assert "SIMULATED DATA" in text and "http" not in text
    assert "&lt;its&gt;" in text and "<its>" not in text
    assert re.search(r"<b>1</b> camera fault", text) and re.search(r"<b>0</b> urgent", text)


def test_rising_goes_before_steady_and_steady_before_falling():
    def at_the_end(cage, *values):
        own = SCORES[SCORES["cage"] == cage].sort_values("date").copy()
        own.loc[own.index[-4:], "score"] = np.array(values, float)
        return own.assign(alarm=False, no_call=False, warm_up=False)

    cages = {"C01": (9, 9, 9, 9), "C02": (9, 9, 1, 1), "C03": (0, 0, 2, 2), "C04": (None, 0, 2, 2)}
    scores = pd.concat([at_the_end(cage, *values) for cage, values in cages.items()])
    found = tiles(scores, ALARMS[:0], tables.empty("events"))
    assert {t.cage: t.trend for t in found} == {"C01": "steady", "C02": "falling", "C03": "rising", "C04": ""}
    assert [t.cage for t in found] == ["C03", "C01", "C04", "C02"]  # steady: far over the threshold first


def test_a_cage_that_was_last_seen_earlier_says_so(events):
    early = SCORES[(SCORES["cage"] != "C03") | (SCORES["date"] < LAST - dt.timedelta(days=3))]
    text = morning_page(Wall(early, ALARMS, events))
    assert text.count("last seen ") == 1 and f"last seen {LAST - dt.timedelta(days=4)}" in text


def test_films_of_an_open_alarm_are_on_its_tile(events):
    start = ALARMS.loc[ALARMS["cage"] == "C01", "decision_utc"].iloc[0]
    films = [Film(f"clips/C01/{i}.mp4", start + pd.Timedelta(days=i), 10) for i in (-3, 1)]
    text = morning_page(Wall(SCORES, ALARMS, events, films={"C01": films, "C03": films}))
    assert text.count("clips/C01/") == 1 and "clips/C01/1.mp4" in text


def test_an_empty_facility(events):
    assert "No cage has been judged yet" in morning_page(Wall(SCORES[:0], ALARMS[:0], events[:0]))


def test_every_tile_leads_to_a_page(run_folder, tmp_path):
    write_morning(Run(run_folder), tmp_path / "morning.html", tmp_path / "timeline", Report(), True)
    links = re.findall(r'href="(timeline/[^"]+)"', (tmp_path / "morning.html").read_text())
    assert len(links) == 6
    for link in links:
        assert (tmp_path / link).is_file()
    first = (tmp_path / "timeline/C01.html").read_text()
    assert 'class="band"' in first and "true onset" in first  # baseline of the detector, onset of the evaluation


def test_times_are_those_of_the_facility(run_folder, tmp_path):
    write_morning(
        Run(run_folder), tmp_path / "m.html", tmp_path / "timeline", Report(), zone=zoneinfo.ZoneInfo("Asia/Tokyo")
    )
    here = (tmp_path / "timeline/C01.html").read_text()
    write_morning(Run(run_folder), tmp_path / "m.html", tmp_path / "timeline", Report())
    there = (tmp_path / "timeline/C01.html").read_text()
    [utc], [local] = (set(re.findall(r"Decided ([-\d]+ [:\d]+) \w+", text)) for text in (there, here))
    assert pd.Timestamp(local) - pd.Timestamp(utc) == pd.Timedelta(hours=9)
    assert " JST" in here and " UTC" not in here and " UTC" in there


def test_a_cage_that_is_no_longer_recorded_is_not_quiet(events):
    """Its last day was quiet, but nobody knows of the days since."""
    gone = SCORES[(SCORES["cage"] != "C03") | (SCORES["date"] <= LAST - dt.timedelta(days=3))]
    found = {tile.cage: tile for tile in tiles(gone, ALARMS, events)}
    assert found["C03"].state == "no_call" and found["C04"].state == "quiet"
    assert found["C03"].explanation == f"Nothing was recorded after {LAST - dt.timedelta(days=3)}"
    alarmed = SCORES[(SCORES["cage"] != "C01") | (SCORES["date"] < LAST)]
    assert states(alarmed, ALARMS, events)["C01"] in ("check", "watch")  # an alarm is not taken back by a gap


def test_a_cage_of_the_sheet_without_any_day_has_a_tile(events):
    found = {tile.cage: tile for tile in tiles(SCORES, ALARMS, events, cages=["C01", "C99"])}
    assert found["C99"].state == "no_call" and not found["C99"].link and len(found) == 7
    text = morning_page(Wall(SCORES, ALARMS, events, cages=["C99"]))
    assert 'data-cage="C99"' in text and "timeline/C99" not in text


def test_a_budget_that_was_guessed_is_said_to_be(events, tmp_path):
    folder = tmp_path / "run"
    homecage_run(folder)

    def page(guessed):
        [card] = (folder / "homecage/distress/model").glob("*.json")
        facts = {"extrapolated_budgets": guessed, "calibration_months": 0.2}
        card.write_text(json.dumps(json.loads(card.read_text()) | facts))
        write_morning(Run(folder, events=events), tmp_path / "m.html", tmp_path / "timeline", Report())
        return (tmp_path / "m.html").read_text()

    budget = float(ALARMS["budget"].iloc[0])
    assert "a guess: the cages that set the threshold had 0.2 healthy cage-months" in page([budget])
    assert "a guess" not in page([budget / 10])


def test_an_alarm_that_is_over_says_when_it_was(events):
    """The cage stays in sight for two days, and its score of today is under the threshold."""
    quiet = events[~events["kind"].str.startswith("weight_loss")]
    over = ALARMS.assign(
        first_date=LAST - dt.timedelta(days=2),
        last_date=LAST - dt.timedelta(days=1),
        score=1.97,
        threshold=1.33,
        level="watch",
    )
    calm = SCORES.assign(alarm=SCORES["alarm"] & (SCORES["date"] < LAST))
    tile = next(tile for tile in tiles(calm, over, quiet) if tile.cage == "C01")
    days = f"{LAST - dt.timedelta(days=2):%d %b} to {LAST - dt.timedelta(days=1):%d %b}"
    assert tile.state == "watch"
    assert tile.explanation.startswith(f"Alarm of {days} (1.97 over 1.33), none since: ")


def test_cages_that_set_the_thresholds_say_so(events):
    text = morning_page(Wall(SCORES, ALARMS, events, calibrating={"C03"}))
    assert text.count("sets the thresholds</p>") == 1


def test_a_spark_shows_each_days_threshold_and_no_day_before_the_recording():
    own = SCORES[SCORES["cage"] == "C01"].sort_values("date").tail(3).copy()
    own[["score", "threshold", "alarm"]] = [[1.5, 1.6, False], [None, None, False], [2.0, 1.0, True]]
    drawn = spark(own, own["date"].max(), 5)
    assert len(drawn.gaps) == 1  # of the two days before the first, nothing is known
    assert len(drawn.dots) == 1 and drawn.dots[0][0] == 98
    assert drawn.threshold.count("M") == 2 and drawn.score.count("M") == 2
    heights = [float(dash.split()[1].split("L")[0]) for dash in drawn.threshold.split("M")[1:]]
    assert heights[0] < heights[1]  # the first day's is higher, and y goes down
