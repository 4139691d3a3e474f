"""A page in headless Chromium, for tests: what it complains of, what it asks a network for, how it fits and prints."""

import os
import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Page

from presage.report.render import number

AXE = Path(__file__).parent / "node_modules/axe-core/axe.min.js"
LOCAL = ("file:", "data:", "blob:", "about:")
A4 = {"format": "A4", "margin": dict.fromkeys(("top", "bottom", "left", "right"), "10mm")}


def shown(reason: dict[str, Any], column: str) -> str:
    """A number of the ``reasons`` table as pages show it: shares of time in per cent."""
    value = reason[column]
    return f"{100 * value:.0f} %" if reason["feature"].endswith("_fraction") else number(value)


def chromium() -> str | None:
    """The installed browser, or that named by ``PRESAGE_CHROMIUM``."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return os.environ.get("PRESAGE_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def listen(page: Page) -> list[str]:
    """What goes wrong on ``page`` from now on: console errors and warnings, exceptions, missing files, any request
    that leaves the disk. The list fills as the page runs."""
    wrong: list[str] = []

    def console(message) -> None:
        if message.type in ("error", "warning"):
            wrong.append(f"console {message.type}: {message.text}")

    page.on("console", console)
    page.on("pageerror", lambda error: wrong.append(f"exception: {error}"))
    page.on("request", lambda r: r.url.startswith(LOCAL) or wrong.append(f"asked a network for {r.url}"))
    page.on("requestfailed", lambda r: _there(r.url) or wrong.append(f"not there: {r.url}"))
    return wrong


def _there(url: str) -> bool:
    """Whether ``url`` is a file: a film that has begun to load fails, too, when its page is closed."""
    parts = urlsplit(url)
    return parts.scheme == "file" and Path(unquote(parts.path)).is_file()


def accessibility(page: Page) -> list[str]:
    """What axe-core calls serious or critical: ``rule: element (help)``. WCAG 2.2 A and AA and its best practices."""
    page.add_script_tag(path=AXE)
    found = page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
    grave = [v for v in found if v["impact"] in ("serious", "critical")]
    return [f"{v['id']}: {n['target'][0]} ({v['help']})" for v in grave for n in v["nodes"]]


def overflow(page: Page) -> int:
    """By how many px the page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def sheets(page: Page) -> int:
    """On how many A4 sheets the page prints."""
    return len(re.findall(rb"/Type\s*/Page\b", page.pdf(**A4)))
