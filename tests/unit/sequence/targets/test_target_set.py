"""TargetSet: what is written is read, windows beyond a contig are N, bad input is refused."""

import numpy as np
import pandas as pd
import pysam
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from presage.errors import UserError
from presage.sequence.targets.scaling import Scale
from presage.sequence.targets.target_set import TargetSet, TargetWriter, onehot, strand_pairs
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


def rows_of(data):
    return data.values(range(len(data)))


def test_writer_takes_windows_in_any_order_and_scales_them(tmp_path):
    made = target_set(tmp_path / "t.zarr", windows=150)  # more than two shards
    raw, sequence = rows_of(made) * 100, made.sequence(range(150))
    scale = Scale.by_assay(["rna", "rna", "atac"], {"rna": "power_3_4"}, {"rna": 30}, {"atac": 90})
    order = np.random.default_rng(0).permutation(150)
    with TargetWriter(
        tmp_path / "w.zarr", made.windows, TRACKS, SHAPE.bin_size, sequence_length=SHAPE.context, simulated=True
    ) as writer:
        writer.write([7], np.zeros((1, *raw.shape[1:]), np.float32), sequence[[7]])  # replaced below
        for rows in np.array_split(order, 40):
            writer.write(rows, raw[rows], sequence[rows])
        writer.finish(scale, mean_one=True)
    data = TargetSet.open(tmp_path / "w.zarr")
    np.testing.assert_array_equal(data.sequence(range(150)), sequence)
    assert data.simulated and data.windows.equals(made.windows) and data.scale is not None
    values = rows_of(data)
    np.testing.assert_allclose(values[data.fold("train")].mean((0, 1), dtype=np.float64), 1, rtol=1e-6)
    np.testing.assert_allclose(values, scale.forward(raw) / data.scale.divided_by, rtol=1e-6)
    assert data.scale_note.endswith("divided by the track's mean over training bins")
    below = scale.forward(raw) < 89
    np.testing.assert_allclose(data.scale.inverse(values)[below], raw[below], rtol=1e-4)
    pair = data.select(["a*"])
    assert pair.scale is not None and pair.scale.squash == ("power_3_4",) * 2
    assert len(list((tmp_path / "w.zarr/targets/c").iterdir())) == 3
    assert not [p for p in (tmp_path / "w.zarr").iterdir() if p.is_file() and p.name != "zarr.json"]


def test_mean_one_by_the_writer_is_what_division_gives(tmp_path):
    made = target_set(tmp_path / "t.zarr")
    raw = rows_of(made)
    raw[..., 1] = 0
    with TargetWriter(tmp_path / "w.zarr", made.windows, TRACKS, SHAPE.bin_size) as writer:
        writer.write(range(12), raw)
        writer.finish(mean_one=True)
    data = TargetSet.open(tmp_path / "w.zarr")
    mean = sum(raw[row].mean(axis=0, dtype=np.float64) for row in made.fold("train")) / len(made.fold("train"))
    mean[1] = 1
    assert data.scale is not None and data.scale.divided_by.tolist() == mean.tolist()
    np.testing.assert_array_equal(rows_of(data), raw / mean.astype(np.float32))


def test_windows_that_were_not_written_are_an_error(tmp_path):
    made = target_set(tmp_path / "t.zarr", windows=3)
    with TargetWriter(tmp_path / "w.zarr", made.windows, TRACKS, SHAPE.bin_size) as writer:
        writer.write([2, 0], made.values([2, 0]))
        with pytest.raises(ValueError, match=r"1 of 3 windows were not written, e\.g\. row 1"):
            writer.finish()
        for rows, values in (([3], made.values([0])), ([0], made.values([0, 1])), ([0], made.values([0]) - 9)):
            with pytest.raises(ValueError, match=r"row 3|values \(2|negative"):
                writer.write(rows, values)
        with pytest.raises(ValueError, match="sequence comes with every window"):
            writer.write([0], made.values([0]), made.sequence([0]))
    with pytest.raises(UserError, match="is not a target set"):
        TargetSet.open(tmp_path / "w.zarr")


def test_a_set_of_an_earlier_version_opens(tmp_path):
    made = target_set(tmp_path / "t.zarr", windows=3)
    old = zarr.open_group(str(tmp_path / "old.zarr"), mode="w", zarr_format=3)
    old.create_array("targets", data=rows_of(made), chunks=(1, *rows_of(made).shape[1:]))
    for name in made.windows:
        codes, categories = pd.factorize(made.windows[name], sort=True)
        text = made.windows[name].dtype == object
        array = old.create_array(f"windows/{name}", data=codes if text else made.windows[name].to_numpy(np.int64))
        if text:
            array.attrs["categories"] = [str(c) for c in categories]
    old.attrs.update({"tracks": TRACKS, "bin_size": SHAPE.bin_size, "scale_note": "x", "strand_pair": [1, 0, 2]})
    data = TargetSet.open(tmp_path / "old.zarr")
    assert data.scale is None
    assert data.hash() == made.hash()


def test_an_empty_set_says_why_there_is_nothing_to_fit(tmp_path):
    zarr.open_group(str(tmp_path / "t.zarr"), mode="w").attrs["empty"] = "no window has a track"
    with pytest.raises(UserError, match="holds nothing to fit: no window has a track"):
        TargetSet.open(tmp_path / "t.zarr")
