"""Runs that are not as usual: one branch, no alarm, odd names, a cage that was never seen."""

import pandas as pd
import pytest

from presage import tables
from tests.browser import browser
from tests.browser.made_up_site import write_pages
from tests.unit.report.made_up_run.cages import homecage_run
from tests.unit.report.made_up_run.facts import EVENTS, filled, utc
from tests.unit.report.made_up_run.sequence import sequence_run

ODD = {"C01": "Käfig 1 <script>alert('x')<b>", "C02": 'R%2 "#?&', "C03": "ケージ/3"}


def sheet(rename: dict[str, str]) -> pd.DataFrame:
    rows = [{"cage": rename.get(r.cage, r.cage), "kind": r.kind, "time_utc": utc(r.day)} for r in EVENTS.itertuples()]
    return filled("events", rows)


def change(folder, name: str, table: str, how) -> None:
    """Rewrite a table of the home cage."""
    path = folder / f"homecage/{name}.parquet"
    tables.write(path, table, how(tables.read(path, table)))


TABLES = [("readings/daily", "daily"), ("readings/hourly", "hourly"), ("distress/scores", "distress_scores"),
          ("distress/alarms", "alarms"), ("distress/reasons", "reasons")]  # fmt: skip


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """Odd names, and C06 was never seen."""
    folder = tmp_path_factory.mktemp("odd") / "run"
    homecage_run(folder)
    blind = {"daily": {"value": None, "coverage": 0.0}, "hourly": {"value": None, "seen_s": 0.0},
             "distress_scores": {"score": None, "no_call": True, "alarm": False, "warm_up": False}}  # fmt: skip
    for name, table in TABLES:

        def how(frame, table=table):
            for column, value in blind.get(table, {}).items():
                frame.loc[frame["cage"] == "C06", column] = value
            return frame.assign(cage=frame["cage"].replace(ODD))

        change(folder, name, table, how)
    write_pages(folder, sheet(ODD))
    return folder


def test_odd_names_are_shown_as_they_are_and_their_pages_open(visit, odd):
    page = visit(odd / "homecage/morning.html")
    shown = page.locator(".tile h2 a").all_inner_texts()
    assert set(ODD.values()) <= set(shown)
    for name in ODD.values():
        page.locator(".tile h2 a", has_text=name).click()
        assert page.locator("h1").inner_text() == f"Cage {name}"
        assert browser.accessibility(page) == []
        page.go_back()
    page.goto((odd / "index.html").as_uri())
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert page.get_by_text(ODD["C01"], exact=True).count() >= 1
    assert page.locator("b", has_text="alert").count() == 0  # text, not markup


def test_a_cage_that_was_never_seen_is_no_quiet_one(visit, odd):
    page = visit(odd / "homecage/morning.html")
    tile = page.locator(".tile", has=page.get_by_role("link", name="C06", exact=True))
    assert tile.get_attribute("data-state") == "no_call" and "no score" in tile.inner_text()
    tile.get_by_role("link").click()
    assert page.locator("svg.timeline circle").count() == 0 and page.locator("svg.actogram").count() == 0
    assert page.locator("#unseen ~ .scroll tbody tr").count() == page.locator("svg.timeline rect.no_call").count() / 3
    assert browser.sheets(page) == 1


def test_a_run_without_any_alarm(visit, tmp_path):
    folder = tmp_path / "calm"
    homecage_run(folder)
    for name, table in TABLES[2:]:
        change(folder, name, table, lambda f, t=table: f.assign(alarm=False) if t == "distress_scores" else f[:0])
    write_pages(folder, sheet({})[:0])
    page = visit(folder / "homecage/morning.html", width=390)
    told = page.locator(".tile", has_text="Measured: 5 % weight loss")
    assert page.locator(".counts li", has_text="check").inner_text() == "3 check" and told.count() == 3
    assert browser.overflow(page) <= 0
    page.locator(".tile h2 a").first.click()
    assert "None in this recording" in page.locator("main").inner_text()
    visit(folder / "index.html")


@pytest.mark.parametrize(("make", "there", "absent"), [(sequence_run, "sequence", "homecage"),
                                                       (homecage_run, "homecage", "sequence")])  # fmt: skip
def test_a_run_of_one_branch(visit, tmp_path, make, there, absent):
    folder = tmp_path / "one"
    make(folder)
    write_pages(folder, sheet({}))
    page = visit(folder / "index.html")
    assert page.locator(f"section #{there}").count() == 1 and page.locator(f"#{absent}").count() == 0
    assert browser.accessibility(page) == []
