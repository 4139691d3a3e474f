"""Fold by fold: which windows a split has, and that every metric is there in each."""

import pytest

from presage.config.evaluate import Evaluate
from presage.errors import UserError
from presage.sequence.evaluation.folds import TEST_CLEAN, evaluate_folds, evaluate_trunk, splits
from tests.unit.sequence.evaluation.test_tracks import SLUGS3, TRACKS3, study, three_type_model


def test_splits(tmp_path):
    targets, _, _ = study(tmp_path, windows=6)
    found = splits(targets, 200)
    assert list(found) == ["test", "valid", "train"]  # no test window reaches the training window
    assert found["test"].tolist() == [0, 1, 2, 3, 4, 5] and found["train"].tolist() == [6]
    assert "train" not in splits(targets, 0)


def test_test_windows_that_read_training_sequence_are_told_apart(tmp_path):
    targets, _, _ = study(tmp_path, windows=6)
    targets.windows.loc[1, "fold"] = "train"  # its neighbours read into it
    found = splits(targets, 200)
    w = targets.windows
    (train,) = [w.iloc[1]]
    clean = [i for i in (0, 2, 3, 4, 5) if w["end"][i] <= train["out_start"] or w["start"][i] >= train["out_end"]]
    assert 0 < len(clean) < 5 and found[TEST_CLEAN].tolist() == clean
    assert found["test"].tolist() == [0, 2, 3, 4, 5]


def test_every_fold_has_adapters_and_baselines(tmp_path):
    targets, _, genes = study(tmp_path)
    model, trunk = three_type_model(1), three_type_model(2)
    trunk.tracks = [f"bulk{i}" for i in range(len(SLUGS3))]
    settings = Evaluate(bootstrap=100)
    table = evaluate_folds(lambda: iter([("lora", 1, model)]), targets, TRACKS3, genes, settings, trunk=trunk)
    whole = table[(table["metric"] == "bin_pearson") & (table["group"] == "all") & table["seed"].isna()]
    expected = {"lora", "mean_of_types", "nearest_type", "bulk_track"}
    for split in ("train", "valid", "test"):
        rows = whole[whole["split"] == split]
        assert set(rows["model"]) == expected and len(rows) == 4
    assert evaluate_trunk(trunk, targets, TRACKS3, settings) is None  # its tracks are not at hand


def test_without_a_test_window_one_line_says_so(tmp_path):
    targets, _, genes = study(tmp_path)
    targets.windows["fold"] = "train"
    with pytest.raises(UserError, match="has no test window"):
        evaluate_folds(lambda: iter([("x", 1, three_type_model(1))]), targets, TRACKS3, genes, Evaluate())
