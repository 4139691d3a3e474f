"""Baskerville data without tensorflow: the real set, and sets that were made here, cut or mixed up."""

import zlib

import numpy as np
import pytest

from presage.errors import UserError
from presage.sequence.targets.records import read_tfrecords
from presage.sequence.targets.tfrecords import import_baskerville, read_scale, read_targets_txt
from tests.unit.sequence.small_records import BIN, BINS, CROP, LENGTH, TARGETS_TXT, baskerville, encoded, framed

FOLDS8 = ["fold10", "fold3", "fold0", "fold4", "fold10", "fold0", "fold3", "fold0", "fold10"]


@pytest.fixture
def folder(real_data):
    return real_data / "mini_borzoi"


def test_folds_keep_their_order_and_come_as_train_valid_test(tmp_path):
    sequence, target = baskerville(tmp_path / "set", FOLDS8)
    data = import_baskerville(tmp_path / "set", tmp_path / "x.zarr")
    order = [2, 5, 7, 0, 4, 8, 3, 1, 6]  # fold0, fold10, then fold4 for validation, fold3 for test
    assert data.windows["fold"].tolist() == ["train"] * 6 + ["valid"] + ["test"] * 2
    assert (data.windows["out_start"] // (BIN * BINS)).tolist() == order
    assert (data.windows["end"] - data.windows["start"] == LENGTH).all()
    assert data.windows.loc[data.windows["out_start"] == 0, "padded"].tolist() == [CROP]
    np.testing.assert_array_equal(data.values(range(9)), target[order].astype(np.float32))
    np.testing.assert_array_equal(data.sequence(range(9)), sequence[order])
    assert data.strand_pair.tolist() == [1, 0, 2]


def test_fold_names_are_arguments(tmp_path):
    baskerville(tmp_path / "set", FOLDS8)
    data = import_baskerville(tmp_path / "set", tmp_path / "x.zarr", test_folds=["fold0"], valid_folds=["fold10"])
    assert [len(data.fold(f)) for f in ("train", "valid", "test")] == [3, 3, 3]


def test_only_the_wanted_tracks_are_taken_with_their_scale(tmp_path):
    _, target = baskerville(tmp_path / "set", ["train", "valid", "test"])
    data = import_baskerville(tmp_path / "set", tmp_path / "x.zarr", ["DNASE:*"])
    np.testing.assert_array_equal(data.values([0, 1, 2])[..., 0], target[..., 2].astype(np.float32))
    assert data.scale is not None and data.scale.linear is False
    assert (data.scale.clip_soft.tolist(), data.scale.clip.tolist()) == ([32], [128])
    assert data.scale.times.tolist() == [2 / BIN]
    assert "clipped softly above 32" in data.scale_note
    with pytest.raises(UserError, match="one strand"):
        import_baskerville(tmp_path / "set", tmp_path / "y.zarr", ["r+"])
    with pytest.raises(UserError, match="fit no track"):
        import_baskerville(tmp_path / "set", tmp_path / "y.zarr", ["zzz"])


def test_the_old_and_the_new_transform_are_told_apart(tmp_path):
    (tmp_path / "targets.txt").write_text(TARGETS_TXT.replace("mean", "max"))
    new, note = read_scale(tmp_path / "targets.txt", BIN)
    old, old_note = read_scale(tmp_path / "targets.txt", BIN, transform_old=True)
    x = np.array([[7.0, 100.0, 3.0]])
    np.testing.assert_allclose(new.forward(x)[0, :2], -1 + np.sqrt(1 + 0.5 * x[0, :2]))
    np.testing.assert_allclose(old.forward(x)[0, :2], 0.5 * x[0, :2] ** 0.75)
    assert "max of a bin is taken as its sum" in note
    assert "--transform_old" in old_note and "x^(3/4)" in old_note
    (tmp_path / "targets.txt").write_text(TARGETS_TXT.replace("768", "-1"))
    with pytest.raises(UserError, match=r"targets\.txt: has a scale or clip that is no positive number"):
        read_scale(tmp_path / "targets.txt", BIN)


def test_strands_without_a_column_for_them(tmp_path):
    rows = ["\tidentifier\tdescription", "0\ta-\tx", "1\tb\ty", "2\ta+\tx", "3\tc+\tz"]
    (tmp_path / "targets.txt").write_text("\n".join(rows))
    assert read_targets_txt(tmp_path / "targets.txt")["strand_pair"].tolist() == [2, 1, 0, 3]


def _rewrite(folder, name, **changes):
    path = folder / "tfrecords" / name
    examples = [{**e, **changes} for e in read_tfrecords(path)]
    path.write_bytes(zlib.compress(framed([encoded(e) for e in examples])))


def test_damaged_sets_are_told_with_the_file(tmp_path):
    labels, files = ["train"] * 5 + ["valid", "test"], tmp_path / "set" / "tfrecords"
    baskerville(tmp_path / "set", labels)

    def refused(match):
        with pytest.raises(UserError, match=match):
            import_baskerville(tmp_path / "set", tmp_path / "x.zarr")

    last = (files / "train-2.tfr").read_bytes()
    (files / "train-2.tfr").unlink()
    refused("has 4 train records for 5 windows")
    (files / "train-2.tfr").write_bytes((files / "train-1.tfr").read_bytes())
    refused("has 6 train records for 5 windows")
    (files / "train-2.tfr").write_bytes(last[: len(last) // 2])
    refused(r"train-2\.tfr: ends before its zlib stream does")
    (files / "train-2.tfr").write_bytes(last)
    (files / "train-1.tfr").rename(files / "away")
    refused(r"train-1\.tfr: is missing")
    (files / "away").rename(files / "train-1.tfr")
    (files / "valid-0.tfr").rename(files / "away")
    refused(r"valid-0\.tfr: is missing")
    (files / "away").rename(files / "valid-0.tfr")
    good = (files / "test-0.tfr").read_bytes()
    for changes, told in (
        ({"target": b"\0" * 6}, "record of 64 bases and 3 values; statistics.json says 64"),
        ({"sequence": b"\0"}, "record of 1 bases"),
        ({"target": np.full((BINS, 3), np.inf, np.float16).tobytes()}, "negative or non-finite"),
    ):
        _rewrite(tmp_path / "set", "test-0.tfr", **changes)
        refused(rf"test-0\.tfr: .*{told}")
        (files / "test-0.tfr").write_bytes(good)
    bed = tmp_path / "set" / "sequences.bed"
    bed.write_text(bed.read_text().replace("\t32\t64\t", "\t32\t65\t"))
    refused(r"sequences\.bed: has windows that are not 32 bp")
    (tmp_path / "set" / "statistics.json").write_text('{"num_targets": 3}')
    refused(r"statistics\.json: does not tell the set's shape")


def test_one_hot_sequence_of_older_sets(tmp_path):
    sequence, _ = baskerville(tmp_path / "set", ["train", "valid", "test"])
    for row, label in enumerate(["train", "valid", "test"]):
        hot = (sequence[row][:, None] == np.arange(4)).astype(np.uint8)
        _rewrite(tmp_path / "set", f"{label}-0.tfr", sequence=hot.tobytes())
    data = import_baskerville(tmp_path / "set", tmp_path / "x.zarr")
    np.testing.assert_array_equal(data.sequence([0, 1, 2]), sequence)


def test_a_one_way_strand_pair_is_told(tmp_path):
    rows = ["\tidentifier\tdescription\tstrand_pair", "0\ta+\tx\t1", "1\ta-\tx\t1"]
    (tmp_path / "targets.txt").write_text("\n".join(rows))
    with pytest.raises(UserError, match="does not point back"):
        read_targets_txt(tmp_path / "targets.txt")


def test_real_set_is_read(folder, tmp_path):
    data = import_baskerville(folder, tmp_path / "all.zarr", ["DNASE:*"])
    assert [len(data.fold(f)) for f in ("train", "valid", "test")] == [45, 10, 10]
    assert len(data.tracks) == 10
    assert data.bin_size == 32
    first = data.windows.iloc[0]
    assert (first["chrom"], first["out_start"], first["out_end"]) == ("chrX", 132332645, 132398181)
    assert first["end"] - first["start"] == 131_072
    assert data.sequence([0]).shape == (1, 131_072)
    assert data.values([0]).shape == (1, 2048, 10)
    assert all(data.values([row]).max() > 0 for row in range(65))


def test_real_cage_counts_show_which_transform_made_them(folder, tmp_path):
    """One tag in a bin is sqrt(2) - 1 = 0.41 after sum_sqrt; 1.00 would be the manuscript's power of 3/4."""
    data = import_baskerville(folder, tmp_path / "cage.zarr", ["CAGE:*"])
    values = data.values(data.fold("train"))
    assert data.scale is not None
    # Unmappable bins are set to a window's median and values rounded to 0.01: look at the commonest above noise.
    found, number = np.unique(values[values > 0.2], return_counts=True)
    commonest = found[number.argmax()]
    assert commonest == pytest.approx(data.scale.forward(np.ones(24))[0], abs=0.01)
    assert data.scale.inverse(np.full(24, commonest))[0] == pytest.approx(1, abs=0.03)


def test_real_strand_pairs_survive_a_selection(folder, tmp_path):
    table = read_targets_txt(folder / "targets.txt")
    assert len(table) == 74
    for slug, partner in zip(table["slug"], table["strand_pair"]):
        other = table["slug"][partner]
        expected = slug[:-1] + {"+": "-", "-": "+"}[slug[-1]] if slug[-1] in "+-" else slug
        assert other == expected
    data = import_baskerville(folder, tmp_path / "rna3.zarr", ["RNA3:*"])
    assert data.strand_pair.tolist() == [1, 0, 3, 2, 5, 4, 7, 6, 9, 8]


def test_half_precision_is_kept(folder):
    raw = next(read_tfrecords(folder / "tfrecords" / "test-0.tfr"))
    assert np.frombuffer(raw["target"], np.float16).size == 2048 * 74
    assert set(np.frombuffer(raw["sequence"], np.uint8)) <= {0, 1, 2, 3, 4}
