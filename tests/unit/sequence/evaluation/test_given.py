"""An adapter from elsewhere on the tracks that a study measured: the same numbers as the tracks' own columns have."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from presage.config.evaluate import Evaluate
from presage.sequence.evaluation.folds import evaluate_folds
from presage.sequence.evaluation.given import evaluate_given, narrowed, shared
from tests.unit.sequence.adapters.cases import adapted_model
from tests.unit.sequence.model_cases import random_onehot, target_set

COLUMNS = ["slug", "cell_type", "assay", "strand"]
OURS = pd.DataFrame(
    [("a+", "A cell", "rna", "+"), ("a-", "A cell", "rna", "-"), ("b", "B", "atac", ".")], columns=COLUMNS
)
THEIRS = pd.DataFrame([("x", "b", "atac", "."), ("y", "a CELL", "rna", "-"), ("z", "T", "atac", ".")], columns=COLUMNS)
SETTINGS = Evaluate(bootstrap=100)


def test_tracks_meet_by_cell_type_assay_and_strand() -> None:
    assert shared(THEIRS, OURS) == ([0, 1], ["b", "a-"])
    assert shared(THEIRS, OURS[:1]) == ([], [])
    twice = pd.concat([OURS, OURS.assign(slug="again_" + OURS["slug"])])
    assert shared(THEIRS, twice).slugs == ["b", "a-"]


def test_a_narrowed_model_predicts_what_it_predicted() -> None:
    model, x = adapted_model().eval(), random_onehot(2)
    few = narrowed(model, shared(THEIRS, OURS)).eval()
    assert few.tracks == ["b", "a-"] and few.strand_pair.tolist() == [1, 0]  # columns 0 and 1 are a pair
    alone = narrowed(model, shared(THEIRS, OURS[2:])).eval()
    assert alone.tracks == ["b"] and alone.strand_pair.tolist() == [0]
    with torch.no_grad():
        torch.testing.assert_close(few(x), model(x)[..., [0, 1]], rtol=1e-6, atol=1e-7)
        torch.testing.assert_close(alone(x), model(x)[..., [0]], rtol=1e-6, atol=1e-7)


def test_the_numbers_are_those_of_the_shared_columns(tmp_path: Path) -> None:
    data, model = target_set(tmp_path / "t.zarr"), adapted_model()
    ours = OURS.assign(slug=data.tracks)
    found = evaluate_given("lab_a", lambda: iter([(1, model)]), THEIRS, data, ours, None, SETTINGS)
    assert found is not None and set(found["model"]) == {"lab_a"}
    few = narrowed(model, shared(THEIRS, ours))
    alone = evaluate_folds(lambda: iter([("lab_a", 1, few)]), data, ours, None, SETTINGS)
    alone = alone[alone["model"] == "lab_a"].reset_index(drop=True)
    np.testing.assert_array_equal(found["value"], alone["value"])
    notes = set(found.loc[found["group"] == "all", "note"])
    assert all("fitted elsewhere: 2 of its 3 tracks were measured here" in note for note in notes)
    assert {"a-", "b"} - set(found["group"]) == {"a-", "b"} - set(ours["slug"])


def test_without_a_shared_track_there_is_nothing_to_compare(tmp_path: Path) -> None:
    data = target_set(tmp_path / "t.zarr")
    none = evaluate_given(
        "x", lambda: iter([(1, adapted_model())]), THEIRS[2:], data, OURS.assign(slug=data.tracks), None, SETTINGS
    )
    assert none is None
