"""TargetSet: what is written is read, windows beyond a contig are N, bad input is refused."""

import numpy as np
import pysam
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from presage.errors import UserError
from presage.sequence.targets import TargetSet, onehot, strand_pairs
from tests.unit.sequence.model_cases import SHAPE, TRACKS, target_set


def test_round_trip(tmp_path):
    made = target_set(tmp_path / "t.zarr")
    opened = TargetSet.open(tmp_path / "t.zarr")
    assert opened.tracks == TRACKS
    assert opened.windows.equals(made.windows)
    assert opened.windows["chrom"].tolist() == ["chr1"] * 12
    assert opened.simulated
    assert opened.strand_pair.tolist() == [1, 0, 2]
    assert opened.fold("valid").tolist() == [2, 6, 10]
    values, sequence = opened.values([3, 1]), opened.sequence([3, 1])
    edge = SHAPE.crop * SHAPE.bin_size
    in_bins = sequence[:, edge : SHAPE.context - edge].reshape(2, SHAPE.out_bins, -1)
    np.testing.assert_array_equal(values[..., 0], (in_bins == 0).sum(2) / 4)
    assert values.dtype == np.float32


def test_hash_is_of_the_content(tmp_path):
    first, same = target_set(tmp_path / "a.zarr"), target_set(tmp_path / "b.zarr")
    other = target_set(tmp_path / "c.zarr", seed=1)
    assert first.hash() == same.hash()
    assert first.hash() != other.hash()
    assert first.hash() != first.select(["b"]).hash()


def test_select_takes_both_strands_or_none(tmp_path):
    data = target_set(tmp_path / "t.zarr")
    pair = data.select(["a*"])
    assert pair.tracks == ["a+", "a-"]
    assert pair.strand_pair.tolist() == [1, 0]
    only = data.select(["b"])
    assert only.strand_pair.tolist() == [0]
    np.testing.assert_array_equal(only.values([0]), data.values([0])[..., 2:])
    with pytest.raises(UserError, match=r"a\+ without its other strand"):
        data.select(["a+"])
    with pytest.raises(UserError, match="fits none of 3 tracks"):
        data.select(["b", "zzz"])


@given(arrays(np.uint8, st.tuples(st.integers(1, 3), st.integers(1, 40)), elements=st.integers(0, 4)))
def test_onehot_says_each_base_once_and_n_never(sequence):
    hot = onehot(sequence)
    assert hot.dtype == np.float32
    np.testing.assert_array_equal(hot.sum(1), sequence < 4)
    for base in range(4):
        np.testing.assert_array_equal(hot[:, base], sequence == base)


def test_sequence_from_fasta_pads_with_n_outside_the_contig(tmp_path):
    made = target_set(tmp_path / "t.zarr", windows=2)
    spans = [(-5, SHAPE.context - 5), (600 - SHAPE.context + 7, 607)]
    windows = made.windows.assign(start=[s for s, _ in spans], end=[e for _, e in spans])
    text = "".join(np.random.default_rng(0).choice(list("ACGTNacgt"), 600))
    (tmp_path / "g.fa").write_text(f">chr1\n{text}\n")
    pysam.faidx(str(tmp_path / "g.fa"))
    TargetSet.write(tmp_path / "f.zarr", made.values([0, 1]), windows, TRACKS, SHAPE.bin_size, "none")
    data = TargetSet.open(tmp_path / "f.zarr", tmp_path / "g.fa")
    letters = ["".join("ACGTN"[c] for c in row) for row in data.sequence([0, 1])]
    assert letters[0] == "N" * 5 + text[: SHAPE.context - 5].upper()
    assert letters[1] == text[600 - SHAPE.context + 7 :].upper() + "N" * 7
    with pytest.raises(UserError, match="holds no sequence"):
        TargetSet.open(tmp_path / "f.zarr").sequence([0])


def test_strand_pairs_by_slug():
    assert strand_pairs(["x-", "y", "x+"]).tolist() == [2, 1, 0]
    with pytest.raises(ValueError, match=r"x\+ has no partner"):
        strand_pairs(["x+", "y"])


def test_bad_targets_are_refused(tmp_path):
    good = target_set(tmp_path / "t.zarr", windows=2)
    values, windows = good.values([0, 1]), good.windows
    with pytest.raises(ValueError, match="2 windows and 2 tracks"):
        TargetSet.write(tmp_path / "x.zarr", values, windows, ["a", "b"], SHAPE.bin_size, "")
    with pytest.raises(ValueError, match="do not cover"):
        TargetSet.write(tmp_path / "x.zarr", values, windows, ["a", "b", "c"], 7, "")
    with pytest.raises(ValueError, match="negative or non-finite"):
        TargetSet.write(tmp_path / "x.zarr", -values - 1, windows, ["a", "b", "c"], SHAPE.bin_size, "")
    with pytest.raises(UserError, match="is not a zarr group"):
        TargetSet.open(tmp_path / "nothing.zarr")


def test_a_missing_fold_is_told(tmp_path):
    data = target_set(tmp_path / "t.zarr", windows=2)
    with pytest.raises(UserError, match="has no valid window"):
        data.fold("valid")
