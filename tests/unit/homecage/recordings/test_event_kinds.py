"""The documentation has a row for every kind of event that a sheet may hold, and for no other."""

import re

from presage.sheets import EVENT_KINDS
from tests.running import ROOT


def test_every_kind_is_in_the_table() -> None:
    page = (ROOT / "docs" / "alarms.md").read_text().split("## The events sheet")[1].split("\n## ")[0]
    told = [kind for row in re.findall(r"^\| (`.*?) \|", page, re.M) for kind in re.findall(r"`(\w+)`", row)]
    assert sorted(told) == sorted(EVENT_KINDS)
