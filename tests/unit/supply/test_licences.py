"""Every dependency may be used beside Apache-2.0, and docs/licences.md lists them all as they are."""

import re
from importlib.metadata import PackageNotFoundError

import pytest

from presage.provenance import SCRIPTS
from presage.supply import licences
from presage.supply.licences import PAGE, Package, packages, page, why_allowed
from tests.imports import packages as imported

FORBIDDEN = re.compile(r"A?GPL|GNU (Affero )?General|non-?commercial|CC-BY-NC|unknown", re.I)


def test_the_page_is_what_the_lock_and_the_packages_say() -> None:
    assert PAGE.read_text() == page(), "run `make licences`"


def test_every_licence_is_allowed_or_was_looked_at() -> None:
    assert {one.name: one.licence for one in packages() if why_allowed(one) is None} == {}


def test_nothing_imported_is_under_a_licence_that_binds_us() -> None:
    ours = {name for module in SCRIPTS.rglob("*.py") for name in imported(module)}
    found = {one.name: one.licence for one in packages() if one.name in ours}
    assert len(found) > 25
    assert [name for name, licence in found.items() if FORBIDDEN.search(licence.replace("LGPL", ""))] == []
    assert {name for name, licence in found.items() if "LGPL" in licence} == {"deeplabcut"}


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [("MIT", True), ("Apache-2.0 WITH LLVM-exception AND MIT", True), ("NVIDIA", True), ("GPL-3.0-only", False),
     ("MIT AND AGPL-3.0", False), ("CC-BY-NC-4.0", False), ("LGPL-3.0", False), ("unknown", False)],
)  # fmt: skip
def test_what_is_allowed(licence: str, allowed: bool) -> None:
    assert (why_allowed(Package("somebody", "1.0", licence, "run")) is not None) == allowed


@pytest.mark.parametrize("name", sorted({one.name for one in packages()} & set(licences.SILENT)))
def test_silence_is_not_consent(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hand-written licence stands only where the metadata has none; without it the package would be refused."""
    monkeypatch.delitem(licences.SILENT, name)
    try:
        stated = licences.licence(name)
    except PackageNotFoundError:
        return  # for another platform
    assert why_allowed(Package("somebody", "1.0", stated, "run")) is None


def test_no_hand_written_note_is_left_over() -> None:
    known = {one.name for one in packages()} | {one.licence for one in packages()}
    assert set(licences.LOOKED_AT) | set(licences.SILENT) <= known
