"""presage.sequence.reference.intervals: unions and what they cover, against counting base by base."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from presage.sequence.reference.intervals import covered, difference, merge, overlap


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 15)), min_size=1, max_size=20))
def test_merge_is_the_union(pairs):
    intervals = np.array([(s, s + n) for s, n in pairs])
    covered = np.zeros(80, dtype=bool)
    for start, end in intervals:
        covered[start:end] = True
    starts, ends = merge(intervals)
    again = np.zeros(80, dtype=bool)
    for start, end in zip(starts, ends):
        assert not again[start:end].any()
        again[start:end] = True
    assert (again == covered).all()
    assert (starts[1:] > ends[:-1]).all()


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 15)), max_size=8),
    st.lists(st.tuples(st.integers(-9, 90), st.integers(0, 40)), min_size=1, max_size=8),
)
def test_covered_counts_bases(union, asked):
    bases = {b for start, size in union for b in range(start, start + size)}
    starts, ends = merge(np.array([(s, s + n) for s, n in union], dtype=np.int64).reshape(-1, 2))
    left = np.array([start for start, _ in asked])
    right = left + np.array([size for _, size in asked])
    assert covered(starts, ends, left, right).tolist() == [len(bases & set(range(*x))) for x in zip(left, right)]


UNION = st.lists(st.tuples(st.integers(-5, 60), st.integers(1, 15)), max_size=8)


@settings(deadline=None, max_examples=100)
@given(UNION, UNION)
def test_overlap_and_difference_are_those_of_bases(one, other):
    pairs = [np.array([(s, s + n) for s, n in u], np.int64).reshape(-1, 2) for u in (one, other)]
    unions = [np.stack(merge(p), axis=1) for p in pairs]
    bases = [{b for s, n in u for b in range(s, s + n)} for u in (one, other)]
    for found, expected in (
        (overlap(*unions), bases[0] & bases[1]),
        (difference(*unions), bases[0] - bases[1]),
    ):
        listed = [b for start, end in found for b in range(start, end)]
        assert listed == sorted(expected) and (found[:, 0] < found[:, 1]).all()
