"""The harness sees what it is there for: errors, requests, missing files, bad contrast, overflow, sheets."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import browser

HEAD = '<!doctype html><html lang="en"><head><title>t</title></head><body><main><h1>t</h1>'


@pytest.fixture
def show(chromium: Browser, tmp_path: Path):
    """Opens a body of HTML from disk: the page and what went wrong on it."""
    contexts = []

    def shown(body: str, width: int = 1400) -> tuple[Page, list[str]]:
        file = tmp_path / "page.html"
        file.write_text(f"{HEAD}{body}</main></body></html>")
        contexts.append(chromium.new_context(viewport={"width": width, "height": 900}))
        page = contexts[-1].new_page()
        wrong = browser.listen(page)
        page.goto(file.as_uri())
        return page, wrong

    yield shown
    for context in contexts:
        context.close()


def test_a_sound_page_passes(show):
    page, wrong = show("<p>All is well.</p>")
    assert (wrong, browser.accessibility(page), browser.overflow(page), browser.sheets(page)) == ([], [], 0, 1)


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("<script>console.error('oh')</script>", "console error: oh"),
        ("<script>throw new Error('bad')</script>", "exception: bad"),
        ('<img alt="" src="gone.png">', "not there"),
        ('<img alt="" src="http://127.0.0.1:9/a.png">', "asked a network for http://127.0.0.1:9/a.png"),
    ],
)
def test_errors_and_requests_are_heard(show, body, word):
    _, wrong = show(body)
    assert any(word in line for line in wrong)


def test_what_nobody_could_read_is_found(show):
    page, _ = show('<p style="color:#ccc">faint</p><input>')
    assert {line.split(":")[0] for line in browser.accessibility(page)} == {"color-contrast", "label"}


def test_what_does_not_fit_is_measured(show):
    page, _ = show('<div style="width:600px">wide</div>' + '<p style="break-after:page">x</p>' * 2 + "<p>x</p>", 390)
    assert browser.overflow(page) > 200 and browser.sheets(page) == 3
