"""Every link of the documentation leads somewhere, and no page names a machine."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import COMMENT, pages, without_fences
from tests.running import ROOT

COMING: set[str] = set()
"""Pages that are written beside these: a link to one is no error before it is there."""
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_FILE = re.compile(r"`((?:config|tests|scripts|profiles|envs|resources|workflow)/[\w./-]+\.\w+)`")
_MACHINE = re.compile(
    r"/(?:work|home|root|Users|mnt|srv)/|\bpypi\.org|anaconda\.org|files\.pythonhosted|\.internal\b|localhost"
)
PAGES = pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", COMMENT.sub("", without_fences(page)), re.M):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", text).strip().replace(" ", "-")
        number = next(n for n in range(99) if (f"{slug}-{n}" if n else slug) not in found)
        found.add(f"{slug}-{number}" if number else slug)
    return found


@PAGES
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for target in _LINK.findall(without_fences(page)):
        if re.match(r"https?://|mailto:", target):
            continue
        path, _, anchor = target.partition("#")
        aim = (page.parent / path).resolve() if path else page
        if not aim.exists():
            if str(aim.relative_to(ROOT)) not in COMING:
                broken.append(target)
        elif anchor and anchor not in anchors(aim):
            broken.append(target)
    assert broken == []


@PAGES
def test_files_that_a_page_names_are_there(page: Path) -> None:
    assert [name for name in _FILE.findall(page.read_text()) if not (ROOT / name).exists()] == []


@PAGES
def test_a_page_names_no_machine_and_no_registry(page: Path) -> None:
    assert _MACHINE.findall(page.read_text()) == []


def test_every_page_is_on_the_map() -> None:
    """docs/README.md links each page, but the records of decisions, which their folder lists."""
    linked = {
        ((ROOT / "docs" / target.partition("#")[0]).resolve())
        for target in _LINK.findall((ROOT / "docs" / "README.md").read_text())
    }
    adr = ROOT / "docs" / "adr"
    assert [p for p in pages() if p.parent != adr and p not in linked and p != ROOT / "docs" / "README.md"] == []


def test_anchors_are_as_on_github(tmp_path: Path) -> None:
    page = tmp_path / "a.md"
    page.write_text("# What a `step` costs\n## Same\n## Same\n```\n# no heading\n```\n## fits, and [links](x.md)\n")
    assert anchors(page) == {"what-a-step-costs", "same", "same-1", "fits-and-links"}
