"""The run's page in a browser: tables sort and search, links lead somewhere, numbers are the summary's and tables'."""

import pytest

from presage.config.root import built_in
from presage.report.render import number
from presage.report.run import Run
from presage.report.summary import build_summary


@pytest.fixture
def index(visit, site):
    page = visit(site / "index.html")
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    return page


def column(table, name: str) -> list[str]:
    """Texts of a column's visible cells."""
    headers = [text.strip() for text in table.locator("thead th").all_inner_texts()]
    place = headers.index(name) + 1
    return table.locator(f"tbody tr:visible td:nth-child({place})").all_inner_texts()


def table_of(page, title: str):
    return page.locator("details", has=page.locator("summary", has_text=title)).locator("table")


def test_a_table_sorts_up_and_down_with_what_is_missing_last(index, site):
    table = table_of(index, "Metrics")
    values = Run(site).table("metrics")["value"]
    known = sorted(values.dropna())
    button = table.get_by_role("button", name="value")
    button.click()
    assert column(table, "value") == [number(v) for v in known] + ["–"] * int(values.isna().sum())
    assert button.locator("..").get_attribute("aria-sort") == "ascending"
    button.press("Enter")
    assert column(table, "value")[: len(known)] == [number(v) for v in known[::-1]]


def test_a_table_is_searched_by_all_words(index, site):
    metrics = Run(site).table("metrics")
    wanted = metrics[(metrics["metric"] == "bin_pearson") & (metrics["model"] == "lora")]
    index.get_by_label("Search Metrics").fill("bin_pearson LORA")
    table = table_of(index, "Metrics")
    assert sorted(column(table, "group")) == sorted(wanted["group"])
    index.get_by_label("Search Metrics").fill("")
    assert len(column(table, "metric")) == len(metrics)


def test_headline_numbers_are_those_of_the_summary(index, site):
    summary = build_summary(Run(site), built_in().model_dump(mode="json"))
    cards = index.locator(".cards .card").all()
    assert len(cards) > 8
    for card in cards:
        key = card.get_attribute("title")
        assert card.locator(".value").inner_text().split(" of ")[0] == number(summary[key]), key


def test_every_cell_of_the_tables_is_the_tables_own(index, site):
    run = Run(site)
    for title, name, columns in (
        ("Metrics", "metrics", ["metric", "model", "value"]),
        ("Tracks", "tracks", ["name", "cells", "reads"]),
        ("Alarms", "alarms", ["cage", "score", "explanation"]),
        ("Evaluation", "evaluation", ["metric", "budget", "value"]),
    ):
        frame = run.table(name)
        shown = [column(table_of(index, title), c) for c in columns]
        expected = [[str(number(v)) for v in frame[c]] for c in columns]
        assert sorted(zip(*shown)) == sorted(zip(*expected)), title


def test_links_lead_to_files(index, site):
    links = [link.get_attribute("href") for link in index.locator("a[href]").all()]
    files = [link for link in links if not link.startswith(("#", "data:"))]
    assert len(files) > 15
    for link in files:
        assert (site / link).is_file(), link
    for anchor in {link for link in links if link.startswith("#")}:
        assert index.locator(anchor).count() == 1, anchor


def test_the_morning_page_is_one_click_away_and_leads_back(index):
    index.get_by_role("link", name="Which cages to look at").click()
    assert index.locator("h1").inner_text() == "Which cages to look at"
    index.locator(".brand").click()
    assert index.url.endswith("index.html")
