"""The adapt step and its files: what is fitted, what stays frozen, and adapters that belong to another trunk."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file

from presage.config.adapt import Adapt, AdaptRun
from presage.config.training import Training
from presage.errors import UserError
from presage.sequence.adapters import step
from presage.sequence.adapters.files import load_adapter
from presage.sequence.adapters.parts import merge, placed
from presage.sequence.adapters.ridge import fit_ridge
from presage.sequence.adapters.step import adapt, new_model
from presage.sequence.loading import load_model
from presage.sequence.model.sequence_model import base_state, tensor_hash
from presage.sequence.model.weights import save_trunk
from presage.sequence.training.embed_step import embed
from tests.unit.sequence.adapters.cases import MERGEABLE, RUNS
from tests.unit.sequence.model_cases import SHAPE, TRACKS, lively_model, random_onehot, target_set

LORA = RUNS["lora"]
QUICK = Adapt(training=Training(epochs=3, batch_size=2, lr=0.02, warmup_steps=0, ema=0.0))
HEADS = {kind: AdaptRun(name=kind, kind=kind) for kind in ("probe", "ridge")}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A trunk on disk and a target set."""
    folder = tmp_path_factory.mktemp("study")
    save_trunk(folder / "trunk", lively_model())
    return folder, target_set(folder / "targets.zarr")


@pytest.mark.parametrize("run", [LORA, *HEADS.values()], ids=lambda run: run.name)
def test_adapt_writes_what_load_model_reads(study, tmp_path, run):
    folder, data = study
    card = adapt(tmp_path / "a", folder / "trunk", data, run, QUICK, seed=3, threads=1)
    again = adapt(tmp_path / "b", folder / "trunk", data, run, QUICK, seed=3, threads=1)
    assert card == again
    for name in ("adapter.safetensors", "card.json", "history.parquet"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    model = load_model(folder / "trunk", tmp_path / "a")
    assert (model.adapter_hash, model.tracks) == (card["adapter_hash"], TRACKS)
    assert model.card["folds"] == {"test": 3, "train": 6, "valid": 3}
    assert model.card["simulated"] is True
    assert tensor_hash(base_state(model.trunk)) == card["trunk_hash"]
    assert (card["trainable_fraction"] > 0) == (run.kind == "lora")
    other = adapt(tmp_path / "c", folder / "trunk", data, run, QUICK, seed=4, threads=1)
    assert (other["adapter_hash"] == card["adapter_hash"]) == (run.kind == "ridge")


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_every_kind_is_fitted_saved_loaded_and_merged_and_nothing_frozen_moves(study, tmp_path, run, monkeypatch):
    folder, data = study
    x, fitted = random_onehot(2), []
    save = step.save_adapter
    monkeypatch.setattr(step, "save_adapter", lambda *args: (fitted.append(args[1](x).detach()), save(*args))[1])
    card = adapt(tmp_path, folder / "trunk", data, run, QUICK, seed=3, threads=1)
    plain, model = load_model(folder / "trunk"), load_model(folder / "trunk", tmp_path)
    for name, tensor in base_state(plain.trunk).items():
        assert torch.equal(tensor, base_state(model.trunk)[name]), name
    with torch.no_grad():
        assert (model.trunk(x) - plain.trunk(x)).abs().max() > 1e-4
        expected = model(x)
        assert torch.equal(expected, fitted[0])
        if run.name in MERGEABLE:
            merge(model.trunk)
            torch.testing.assert_close(model(x), expected, atol=1e-5, rtol=1e-5)
    tensors = load_file(tmp_path / "adapter.safetensors")
    assert sum(t.numel() for t in tensors.values()) == card["adapter_parameters"] + card["head_parameters"]
    assert card["parts"] == [spot.name for spot in placed(load_model(folder / "trunk", tmp_path).trunk)]


def test_head_epochs_train_the_head_alone_first(study, tmp_path):
    folder, data = study
    run = LORA.model_copy(update={"head_epochs": 2, "epochs": 2})
    adapt(tmp_path / "a", folder / "trunk", data, run, QUICK, seed=3, threads=1)
    history = pd.read_parquet(tmp_path / "a" / "history.parquet")
    assert history["epoch"].tolist() == [0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert history["step"].is_monotonic_increasing


def test_adapter_of_another_trunk_is_refused(study, tmp_path):
    folder, data = study
    adapt(tmp_path / "a", folder / "trunk", data, LORA, QUICK, seed=3, threads=1)
    save_trunk(tmp_path / "other", lively_model(seed=5))
    with pytest.raises(UserError, match=r"was fitted on trunk \w+, this is \w+"):
        load_model(tmp_path / "other", tmp_path / "a")


def test_tampered_adapter_is_refused(study, tmp_path):
    folder, data = study
    adapt(tmp_path / "a", folder / "trunk", data, LORA, QUICK, seed=3, threads=1)
    card = json.loads((tmp_path / "a" / "card.json").read_text())
    other_run = {"run": card["run"] | {"alpha": 1.0}}
    for changed in ({"adapter_hash": "0" * 16}, other_run, {"tracks": card["tracks"][::-1]}):
        (tmp_path / "a" / "card.json").write_text(json.dumps(card | changed))
        with pytest.raises(UserError, match=r"card.json: is not as it was written"):
            load_adapter(load_model(folder / "trunk"), tmp_path / "a")
    (tmp_path / "a" / "card.json").write_text(json.dumps(card))
    tensors = load_file(tmp_path / "a" / "adapter.safetensors")
    save_file(tensors | {"head.linear.bias": tensors["head.linear.bias"] + 1}, tmp_path / "a" / "adapter.safetensors")
    with pytest.raises(UserError, match="its card says"):
        load_adapter(load_model(folder / "trunk"), tmp_path / "a")


def test_targets_of_another_shape_are_refused(study, tmp_path):
    data = target_set(tmp_path / "t.zarr", shape=SHAPE.model_copy(update={"crop": 4}))
    with pytest.raises(UserError, match="has 56 bins of 8 bp; the trunk gives 60 of 8 bp"):
        new_model(load_model(study[0] / "trunk"), data, LORA)


def test_ridge_is_scikit_learns():
    from sklearn.linear_model import Ridge
    from sklearn.preprocessing import StandardScaler

    torch.manual_seed(0)
    x, y = torch.randn(3, 40, 6) * torch.tensor([1, 2, 3, 0.1, 5, 1.0]) + 4, torch.rand(3, 40, 2)
    pairs = [(x[i : i + 1], y[i : i + 1]) for i in range(3)]
    fitted = fit_ridge(pairs, pairs[:1], [7.0])
    scaler = StandardScaler().fit(x.flatten(0, 1))
    oracle = Ridge(alpha=7.0).fit(scaler.transform(x.flatten(0, 1)), y.flatten(0, 1))
    np.testing.assert_allclose(
        x.flatten(0, 1) @ fitted.weight.T + fitted.bias,
        oracle.predict(scaler.transform(x.flatten(0, 1))),
        atol=1e-4,
    )


def test_a_share_of_the_training_windows_is_nested_by_seed_and_reads_the_same_cache(study, tmp_path):
    folder, data = study
    some = {share: set(data.fewer_train(share, 3).fold("train")) for share in (0.2, 0.5, 1.0)}
    assert [len(some[share]) for share in (0.2, 0.5, 1.0)] == [1, 3, 6]
    assert some[0.2] < some[0.5] < some[1.0] and some[1.0] == set(data.fold("train"))
    assert any(set(data.fewer_train(0.5, seed).fold("train")) != some[0.5] for seed in range(4, 9))
    run = HEADS["probe"].model_copy(update={"train_share": 0.5})
    quick = QUICK.model_copy(update={"training": QUICK.training.model_copy(update={"shift": 0})})
    embed(tmp_path / "e.zarr", folder / "trunk", data, quick, "embedding", threads=1)
    plain = adapt(tmp_path / "a", folder / "trunk", data, run, quick, seed=3, threads=1)
    cached = adapt(
        tmp_path / "b", folder / "trunk", data, run, quick, seed=3, threads=1, embeddings=tmp_path / "e.zarr"
    )
    assert plain["folds"] == {"test": 3, "train": 3, "unused": 3, "valid": 3}
    assert plain["valid_pearson"] == pytest.approx(cached["valid_pearson"], abs=1e-4)
    whole = adapt(tmp_path / "c", folder / "trunk", data, HEADS["probe"], quick, seed=3, threads=1)
    assert whole["adapter_hash"] != plain["adapter_hash"]
