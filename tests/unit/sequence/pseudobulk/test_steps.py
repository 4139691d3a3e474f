"""presage.sequence.pseudobulk.steps: depth by lane, in any order, is the depth of the intervals."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from presage.sequence.pseudobulk.steps import Lanes, runs_of, steps_of

INTERVALS = st.lists(st.tuples(st.integers(0, 5), st.integers(-5, 50), st.integers(1, 20)), max_size=40)


@given(INTERVALS, st.randoms(use_true_random=False))
def test_depth_of_each_lane(intervals, random):
    lane, start, size = np.array(intervals, dtype=np.int64).reshape(-1, 3).T
    steps = steps_of(lane, start, start + size)
    keys = list(zip(steps.lane.tolist(), steps.position.tolist()))
    assert keys == sorted(set(keys))
    assert (steps.step != 0).all()
    for one in range(6):
        mine = steps.lane == one
        order = list(range(int(mine.sum())))
        random.shuffle(order)
        runs = runs_of(steps.position[mine][order], steps.step[mine][order], 55)
        depth = np.zeros(55, dtype=int)
        for which, a, n in intervals:
            if which == one:
                depth[max(a, 0) : max(a + n, 0)] += 1
        found = np.zeros(55, dtype=int)
        for i, value in enumerate(runs.value):
            found[runs.edge[i] : runs.edge[i + 1]] = value
        np.testing.assert_array_equal(found, depth)


@given(st.integers(0, 1000), st.booleans(), st.integers(0, 1), st.integers(0, 3))
def test_a_lane_is_unpacked_as_it_was_packed(group, minus, half, level):
    lanes = Lanes(4)
    number = lanes.number(np.array([group]), np.array([minus]), np.array([half]), level)
    assert [int(part[0]) for part in lanes.parts(number)] == [group, minus, half, level]
