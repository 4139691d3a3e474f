"""presage.barcode_rule: which barcode a label means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presage.barcode_rule import PLAIN, barcode_of, problem, spelled

TEXT = st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"]), max_size=6)


@pytest.mark.parametrize(
    ("rule", "label", "barcode"),
    [
        (PLAIN, "AAAC-1", "AAAC-1"),
        ("{sample}_{barcode}", "s1_AAAC-1", "AAAC-1"),
        ("{sample}#{barcode}", "s1#AAAC-1", "AAAC-1"),  # ArchR
        ("{barcode}-{sample}", "AAAC-1-s1", "AAAC-1"),
        ("{barcode}_2", "AAAC-1_2", "AAAC-1"),  # Seurat's running number
        ("{donor}/{sample}:{barcode}", "d9/s1:AAAC", "AAAC"),
        ("{sample}_{barcode}", "s2_AAAC-1", None),
        ("{sample}_{barcode}", "s1_", None),
        ("{sample}_{barcode}", "AAAC-1", None),
    ],
)
def test_the_barcode_in_a_label(rule, label, barcode):
    assert problem(rule) is None
    assert barcode_of(label, rule, "s1", "d9") == barcode


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("{sample}", "must contain {barcode} once, not 0"),
        ("{barcode}{barcode}", "not 2"),
        ("{barcode}_{lane}", "names {lane}"),
        ("{barcode", "is not a barcode rule"),
        ("{barcode:>9}", "plainly"),
        ("{}", "names {}"),
    ],
)
def test_a_rule_that_cannot_be_used(rule, said):
    assert said in problem(rule)


@given(TEXT, TEXT, st.booleans(), st.text(min_size=1, max_size=12), TEXT, TEXT)
def test_what_a_rule_writes_it_reads(before, after, with_sample, barcode, sample, donor):
    rule = before + ("{sample}" if with_sample else "{donor}") + "{barcode}" + after
    assert barcode_of(spelled(barcode, rule, sample, donor), rule, sample, donor) == barcode


@given(st.text(max_size=20))
def test_any_text_is_a_rule_or_has_a_problem(rule):
    if problem(rule) is None:
        assert barcode_of(spelled("B", rule, "s", "d"), rule, "s", "d") == "B"
