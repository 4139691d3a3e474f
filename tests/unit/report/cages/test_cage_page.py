"""The page of a cage: well-formed, escaped, each alarm with its reasons and film, what was not judged in sight."""

import re
import xml.etree.ElementTree as ET

import pandas as pd
import pytest

from presage import tables
from presage.report.cages.cage_page import Cage, cage_page
from presage.report.cages.films import Film
from presage.report.cages.reasons import Reason
from tests.unit.report.made_up_run.cages import colony, hourly
from tests.unit.report.made_up_run.facts import DAYS, START, filled, utc

DAILY, SCORES, ALARMS = colony()
HOURLY = hourly(DAILY)
NOTHING = tables.empty("quality")


def cage(name: str, events: pd.DataFrame, **more: object) -> Cage:
    frames = {"daily": DAILY, "scores": SCORES, "alarms": ALARMS, "events": events, "hourly": HOURLY}
    own = {key: frame[frame["cage"] == name] for key, frame in frames.items()}
    return Cage(name, **{**own, "quality": NOTHING, **more})


def test_drawings_are_well_formed_xml(events):
    drawings = re.findall(r"<svg.*?</svg>", cage_page(cage("C01", events), simulated=True), re.S)
    assert len(drawings) == 2
    for svg in drawings:
        ET.fromstring(svg)


def test_values_are_escaped(events):
    odd = cage("C01", events, state=("check", "<i>", "a"))
    text = cage_page(Cage("<script>x</script>", **{k: v for k, v in vars(odd).items() if k != "name"}))
    assert "<its>" not in text and "&lt;its&gt;" in text and "<i>" not in text
    assert "<script>x" not in text and "&lt;script&gt;x" in text


def test_simulated_is_said(events):
    assert "SIMULATED DATA" in cage_page(cage("C01", events), simulated=True)
    assert "SIMULATED DATA" not in cage_page(cage("C01", events), simulated=False)


def test_an_unknown_cage_is_an_error(events):
    with pytest.raises(ValueError, match="C99"):
        cage_page(cage("C99", events))


def test_animals_of_one_cage_have_their_own_drawings(events):
    two = pd.concat([SCORES[SCORES["cage"] == "C01"].assign(animal=name) for name in ("m1", "m2")])
    one = DAILY[DAILY["cage"] == "C01"].assign(animal="m1")
    text = cage_page(cage("C01", events, scores=two, daily=one))
    assert text.count('<svg class="timeline"') == 2 and "Animal m2" in text


def test_every_link_to_an_alarm_finds_its_card(events):
    text = cage_page(cage("C01", events))
    links = re.findall(r'href="#(alarm-\d+)"', text)
    assert len(links) == 1 + ALARMS.loc[ALARMS["cage"] == "C01", "alarm_days"].iloc[0]  # the drawing, actogram's days
    assert set(links) == set(re.findall(r'<details class="why check current" id="(alarm-\d+)"', text))


def test_an_alarm_says_why_and_shows_the_films_of_its_days(events):
    first = (ALARMS.loc[ALARMS["cage"] == "C01", "first_date"].iloc[0] - START).days
    films = [Film(f"clips/C01/{d}.mp4", utc(d), 10) for d in (first - 0.1, first + 0.1)]
    said = [Reason("Night distance (px)", 37.3, 101.0, 72.9, 133.0, "19 Mar", "ZT 12 to 24", clip="clips/C01/best.mp4")]
    text = cage_page(cage("C01", events, films=films), explain=lambda alarm: said)
    assert f'src="../clips/C01/{first + 0.1}.mp4"' in text and f"{first - 0.1}.mp4" not in text
    assert "<b>37.3</b>" in text and "72.9 to 133" in text and "below; 19 Mar, ZT 12 to 24" in text
    text = cage_page(cage("C01", events), explain=lambda alarm: said)
    assert "No film was made" in text and "results//homecage/clips/C01/best.mp4</code>" in text


def test_an_event_without_animal_or_note_leaves_their_cells_empty(events):
    onset = filled("events", [{"cage": "C01", "kind": "onset", "time_utc": utc(14)}]).assign(note=float("nan"))
    text = cage_page(cage("C01", onset.assign(animal=float("nan"))))
    assert "true onset" in text and ">nan<" not in text


def test_days_without_a_call_say_what_was_wrong_with_the_camera(events):
    rows = [{"cage": "C05", "date": SCORES["date"].max(), "coverage": 0.1, "camera_fault": True, "reason": "dark"}]
    text = cage_page(cage("C05", events, quality=filled("quality", rows)))
    table = re.search(r'<h2 id="unseen">.*?</table>', text, re.S)[0]
    assert table.count("no call") == 2 and "10 %" in table and "dark" in table
    assert 'id="unseen"' not in cage_page(cage("C03", events))


def test_a_cage_with_only_gaps_has_a_page(events):
    gone = DAILY[DAILY["cage"] == "C05"].assign(value=None, coverage=0.0)
    blind = SCORES[SCORES["cage"] == "C05"].assign(score=None, no_call=True, warm_up=False, alarm=False)
    unseen = HOURLY[HOURLY["cage"] == "C05"].assign(value=None, seen_s=0.0)
    text = cage_page(cage("C05", events, daily=gone, scores=blind, hourly=unseen))
    assert f"{DAYS} days, 0 with an alarm, {DAYS} without a call" in text
    assert '<svg class="actogram"' not in text and "<circle" not in text
