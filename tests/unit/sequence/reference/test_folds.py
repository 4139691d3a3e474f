"""presage.sequence.reference.folds: whole chromosomes, blocks, published names, and what an interval belongs to."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presage.errors import UserError
from presage.sequence.reference import folds


def windows_of(rows):
    """Windows with 10 bp of input at each side of the output."""
    frame = pd.DataFrame(rows, columns=["chrom", "out_start", "out_end", "fold"])
    return frame.assign(start=frame["out_start"] - 10, end=frame["out_end"] + 10)


def test_the_last_chromosome_is_test_and_the_one_before_it_valid():
    assert folds.by_chromosome(["a", "a", "b", "c"]).tolist() == ["train", "train", "valid", "test"]
    assert folds.by_chromosome(["a", "b", "c"], test=["a"]).tolist() == ["test", "train", "valid"]
    assert folds.by_chromosome(["a", "b", "c"], test=["a"], valid=["b"]).tolist() == ["test", "valid", "train"]


@pytest.mark.parametrize(
    ("chroms", "test", "valid", "what"),
    [
        (["a", "b", "c"], ["d"], [], "no window lies on d"),
        (["a", "b", "c"], ["a"], ["a"], "is also in test_chroms"),
        (["a", "b"], [], [], "no chromosome is left to train on"),
    ],
)
def test_impossible_chromosome_folds(chroms, test, valid, what):
    with pytest.raises(UserError, match=what):
        folds.by_chromosome(chroms, test, valid)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 6), st.lists(st.integers(1, 60), min_size=1, max_size=3))
def test_blocks_keep_training_inputs_away_from_held_out_outputs(size, counts):
    rows = [(f"chr{c}", 20 * i, 20 * i + 20, "") for c, n in enumerate(counts) for i in range(n)]
    windows = windows_of(rows)
    try:
        fold = folds.by_block(windows, size)
    except UserError:
        assert sum(-(-n // size) for n in counts) < 3
        return
    assert {"valid", "test"} <= set(fold)
    train, held = windows[fold == "train"], windows[np.isin(fold, ["valid", "test"])]
    for row in train.itertuples():
        same = held[held["chrom"] == row.chrom]
        assert not ((same["out_start"] < row.end) & (same["out_end"] > row.start)).any()
    lost = windows[fold == ""]
    assert len(lost) <= 2 * ((fold == "valid").sum() + (fold == "test").sum())


def test_published_names():
    names = ["fold0", "fold3", "fold4", "train", "valid", "test"]
    found = folds.published(names, ["test", "fold3"], ["valid", "fold4"])
    assert found.tolist() == ["train", "test", "valid", "train", "valid", "test"]


def test_an_interval_is_test_only_if_no_other_fold_sees_it():
    windows = windows_of([("a", 0, 100, "train"), ("a", 100, 200, "test"), ("b", 0, 50, "valid")])
    found = folds.of_intervals(
        ["a", "a", "a", "b", "b", "c"], [100, 99, 250, 49, 50, 0], [120, 120, 260, 90, 60, 9], windows
    )
    assert found.tolist() == ["test", "train", "outside", "valid", "outside", "outside"]


def test_overlaps_are_counted_by_who_reads_whom():
    windows = windows_of(
        [("a", 0, 100, "train"), ("a", 100, 200, "test"), ("a", 205, 300, "valid"), ("b", 0, 50, "train")]
    )
    found = folds.overlaps(windows)
    assert found == {
        "train": {"valid": 0, "test": 1},
        "valid": {"train": 0, "test": 1},
        "test": {"train": 1, "valid": 1},
    }
    assert folds.reading(windows, ["valid", "test"], ["train"]).tolist() == [False, True, False, False]
    assert folds.reading(windows, ["train"], ["valid", "test"]).tolist() == [True, False, False, False]


def test_real_borzoi_inputs_read_other_folds(real_data):
    """1.7 % of the test windows' inputs reach into what training windows predict, and no output does."""
    bed = pd.read_csv(
        real_data / "folds/borzoi_sequences_human.bed.gz", sep="\t", names=["chrom", "out_start", "out_end", "name"]
    )
    assert (bed["out_end"] - bed["out_start"] == 6144 * 32).all()
    margin = (524_288 - 6144 * 32) // 2
    windows = bed.assign(start=bed["out_start"] - margin, end=bed["out_end"] + margin)
    windows["fold"] = folds.published(bed["name"], ["fold3"], ["fold4"])
    found = folds.overlaps(windows)
    assert found["test"] == {"train": 115, "valid": 16} and found["valid"] == {"train": 103, "test": 16}
    assert round(100 * found["test"]["train"] / (windows["fold"] == "test").sum(), 1) == 1.7
    outputs_only = windows.assign(start=windows["out_start"], end=windows["out_end"])
    assert not any(n for by in folds.overlaps(outputs_only).values() for n in by.values())
