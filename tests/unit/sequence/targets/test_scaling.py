"""Scales of targets: equal to the formulae written out, monotone, undone, kept as JSON, and told in words."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presage.sequence.targets.scaling import POWERS, Scale, from_targets_txt

LIMIT = st.one_of(st.just(math.inf), st.floats(0.1, 500))
FACTOR = st.floats(0.01, 100)
SCALES = st.builds(
    lambda rows, shift: Scale(
        tuple(r[0] for r in rows), *(np.array(column) for column in list(zip(*rows))[1:]), shift=shift
    ),
    st.lists(st.tuples(st.sampled_from(sorted(POWERS)), FACTOR, LIMIT, LIMIT, FACTOR), min_size=1, max_size=3),
    st.sampled_from([0, 1]),
)
DEPTHS = st.lists(st.floats(0, 1e6), min_size=1, max_size=8)


def plainly(x, squash, times, soft, limit, divisor, shift):
    """One value of one track, as hound_data_read.py of baskerville writes it down."""
    x *= times
    if squash == "sqrt":
        x = -1 + math.sqrt(1 + x) if shift else math.sqrt(x)
    elif squash == "power_3_4":
        x = -1 + (1 + x) ** 0.75 if shift else x**0.75
    if x > soft:
        x = soft - 1 + math.sqrt(x - soft + 1) if shift else soft + math.sqrt(x - soft)
    return min(x, limit) / divisor


def columns(scale, depths):
    return np.repeat(np.array(depths)[:, None], len(scale.squash), axis=1)


@given(SCALES, DEPTHS)
def test_forward_is_the_formula(scale, depths):
    found = scale.forward(columns(scale, depths))
    for i in range(len(scale.squash)):
        row = scale.squash[i], scale.times[i], scale.clip_soft[i], scale.clip[i], scale.divided_by[i], scale.shift
        expected = [plainly(x, *row) for x in depths]
        np.testing.assert_allclose(found[:, i], expected, rtol=1e-9, atol=1e-12)


@given(SCALES, DEPTHS)
def test_zero_stays_zero_and_more_is_never_less(scale, depths):
    found = scale.forward(columns(scale, [0.0, *sorted(depths)]))
    assert (found[0] == 0).all()
    assert (np.diff(found, axis=0) >= -1e-9 * found[1:]).all()


@given(SCALES, DEPTHS)
def test_inverse_undoes_forward_below_the_hard_clip(scale, depths):
    x = columns(scale, depths)
    y = scale.forward(x)
    back = scale.inverse(y)
    below = y < scale.clip / scale.divided_by * (1 - 1e-9)
    np.testing.assert_allclose(back[below], x[below], rtol=1e-6, atol=1e-6)
    assert (back <= x * (1 + 1e-6) + 1e-6).all()  # what was cut off is not made up


@given(SCALES)
def test_kept_as_json(scale):
    back = Scale.from_attrs(json.loads(json.dumps(scale.to_attrs())))
    assert (back.squash, back.shift) == (scale.squash, scale.shift)
    for name in ("times", "clip_soft", "clip", "divided_by"):
        assert getattr(back, name).tolist() == getattr(scale, name).tolist()


@given(SCALES, DEPTHS)
def test_a_linear_scale_is_undone_in_sums(scale, depths):
    y = scale.forward(columns(scale, depths))
    if scale.linear and np.isinf(scale.clip).all():
        np.testing.assert_allclose(y.sum(0) * scale.factor, sum(depths), rtol=1e-9)
    bent = any(s != "none" for s in scale.squash) or np.isfinite(scale.clip_soft).any()
    assert scale.linear is not bent


def test_a_division_alone_is_one_float32_division():
    x = np.random.default_rng(0).gamma(1, 9, (5, 7, 2)).astype(np.float32)
    divisor = np.array([1.7, 0.3])
    scale = Scale.by_assay(["rna", "atac"], {}, {}, {}).select([0, 1])
    scale = Scale(scale.squash, scale.times, scale.clip_soft, scale.clip, divisor)
    found = scale.forward(x)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, x / divisor.astype(np.float32))
    np.testing.assert_array_equal(Scale.plain(2).forward(x), x)


def test_values_of_the_published_formula():
    """Borzoi (Linder 2025): y^(3/4); above 384 it becomes 384 + sqrt(y^(3/4) - 384)."""
    rows = [{"sum_stat": "sum_sqrt", "clip_soft": "384", "clip": "768", "scale": "0.01"}]
    old, unknown = from_targets_txt(rows, 32, transform_old=True)
    assert not unknown
    np.testing.assert_allclose(old.forward(np.array([[16.0]])), 0.08)
    np.testing.assert_allclose(old.forward(np.array([[10_000.0]])), 0.01 * (384 + math.sqrt(1000 - 384)))
    np.testing.assert_allclose(old.forward(np.array([[1e9]])), 7.68)
    new, _ = from_targets_txt([{**rows[0], "sum_stat": "sum_exp75"}], 32, transform_old=False)
    np.testing.assert_allclose(new.forward(np.array([[1500.0]])), 16**0.75 - 1)
    assert new.divided_by.tolist() == [1]


def test_settings_by_assay():
    scale = Scale.by_assay(["rna", "atac"], {"rna": "power_3_4"}, {"rna": 384, "atac": 96}, {"rna": 768}, 2.0)
    assert scale.squash == ("power_3_4", "none")
    assert scale.clip_soft.tolist() == [384, 96]
    assert scale.clip.tolist() == [768, math.inf]
    assert scale.note == (
        "depth summed per bin, squashed by -1 + (1 + x)^(3/4) on some tracks, clipped softly above 96 to 384, "
        "cut off at 768, divided by 2"
    )
    assert scale.select([1]).note == "depth summed per bin, clipped softly above 96, divided by 2"


def test_what_is_no_scale_is_refused():
    with pytest.raises(ValueError, match="squash"):
        Scale.by_assay(["rna"], {"rna": "log"}, {}, {})
    with pytest.raises(ValueError, match="clip"):
        Scale.by_assay(["rna"], {}, {}, {"rna": 0})
    with pytest.raises(ValueError, match="1 tracks"):
        Scale.plain(1).forward(np.ones((3, 2)))
