"""presage.sequence.pseudobulk.clip against depth that is cut base by base."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from presage.sequence.pseudobulk.clip import clipped_bin_sums
from presage.sequence.reference.blacklist import with_margin
from presage.sequence.samples.tracks import bin_sums, coverage

READS = st.lists(st.tuples(st.integers(0, 90), st.integers(1, 30)), max_size=30)
SPANS = st.lists(st.tuples(st.integers(0, 130), st.integers(1, 60)), max_size=4)


@given(READS, SPANS, st.lists(st.integers(-40, 140), min_size=1, max_size=5))
def test_bins_equal_the_depth_cut_base_by_base(reads, spans, starts):
    regions = pd.DataFrame([("chr1", s, s + n) for s, n in spans], columns=["chrom", "start", "end"])
    black = with_margin(regions, "chr1")
    start = np.array([s for s, _ in reads], np.int64)
    runs = coverage(start, start + np.array([n for _, n in reads], np.int64))
    depth = np.zeros(400)
    for s, n in reads:
        depth[100 + s : 100 + s + n] += 1
    listed = np.zeros(400, bool)
    for s, n in spans:
        listed[s - 20 + 100 : s + n + 120] = True
    expected = []
    for s in starts:
        window, mask = depth[100 + s : 132 + s].copy(), listed[100 + s : 132 + s]
        window[mask] = np.minimum(window[mask], np.median(window))
        expected.append(window.reshape(4, 8).sum(1))
    found = clipped_bin_sums(runs, np.array(starts), 4, 8, black)
    np.testing.assert_array_equal(found, np.array(expected, np.float32))


def test_without_intervals_it_is_the_sum():
    runs = coverage(np.array([3, 5]), np.array([9, 50]))
    starts = np.array([0, 16])
    np.testing.assert_array_equal(clipped_bin_sums(runs, starts, 4, 8, None), bin_sums(runs, starts, 4, 8))
