"""What scores must obey, whatever the coverage."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from presage.sequence.variants.scores import SCORES

VALUES = st.floats(0, 1e4, width=32)


def coverage(*values):
    """[1, bins, 1]"""
    return torch.tensor(values, dtype=torch.float64)[None, :, None]


@st.composite
def pairs(draw):
    bins = draw(st.integers(1, 6))
    ref, alt = (draw(st.lists(VALUES, min_size=bins, max_size=bins)) for _ in range(2))
    mask = torch.tensor(draw(st.lists(st.booleans(), min_size=bins, max_size=bins)))[None, :, None]
    return coverage(*ref), coverage(*alt), mask


@settings(deadline=None)
@given(pairs(), st.floats(1e-3, 10))
def test_swapped_alleles_swap_the_sign_and_equal_ones_are_0(pair, pseudocount):
    ref, alt, mask = pair
    for name, score in SCORES.items():
        there, back = score.measure(ref, alt, mask, pseudocount), score.measure(alt, ref, mask, pseudocount)
        assert there.shape == (1, 1) and torch.isfinite(there).all()
        torch.testing.assert_close(there, back if name == "js" else -back)
        assert float(score.measure(ref, ref, mask, pseudocount)) == pytest.approx(0, abs=1e-9)


@settings(deadline=None)
@given(pairs(), st.floats(1e-3, 10))
def test_what_lies_outside_of_the_mask_is_nothing(pair, pseudocount):
    ref, alt, mask = pair
    other = torch.where(mask, alt, alt + 17)
    for score in SCORES.values():
        torch.testing.assert_close(
            score.measure(ref, other, mask, pseudocount), score.measure(ref, alt, mask, pseudocount)
        )


def test_by_hand():
    ref, alt, all_ = coverage(3, 0, 1), coverage(1, 1, 6), torch.ones(1, 3, 1, dtype=torch.bool)
    found = {name: float(score.measure(ref, alt, all_, 1.0)) for name, score in SCORES.items()}
    assert found["sad"] == 4
    assert found["log_fc"] == found["centre_log_fc"] == pytest.approx(math.log2(9 / 5))
    assert found["d2"] == pytest.approx(math.sqrt(4 + 1 + 25))
    assert found["log_d2"] == pytest.approx(math.sqrt(1 + 1 + (math.log2(7) - 1) ** 2))
    # (3, 0, 1) and (1, 1, 6), each with 1 shared out over three bins.
    p, q = np.array([10, 1, 4]) / 15, np.array([4, 4, 19]) / 27
    middle = (p + q) / 2
    assert found["js"] == pytest.approx(((p * np.log2(p / middle)).sum() + (q * np.log2(q / middle)).sum()) / 2)


def test_js_sees_shape_and_not_height():
    js, all_ = SCORES["js"].measure, torch.ones(1, 3, 1, dtype=torch.bool)
    assert float(js(coverage(1, 2, 3), coverage(10, 20, 30), all_, 1e-9)) == pytest.approx(0, abs=1e-6)
    assert float(js(coverage(1, 0, 0), coverage(0, 0, 1), all_, 1e-9)) == pytest.approx(1, abs=1e-6)
