"""The morning page in a browser: tiles sort, filters filter, a tile opens its timeline, numbers are the tables'."""

import numpy as np
import pytest

from presage.report.cages.morning import STATES
from presage.report.render import number
from presage.report.run import Run
from tests.browser import browser


@pytest.fixture
def morning(visit, site):
    return visit(site / "homecage/morning.html")


def cages(page) -> list[str]:
    """Names on the tiles in sight, in their order."""
    return page.locator(".tile:visible h2 a").all_inner_texts()


def test_the_neediest_come_first_until_another_order_is_asked_for(morning):
    assert cages(morning)[:4] == ["C01", "C02", "C04", "C05"]  # C04: what a scale told
    morning.get_by_label("Sort by").select_option("name")
    assert cages(morning) == [f"C0{i}" for i in range(1, 7)]
    morning.get_by_label("Sort by").select_option("score")
    shown = [float(tile.get_attribute("data-excess")) for tile in morning.locator(".tile").all()]
    assert shown == sorted(shown, reverse=True)
    morning.get_by_label("Sort by").select_option("trend")
    trends = [tile.get_attribute("data-trend") for tile in morning.locator(".tile").all()]
    assert trends == sorted(trends)
    morning.get_by_label("Sort by").select_option("need")
    assert cages(morning)[:4] == ["C01", "C02", "C04", "C05"]  # C04: what a scale told


def test_filters_by_state_add_up_and_can_be_taken_back(morning):
    camera, check = (morning.get_by_role("button", name=name) for name in ("1 camera fault", "3 check"))
    camera.click()
    assert cages(morning) == ["C05"] and camera.get_attribute("aria-pressed") == "true"
    check.click()
    assert cages(morning) == ["C01", "C02", "C04", "C05"]
    assert morning.locator("#shown").inner_text() == "4 of 6 cages"
    camera.click()
    check.click()
    assert len(cages(morning)) == 6 and morning.locator("#shown").inner_text() == "6 cages"


def test_a_cage_is_found_by_its_name_or_by_a_reason(morning):
    morning.get_by_label("Find").fill("c03")
    assert cages(morning) == ["C03"]
    morning.get_by_label("Find").fill("sleep own")
    assert cages(morning) == ["C01", "C02"]
    morning.get_by_label("Find").fill("nothing like it")
    assert cages(morning) == [] and morning.locator("#shown").inner_text() == "0 of 6 cages"


def test_a_tile_opens_its_timeline_with_the_mouse_and_by_keyboard(morning):
    morning.locator(".tile", has_text="C05").click(position={"x": 120, "y": 150})  # anywhere on it
    assert morning.url.endswith("/timeline/C05.html") and morning.locator("h1").inner_text() == "Cage C05"
    morning.go_back()
    while morning.evaluate("document.activeElement.textContent") != "C01":
        morning.keyboard.press("Tab")
    outline = "getComputedStyle(document.activeElement, '::after').outlineStyle"
    assert morning.evaluate(outline) == "solid"  # the focus is seen
    morning.keyboard.press("Enter")
    morning.wait_for_url("**/timeline/C01.html")


def test_filters_work_by_keyboard(morning):
    morning.get_by_role("button", name="3 check").focus()
    morning.keyboard.press("Space")
    assert cages(morning) == ["C01", "C02", "C04"]


def test_every_number_on_a_tile_is_that_of_its_table(morning, site):
    run = Run(site)
    scores, reasons, alarms = run.table("distress"), run.table("reasons"), run.table("alarms")
    last = scores[scores["date"] == scores["date"].max()].set_index("cage")
    for name in cages(morning):
        text = morning.locator(".tile", has=morning.get_by_role("link", name=name, exact=True)).inner_text()
        row = last.loc[name]
        if np.isnan(row["score"]):
            assert "no score" in text
        else:
            assert f"score {number(row['score'])}, threshold {number(row['threshold'])}" in text
        for reason in reasons[reasons["cage"] == name].to_dict("records"):
            band = f"; own {browser.shown(reason, 'band_low')} to {browser.shown(reason, 'band_high')}"
            outside = not reason["band_low"] <= reason["value"] <= reason["band_high"]
            found = [line for line in text.splitlines() if band in line]
            assert any(f": {browser.shown(reason, 'value')} (" in line for line in found) is outside
        for alarm in alarms[alarms["cage"] == name].to_dict("records"):  # what the last day shows, if it alarms
            now = alarm["last_date"] == scores["date"].max() and alarm["level"] != "urgent"
            assert (row["explanation"] if now else alarm["explanation"]) in text
    counted = dict.fromkeys(STATES, 0)
    for tile in morning.locator(".tile").all():
        counted[tile.get_attribute("data-state")] += 1
    chips = morning.locator(".counts li").all_inner_texts()
    assert chips == [f"{counted[state]} {word.lower()}" for state, (_, word, _) in STATES.items()]


def test_without_script_all_tiles_are_there(chromium, site):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / "homecage/morning.html").as_uri())
    assert cages(page)[:4] == ["C01", "C02", "C04", "C05"] and not page.get_by_label("Sort by").is_visible()
    context.close()


def test_six_cages_print_on_one_sheet(morning):
    assert browser.sheets(morning) == 1
