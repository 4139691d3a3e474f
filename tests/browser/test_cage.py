"""The page of a cage in a browser: an alarm says why, the card fits A4, numbers are the tables', dark mode is dark."""

import pytest

from presage.report.render import number
from presage.report.run import Run
from tests.browser import browser
from tests.browser.browser import shown


@pytest.fixture
def cage(visit, site):
    return visit(site / "homecage/timeline/C01.html")


def test_an_alarm_in_a_drawing_opens_its_reasons(cage):
    card = cage.locator("#alarm-1")
    for place in (cage.locator("svg.timeline a"), cage.locator("svg.actogram a").first):
        card.evaluate("(card) => { card.open = false; }")
        place.click(position={"x": 2, "y": 6})
        assert card.get_attribute("open") is not None
        assert card.locator(".reasons").is_visible()
        assert cage.evaluate("document.activeElement.parentElement.id") == "alarm-1"


def test_alarms_are_reached_by_keyboard(cage):
    card = cage.locator("#alarm-1")
    card.evaluate("(card) => { card.open = false; }")
    while cage.evaluate("document.activeElement.getAttribute('href')") != "#alarm-1":
        cage.keyboard.press("Tab")
    assert "distance at night" in cage.evaluate("document.activeElement.getAttribute('aria-label')")
    cage.keyboard.press("Enter")
    assert card.get_attribute("open") is not None


def test_an_address_with_an_alarm_opens_it(visit, site, tmp_path):
    page = visit(site / "homecage/timeline/C01.html")
    page.goto(page.url + "#alarm-1")
    page.reload()
    assert page.evaluate("document.activeElement.parentElement.id") == "alarm-1"


def test_numbers_are_those_of_the_tables(cage, site):
    run = Run(site)
    alarm = run.table("alarms").query("cage == 'C01'").iloc[0]
    card = cage.locator("#alarm-1")
    assert f"score {number(alarm['score'])}, threshold {number(alarm['threshold'])}" in card.inner_text()
    assert f"{alarm['first_date']} to {alarm['last_date']}" in card.inner_text()
    reasons = run.table("reasons").query("cage == 'C01'").sort_values("rank")
    rows = [row.locator("td").all_inner_texts() for row in card.locator("tbody tr").all()]
    assert [row[:3] for row in rows] == [
        [
            shown(r, "value"),
            shown(r, "usual"),
            f"{shown(r, 'band_low')} to {shown(r, 'band_high')}",
        ]
        for r in reasons.to_dict("records")
    ]
    daily = run.table("daily").query("cage == 'C01' and name == 'night_distance'").sort_values("date")
    titles = cage.locator("svg.timeline circle title").all_text_contents()
    for row in daily.to_dict("records"):
        assert f"{row['date']}: {number(row['value'])} {row['unit']}, coverage {row['coverage']:.0%}" in titles
    scores = run.table("distress").query("cage == 'C01'")
    assert f"{len(scores)} days, {scores['alarm'].sum()} with an alarm" in cage.locator("main").inner_text()


def test_days_without_a_call_are_named(visit, site):
    page = visit(site / "homecage/timeline/C05.html")
    scores = Run(site).table("distress").query("cage == 'C05' and no_call")
    days = page.locator("#unseen ~ .scroll td.time").all_inner_texts()
    assert days == [str(day) for day in sorted(scores["date"], reverse=True)]


@pytest.mark.parametrize("name", ["C01", "C05"])
def test_the_cage_card_fits_one_sheet(visit, site, name):
    page = visit(site / f"homecage/timeline/{name}.html")
    assert browser.sheets(page) == 1
    # as tall as with eight panels, and with a third reason
    page.evaluate("document.querySelector('svg.timeline').setAttribute('viewBox', '0 0 960 930')")
    page.evaluate("document.querySelectorAll('.reasons tbody').forEach((t) => t.append(t.rows[0].cloneNode(true)))")
    assert browser.sheets(page) == 1
    page.emulate_media(media="print")
    assert page.locator(".sign-off").is_visible() and not page.locator("nav").is_visible()


def test_dark_mode_is_dark_on_screen_and_white_on_paper(visit, site):
    page = visit(site / "homecage/timeline/C01.html", dark=True)
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(17, 20, 24)"
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(31, 35, 40)"


def test_motion_is_reduced_where_asked(visit, site):
    behaviour = "getComputedStyle(document.documentElement).scrollBehavior"
    assert visit(site / "homecage/timeline/C01.html", still=True).evaluate(behaviour) == "auto"
    assert visit(site / "homecage/timeline/C01.html").evaluate(behaviour) == "smooth"


def test_the_last_days_are_in_sight_on_a_phone(visit, site):
    page = visit(site / "homecage/timeline/C01.html", width=390)
    card = page.locator(".card.scroll", has=page.locator("svg.timeline"))
    assert card.evaluate(
        "(card) => card.scrollLeft > 100 && card.scrollLeft + card.clientWidth >= card.scrollWidth - 1"
    )
