"""Fates in words: every one that the code counts has a sentence, shares add up, reads and fragments stay apart."""

import re
from pathlib import Path

import pandas as pd
import pytest

from presage.report.pseudobulk.fates import MEANING, by_fate

FATES = pd.DataFrame(
    [("a", "used", 60), ("a", "no_cb", 40), ("b", "used", 10), ("b", "odd_one", 90), ("f", "used", 5)],
    columns=["sample", "fate", "reads"],
)
UNITS = {"a": "reads", "b": "reads", "f": "fragments"}


def test_every_reason_of_the_bam_reader_has_a_sentence():
    room = Path(__file__).parents[4] / "scripts/presage/sequence/samples"
    source = "".join((room / f"{name}.py").read_text() for name in ("bam", "rna", "atac"))
    reasons = set(re.findall(r'(?:reason = |return |dropped\[)"([a-z_]+)"', source))
    (counters,) = re.findall(r"dropped = Counter\((\w+=.*)\)", source)
    reasons |= set(re.findall(r"(\w+)=", counters))
    assert {"low_mapq", "mate", "mate_not_used", "not_labelled"} <= reasons
    assert reasons <= set(MEANING)


def test_shares_are_of_the_unit_and_span_the_samples():
    rows = {(row["unit"], row["fate"]): row for row in by_fate(FATES, UNITS)}
    assert rows["reads", "used"]["count"] == 70 and rows["reads", "used"]["share"] == pytest.approx(0.35)
    assert rows["reads", "used"]["lowest"] == pytest.approx(0.1) and rows["reads", "used"]["highest"] == pytest.approx(
        0.6
    )
    assert rows["fragments", "used"]["share"] == 1.0
    for unit in ("reads", "fragments"):
        assert sum(row["share"] for key, row in rows.items() if key[0] == unit) == pytest.approx(1)


def test_used_goes_first_and_an_unknown_fate_keeps_its_name():
    rows = [row for row in by_fate(FATES, UNITS) if row["unit"] == "reads"]
    assert [row["fate"] for row in rows] == ["used", "odd_one", "no_cb"]
    assert rows[1]["meaning"] == "odd_one"


def test_nothing_counted_is_no_row():
    assert by_fate(FATES.iloc[:0], UNITS) == []
