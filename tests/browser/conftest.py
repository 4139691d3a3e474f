"""Pages in Chromium. Without browser or axe-core the tests are skipped, or fail where ``PRESAGE_BROWSER=required``."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import browser
from tests.browser.made_up_site import write_site

Visit = Callable[..., Page]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests."""
    path = browser.chromium()
    missing = "no Chromium (install `chromium`)" if path is None else ""
    missing = missing or ("" if browser.AXE.is_file() else "no axe-core (run `npm ci --prefix tests/browser`)")
    if missing and os.environ.get("PRESAGE_BROWSER") == "required":
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)
    with sync_playwright() as driver:
        instance = driver.chromium.launch(executable_path=path)
        yield instance
        instance.close()


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Visit]:
    """``visit(path, width=1400, dark=False, still=False)``: the page, opened from disk and loaded.

    The test fails at its end if any page that it visited wrote an error or a warning to the console, missed a file, or
    asked any network for anything. ``still`` asks for reduced motion.
    """
    contexts, wrong = [], []

    def opened(path: Path, width: int = 1400, dark: bool = False, still: bool = False) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce" if still else "no-preference",
            accept_downloads=True,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)  # ms; a busy machine is no failure
        wrong.append(browser.listen(page))
        page.goto(path.resolve().as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [word for words in wrong for word in words] == []


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a made-up run of both branches, with its pages."""
    return write_site(tmp_path_factory.mktemp("site") / "demo")
