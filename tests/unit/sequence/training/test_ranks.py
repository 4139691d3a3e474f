"""A fit in two processes is the fit in one: history, weights, an adapter that moved, errors that a user can read."""

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from presage.config.adapt import Adapt, AdaptRun
from presage.config.training import Training
from presage.errors import UserError
from presage.sequence.adapters.step import adapt
from presage.sequence.model.weights import save_trunk
from presage.sequence.training.fit import fit
from presage.sequence.training.ranks import ALONE, Ranks, launch
from tests.unit.sequence.model_cases import lively_model, target_set

# 14 train windows in batches of 5: the last batch has 4, and shares are never equal.
SETTINGS = Adapt(training=Training(epochs=2, batch_size=5, lr=0.01, warmup_steps=0, accumulate=2, ema=0.5))
RUN = AdaptRun(name="x", kind="lora", rank=2, targets=("tower.*.conv", "transformer.*"), head_epochs=1)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranks")
    save_trunk(folder / "trunk", lively_model())
    return folder, target_set(folder / "t.zarr", windows=28)


def test_two_processes_fit_as_one(study):
    folder, data = study
    cards, states, histories = {}, {}, {}
    for processes in (1, 2):
        out = folder / f"out{processes}"
        cards[processes] = adapt(
            out, folder / "trunk", data, RUN, SETTINGS, 3, 1, resume_root=folder / ".resume", processes=processes
        )
        states[processes] = load_file(out / "adapter.safetensors")
        histories[processes] = pd.read_parquet(out / "history.parquet")
    pd.testing.assert_frame_equal(histories[1], histories[2], check_exact=False, rtol=1e-5, atol=1e-5)
    assert cards[1]["best_epoch"] == cards[2]["best_epoch"] > 0
    for name, tensor in states[1].items():
        torch.testing.assert_close(tensor, states[2][name], rtol=1e-5, atol=1e-5)
    moved = [float(tensor.abs().max()) for name, tensor in states[2].items() if name.endswith("lora.B")]
    assert len(moved) > 5
    assert min(moved) > 1e-3  # B starts at zero: every adapter was really trained
    assert not (folder / ".resume").exists()


def test_errors_of_a_process_are_the_callers(study):
    folder, data = study
    broken = SETTINGS.model_copy(update={"training": SETTINGS.training.model_copy(update={"lr": 1e30, "clip": 1e30})})
    with pytest.raises(UserError, match="the loss is not finite; lower the learning rate"):
        adapt(folder / "bad", folder / "trunk", data, RUN, broken, 3, 1, processes=2)
    assert not (folder / "bad").exists()


def test_more_gpus_than_there_are_is_refused():
    with pytest.raises(UserError, match="gpus: 99: this node shows"):
        launch(print, 99, "cuda")


def test_a_trunk_that_is_trained_itself_takes_one_process(study):
    with pytest.raises(UserError, match=r"accumulate 1, 2 process\(es\): .* BatchNorm"):
        fit(lively_model(frozen=False), study[1], Training(), seed=0, ranks=Ranks(0, 2))


def test_shares_cover_every_row_once():
    rows = np.arange(7)
    assert sorted(np.concatenate([Ranks(rank, 3).share(rows) for rank in range(3)])) == list(rows)
    assert list(ALONE.share(rows)) == list(rows)
