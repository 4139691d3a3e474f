"""presage.sequence.blacklist: BED in any state to disjoint regions of the genome."""

import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presage import tables
from presage.errors import UserError
from presage.sequence.blacklist import clipped_bin_sums, read_blacklist, with_margin
from presage.sequence.tracks import bin_sums, coverage
from tests.unit.sequence.small_reads import CONTIGS


@pytest.mark.parametrize("zipped", [False, True])
def test_regions_are_merged_matched_and_cut(tmp_path, zipped):
    text = b"2\t50\t60\tHigh Signal Region\n1\t30\t50\tx\n1\t0\t40\tx\n1\t390\t500\tx\n9\t0\t5\tx\n1\t7\t7\tx\n"
    (tmp_path / "b.bed").write_bytes(gzip.compress(text) if zipped else text)
    path = (tmp_path / "b.bed").rename(tmp_path / ("b.bed.gz" if zipped else "b.txt"))
    regions, left_out = read_blacklist(path, CONTIGS)
    assert regions.to_numpy().tolist() == [["chr1", 0, 50], ["chr1", 390, 400], ["chr2", 50, 60]]
    assert left_out == {"regions_not_in_genome": 1}
    tables.write(tmp_path / "b.parquet", "blacklist", regions)


def test_an_empty_list_is_none(tmp_path):
    (tmp_path / "b.bed").write_text("# nothing\n")
    assert len(read_blacklist(tmp_path / "b.bed", CONTIGS)[0]) == 0


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("chr1\tx\ty\n", "is not BED; give chrom, start, end"),
        ("chr1\t1\n", "is not BED"),
        ("chr1\t9\t1\n", "is not BED"),
        ("I\t1\t9\n", "no contig name matches"),
        (None, "cannot be read"),
    ],
)
def test_bad_lists_are_told_in_one_line(tmp_path, text, what):
    if text is not None:
        (tmp_path / "b.bed").write_text(text)
    with pytest.raises(UserError, match=what) as error:
        read_blacklist(tmp_path / "b.bed", CONTIGS)
    assert "\n" not in str(error.value)


# ---- coverage in it ----

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
