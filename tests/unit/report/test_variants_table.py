"""The table says what the scores say, in the same order, and sorts by the numbers behind the words."""

import math
from itertools import pairwise

import pytest

from presage.report.variant_rows import overview
from presage.report.variants_page import symbols, track_labels
from presage.report.variants_table import doubt, plus_minus, signed, top_rows
from presage.sequence.variants.vcf import strongest
from tests.unit.report.made_up_variants import GENES, made_up_set, tracks_of

TYPES = ["astro", "micro"]
LABELS = track_labels(tracks_of(TYPES))


def rows_of(folder, **more):
    seen = overview(made_up_set(folder, 70, TYPES, **more).scores)
    best = strongest(seen.top, len(seen.tracks)).to_dict("records")
    return top_rows(seen.top, len(seen.tracks), LABELS, symbols(GENES)), best


def test_rows_are_the_strongest_in_order(tmp_path):
    rows, best = rows_of(tmp_path)
    assert len(rows) == 50 and [row.rank for row in rows] == list(range(1, 51))
    assert abs(rows[0].bar) == 1 and all(abs(a.bar) >= abs(b.bar) for a, b in pairwise(rows))
    for row, record in zip(rows, best):
        cells = row.cells
        assert (row.variant, row.fold) == (record["variant"], record["fold"])
        assert cells["strongest track"][0] == LABELS[record["track"]]
        for name, column in (("log2 fold change", "log_fc"), ("on top", "top_share"), ("p", "p_null")):
            assert float(cells[name][1]) == pytest.approx(record[column])
        assert math.copysign(1, row.bar) == math.copysign(1, record["log_fc"])
        assert row.doubt == doubt(record)
        known = record["gene"] is not None
        assert cells["nearest gene"][0] == ("GENE3" if known else "–")
        assert cells["from its start, bp"][1] == (str(float(record["tss_distance"])) if known else "")


def test_columns_that_nobody_has_are_left_out(tmp_path):
    plain, _ = rows_of(tmp_path / "plain")
    assert {"p", "percentile"} < set(plain[0].cells) and "interval" not in plain[0].cells
    bare, _ = rows_of(tmp_path / "bare", p_null=None, percentile=None)
    assert not {"p", "percentile"} & set(bare[0].cells)
    measured, _ = rows_of(tmp_path / "measured", conformal_low=-0.25, conformal_high=1.5)
    assert measured[0].cells["interval"] == ("−0.25 to 1.5", "-0.25")


def test_no_variant_is_no_row(tmp_path):
    seen = overview(made_up_set(tmp_path, 0, TYPES).scores)
    assert top_rows(seen.top, len(seen.tracks), LABELS, {}) == []


@pytest.mark.parametrize(
    ("agreement", "p", "words"),
    [(0.8, 0.05, ""), (0.79, 0.05, "sign"), (1.0, 0.051, "null variants"), (0.5, 0.5, " and "), (1.0, None, "")],
)
def test_doubt_is_named(agreement, p, words):
    found = doubt({"sign_agreement": agreement, "p_null": p})
    assert words in found and bool(found) == bool(words)


@pytest.mark.parametrize(
    ("value", "sd", "text"),
    [
        (1.234, 0.2, "+1.23 ± 0.20"),
        (-0.034, 0.012, "−0.034 ± 0.012"),
        (-2.0, None, "−2.00"),
        (0.0, 0.0, "+0.00 ± 0"),
        (0.5, float("nan"), "+0.50"),
    ],
)
def test_effects_for_people(value, sd, text):
    assert plus_minus(value, sd) == text


def test_distances_have_a_direction():
    assert [signed(x) for x in (12345, -7, 0, None)] == ["+12,345", "−7", "+0", "–"]
