"""Every page of a run: opens from disk without a complaint or a request, wide and light, narrow and dark.

``PRESAGE_RUN=results/demo`` names a finished run, whose pages are looked at too.
"""

import os
from pathlib import Path

import pytest

from tests.browser import browser

ROOT = Path(__file__).parents[2]
RUN = ROOT / os.environ["PRESAGE_RUN"] if os.environ.get("PRESAGE_RUN") else None
# One timeline stands for all.
MADE_UP = ["index.html", "homecage/morning.html", "homecage/timeline/C01.html", "homecage/timeline/C05.html"]
PAGES = [("made up", name) for name in MADE_UP]
if RUN is not None:
    found = [path.relative_to(RUN) for path in sorted(RUN.rglob("*.html"))]
    timelines = [path for path in found if path.parent.name == "timeline"][2:]
    PAGES += [("finished", path.as_posix()) for path in found if path not in timelines]


@pytest.mark.parametrize(("run", "name"), PAGES)
@pytest.mark.parametrize(("width", "dark"), [(1400, False), (390, True)], ids=["desk", "phone"])
def test_a_page_opens_fits_and_can_be_used_by_all(visit, site, run, name, width, dark):
    page = visit((site if run == "made up" else RUN) / name, width, dark)
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert browser.overflow(page) <= 0
    assert browser.accessibility(page) == []


def test_a_finished_run_has_pages():
    if RUN is None:
        pytest.skip("PRESAGE_RUN names no finished run")
    assert (RUN / "index.html").is_file()
