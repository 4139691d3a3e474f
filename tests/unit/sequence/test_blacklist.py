"""Blacklisted bases count at most as the window's median; windows without any are untouched."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presage.errors import UserError
from presage.sequence.blacklist import clipped_bin_sums, read_blacklist
from presage.sequence.tracks import bin_sums, coverage

READS = st.lists(st.tuples(st.integers(0, 90), st.integers(1, 30)), max_size=30)
SPANS = st.lists(st.tuples(st.integers(0, 130), st.integers(1, 60)), max_size=4)


@given(READS, SPANS, st.lists(st.integers(-40, 140), min_size=1, max_size=5))
def test_bins_equal_the_depth_cut_base_by_base(tmp_path_factory, reads, spans, starts):
    bed = tmp_path_factory.mktemp("bed") / "b.bed"
    bed.write_text("".join(f"chr1\t{s}\t{s + n}\n" for s, n in spans))
    black = read_blacklist(bed, ["1"]).get("1")
    start = np.array([s for s, _ in reads], np.int64)
    runs = coverage(start, start + np.array([n for _, n in reads], np.int64))
    depth = np.zeros(400)
    for s, n in reads:
        depth[100 + s : 100 + s + n] += 1
    listed = np.zeros(400, bool)
    for s, n in spans:
        listed[max(0, s - 20) + 100 : s + n + 120] = True
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


def test_bad_blacklists_are_told(tmp_path):
    path = tmp_path / "b.bed"
    path.write_text("# note\nchr1\t5\t9\nchr1\tx\t9\n")
    with pytest.raises(UserError, match=r"b\.bed line 3: is not BED"):
        read_blacklist(path, ["chr1"])
    path.write_text("chr9\t5\t9\n")
    with pytest.raises(UserError, match="names no contig of the genome"):
        read_blacklist(path, ["chr1"])
    with pytest.raises(UserError, match="cannot be read"):
        read_blacklist(tmp_path / "nothing", ["chr1"])
    path.write_text("1\t50\t60\n1\t5\t9\n1\t20\t25\n2\t0\t1\n")
    assert read_blacklist(path, ["chr1"])["chr1"].tolist() == [[0, 80]]
