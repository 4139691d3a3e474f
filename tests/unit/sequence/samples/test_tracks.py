"""presage.sequence.samples.tracks: exact coverage, bins, bigWig."""

import numpy as np
import pyBigWig
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presage.errors import UserError
from presage.sequence.samples.tracks import BigWig, BigWigs, Runs, bin_sums, coverage, slugify, total

INTERVALS = st.lists(st.tuples(st.integers(0, 90), st.integers(1, 30)), max_size=30)


def depth_of(intervals, length=130):
    depth = np.zeros(length, dtype=np.int64)
    for start, size in intervals:
        depth[start : start + size] += 1
    return depth


def runs_of(intervals):
    start = np.array([s for s, _ in intervals], dtype=np.int64)
    return coverage(start, start + np.array([n for _, n in intervals], dtype=np.int64))


@settings(deadline=None, max_examples=50)
@given(INTERVALS)
def test_runs_are_the_depth(intervals):
    runs = runs_of(intervals)
    depth = np.zeros(130, dtype=np.int64)
    for i, value in enumerate(runs.value):
        depth[runs.edge[i] : runs.edge[i + 1]] = value
    assert (depth == depth_of(intervals)).all()
    assert (np.diff(runs.value) != 0).all()


@settings(deadline=None, max_examples=50)
@given(INTERVALS, st.lists(st.integers(-40, 140), min_size=1, max_size=5))
def test_bins_sum_the_depth_and_may_leave_the_contig(intervals, starts):
    padded = np.pad(depth_of(intervals), (100, 200))
    expected = [[padded[100 + s + 8 * b : 108 + s + 8 * b].sum() for b in range(4)] for s in starts]
    assert bin_sums(runs_of(intervals), np.array(starts), 4, 8).tolist() == expected


@settings(deadline=None, max_examples=50)
@given(st.lists(INTERVALS, max_size=4), st.sampled_from([1, 0.1]))
def test_depths_add_up_base_by_base(parts, factor):
    runs = [runs_of(part) for part in parts]
    if factor != 1:
        runs = [Runs(r.edge, r.value * factor) for r in runs]
    found = total(runs)
    whole = factor == 1 or not parts
    assert found.value.dtype == (np.int64 if whole else np.float64)
    expected = sum((depth_of(part) * factor for part in parts), np.zeros(130))
    np.testing.assert_allclose(found.at(np.arange(130)), expected, rtol=1e-12, atol=0)
    assert (np.diff(found.value) != 0).all()
    # No crumbs: where nothing is, sums do not move.
    gaps = np.diff(found.sums(np.arange(131)))[expected == 0]
    assert (gaps == 0).all()


@settings(deadline=None, max_examples=50)
@given(INTERVALS, st.floats(1e-6, 1e6))
def test_float_depth_never_gives_a_negative_bin(intervals, factor):
    counted = runs_of(intervals)
    runs = Runs(counted.edge, counted.value * factor)
    starts = np.arange(-16, 140, 8)
    bins, whole = bin_sums(runs, starts, 4, 8), bin_sums(counted, starts, 4, 8)
    assert (bins >= 0).all()
    assert ((bins == 0) == (whole == 0)).all()
    np.testing.assert_allclose(bins, whole * factor, rtol=1e-6)


@settings(deadline=None, max_examples=50)
@given(INTERVALS)
def test_bigwig_holds_every_base(tmp_path_factory, intervals):
    folder = tmp_path_factory.mktemp("bw")
    files = BigWigs(folder, ["a", "b"], {"chr1": 130, "chr2": 50})
    files.add("a", "chr1", runs_of(intervals))
    files.close()
    with pyBigWig.open(str(folder / "a.bw")) as file:
        values = file.values("chr1", 0, 130) if intervals else np.zeros(130)
        assert (np.nan_to_num(values) == depth_of(intervals)).all()
    back = BigWig(folder / "a.bw", {"1": 130, "2": 50})
    expected = np.pad(depth_of(intervals), (6, 0))[:32].reshape(1, 4, 8).sum(2)
    assert (back.bins("1", np.array([-6]), 4, 8) == expected).all()
    assert (back.bins("3", np.array([0]), 4, 8) == 0).all()
    back.close()


def test_bad_bigwigs(tmp_path):
    (tmp_path / "x.bw").write_text("no")
    with pytest.raises(UserError, match="cannot be opened as bigWig"):
        BigWig(tmp_path / "x.bw", {"chr1": 5})
    BigWigs(tmp_path, ["a"], {"chr1": 130}).close()
    with pytest.raises(UserError, match="130 bp here and 131 bp"):
        BigWig(tmp_path / "a.bw", {"chr1": 131})


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=20))
def test_slugs_are_safe_in_paths(name):
    slug = slugify(name)
    assert slug
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


def test_slug_keeps_what_can_be_read():
    assert slugify("CD8+ T cell (naïve)/2") == "CD8_T_cell_na_ve_2"
