"""The self-check: silent where both ways agree, one line where they do not, in fp32 whatever runs around it."""

import pytest
import torch

from presage.errors import UserError
from presage.sequence.sparse_tower import SparseMismatch, check_window
from presage.sequence.sparse_tower import tower as tower_file
from tests.unit.sequence.adapters.cases import RUNS, adapted_model
from tests.unit.sequence.model_cases import SHAPE
from tests.unit.sequence.sparse_tower.cases import TOLERANCE, change, lively, random_codes

CODES = random_codes(SHAPE.context)
EDITS = [change(CODES, 3), change(CODES, 200, 5)]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("bins", [None, (20, 30)])
def test_agreement_is_silent(reverse, bins):
    assert 0 <= check_window(lively(), CODES, EDITS, reverse=reverse, bins=bins) <= TOLERANCE
    assert 0 <= check_window(lively(), CODES, [], reverse=reverse, bins=bins) <= TOLERANCE


def test_unsupported_models_agree_with_themselves():
    assert check_window(adapted_model(RUNS["squeeze_excite"]), CODES, EDITS) <= TOLERANCE


def test_a_difference_is_told_in_one_line(monkeypatch):
    """A sliver that is put one position too far, as an error in the geometry would."""
    put = tower_file.overwrite
    monkeypatch.setattr(tower_file, "overwrite", lambda target, values, starts: put(target, values, starts + 1))
    with pytest.raises(
        SparseMismatch, match=r"differs .* by \d\.\de-\d\d of the largest output.*sparse: false"
    ) as told:
        check_window(lively(), CODES, EDITS)
    assert isinstance(told.value, UserError) and "\n" not in str(told.value)


def test_a_difference_in_one_bin_of_one_edit_is_enough(monkeypatch):
    from presage.sequence.sparse_tower import window

    filled = window._filled

    def slightly(reference, count, changing, values):
        out = filled(reference, count, changing, values)
        out[-1, 7, 1] += 2 * TOLERANCE * out.max() * (out.shape[1] < SHAPE.out_bins)
        return out

    monkeypatch.setattr(window, "_filled", slightly)
    check_window(lively(), CODES, EDITS)
    with pytest.raises(SparseMismatch):
        check_window(lively(), CODES, EDITS, bins=(10, 40))


def test_numbers_that_are_none_do_not_pass():
    model = lively()
    model.head.linear.bias.data[0] = float("nan")
    with pytest.raises(SparseMismatch):
        check_window(model, CODES, EDITS)


def test_it_runs_in_fp32_under_autocast_and_leaves_settings_as_they_were():
    model = lively(SHAPE.model_copy(update={"depth": 2}))
    torch.set_float32_matmul_precision("medium")
    try:
        with torch.autocast("cpu", torch.bfloat16):
            assert check_window(model, CODES, EDITS) <= TOLERANCE
            assert torch.is_autocast_enabled("cpu")
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision("highest")
