"""Adapters: no-op at the start, frozen stays frozen, exact merge, peft as oracle, files that refuse another trunk."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from presage.config.adapt import Adapt, AdaptRun
from presage.config.training import Training
from presage.errors import UserError
from presage.sequence.adapters import (
    attach,
    frozen_hash,
    load_adapter,
    lora,
    match_layers,
    resolved,
    resolved_text,
    trainable_fraction,
)
from presage.sequence.adapters.ridge import fit_ridge
from presage.sequence.adapters.step import adapt, new_model
from presage.sequence.heads import Head
from presage.sequence.model import SequenceModel, base_state, is_adapter, load_model, tensor_hash
from presage.sequence.trunk.borzoi import layers, parameters
from presage.sequence.trunk.weights import save_trunk
from tests.unit.sequence.model_cases import TRACKS, lively_model, lively_trunk, random_onehot, target_set

EVERYWHERE = ("stem", "tower.*.conv", "transformer.*", "unet.*.dense", "unet.*.pointwise")
LORA = AdaptRun(name="x", kind="lora", rank=2, alpha=6, targets=EVERYWHERE)
QUICK = Adapt(training=Training(epochs=3, batch_size=2, lr=0.02, warmup_steps=0, ema=0.0))


def adapted_model(run: AdaptRun = LORA, stirred: bool = True) -> SequenceModel:
    """A small model with adapters; ``stirred``: as if they had been trained."""
    trunk = lively_trunk()
    hash_ = tensor_hash(base_state(trunk))
    modules = attach(trunk, run)
    if stirred:
        for module in modules.values():
            nn.init.normal_(module.B, std=0.1)
    torch.manual_seed(1)
    return SequenceModel(trunk, Head(trunk.width, 3), TRACKS, np.array([1, 0, 2]), trunk_hash=hash_)


def test_untrained_adapters_change_no_bit():
    model, plain = adapted_model(stirred=False), lively_trunk()
    x = random_onehot(2)
    with torch.no_grad():
        assert torch.equal(model.trunk(x), plain(x))
        assert not torch.equal(adapted_model().trunk(x), plain(x))


def test_only_adapters_and_head_are_trainable():
    model = adapted_model()
    trained = {name for name, p in model.named_parameters() if p.requires_grad}
    assert trained == {n for n, _ in model.named_parameters() if n.startswith("head.") or is_adapter(n)}
    assert len(trained) == 2 + 2 * len(lora.adapters(model.trunk))


def test_merged_model_is_the_same_and_detached_model_is_the_trunk():
    x, plain = random_onehot(2), lively_trunk()
    model = adapted_model()
    with torch.no_grad():
        expected = model(x)
        lora.merge(model.trunk)
        assert not lora.adapters(model.trunk)
        torch.testing.assert_close(model(x), expected, atol=1e-5, rtol=0)
        other = adapted_model()
        lora.detach(other.trunk)
        assert torch.equal(other.trunk(x), plain(x))
    assert {n: t.shape for n, t in model.trunk.state_dict().items()} == {
        n: t.shape for n, t in plain.state_dict().items()
    }


@pytest.mark.parametrize("layer", [nn.Linear(12, 9), nn.Conv1d(12, 9, 1), nn.Conv1d(12, 9, 5, padding="same")])
def test_equal_to_peft_on_the_same_weights(layer):
    peft = pytest.importorskip("peft")
    torch.manual_seed(0)
    x = torch.randn(2, 12, 30) if isinstance(layer, nn.Conv1d) else torch.randn(2, 30, 12)
    base = nn.ModuleDict({"layer": layer})
    base.forward = lambda x: base["layer"](x)
    wrapped = peft.get_peft_model(base, peft.LoraConfig(r=3, lora_alpha=6, target_modules=["layer"]))
    theirs = wrapped.base_model.model["layer"]
    a, b = theirs.lora_A["default"].weight, theirs.lora_B["default"].weight
    nn.init.normal_(b)
    expected = theirs(x).detach()
    mine = type(layer)(12, 9, **({"kernel_size": layer.kernel_size, "padding": "same"} if x.shape[1] == 12 else {}))
    mine.load_state_dict(theirs.base_layer.state_dict())
    module = lora.attach(mine, 3, 6)
    with torch.no_grad():
        module.A.copy_(a.flatten(1))
        module.B.copy_(b.flatten(1))
        torch.testing.assert_close(mine(x), expected, atol=1e-5, rtol=1e-5)


@settings(max_examples=20, deadline=None)
@given(rank=st.integers(1, 6), alpha=st.floats(0.1, 32), outputs=st.integers(6, 9), inputs=st.integers(6, 9))
def test_update_is_alpha_over_rank_times_b_a(rank, alpha, outputs, inputs):
    layer = nn.Linear(inputs, outputs)
    weight = layer.weight.detach().clone()
    module = lora.attach(layer, rank, alpha)
    nn.init.normal_(module.B)
    update = (layer.weight - weight).detach()
    torch.testing.assert_close(update, alpha / rank * (module.B @ module.A).detach(), atol=1e-4, rtol=1e-4)
    assert torch.linalg.matrix_rank(update) <= rank


def test_bad_rank_and_grouped_layers_are_refused():
    with pytest.raises(UserError, match="rank 99 does not fit"):
        attach(lively_trunk(), AdaptRun(name="x", kind="lora", rank=99))
    with pytest.raises(UserError, match=r"unet.0.depthwise: a grouped convolution"):
        attach(lively_trunk(), AdaptRun(name="x", kind="lora", rank=1, targets=("unet.*",)))


def test_a_pattern_that_fits_nothing_is_refused():
    with pytest.raises(UserError, match=r"run x: target 'transformer.*.q_proj' fits no layer; layers are .*query"):
        attach(lively_trunk(), AdaptRun(name="x", kind="lora", targets=("stem", "transformer.*.q_proj")))


def test_patterns_match_whole_names():
    names = ["a.query", "a.query_norm", "b.query"]
    assert match_layers(names, ["*.query"], "x") == ["a.query", "b.query"]
    assert match_layers(names, ["b.*", "a.query"], "x") == ["a.query", "b.query"]


def test_resolved_table_counts_what_is_trained():
    model = adapted_model(AdaptRun(name="x", kind="lora", rank=2))
    rows = {row["layer"]: row for row in resolved(model)}
    query = rows["transformer.0.attention.query"]
    assert (query["shape"], query["trainable"]) == ("8x16", 2 * (8 + 16))
    assert rows["stem"]["trainable"] == 0
    assert set(rows) == {*layers(model.trunk), "head.linear"}
    assert "other layers frozen" in resolved_text(model)
    adapter = 2 * (8 + 16) + 2 * (16 + 16)
    assert trainable_fraction(model) == pytest.approx(adapter / parameters(lively_trunk()))


def test_a_frozen_trunk_stays_in_eval_through_train_and_eval():
    model = adapted_model()
    x = random_onehot(4)
    before, expected = frozen_hash(model), model(x)
    for mode in (True, False, True):
        model.train(mode)
        assert torch.equal(model(x), expected)
        assert not any(m.training for m in model.trunk.modules() if isinstance(m, nn.BatchNorm1d | nn.Dropout))
    assert frozen_hash(model) == before
    asked = SequenceModel(model.trunk, model.head, TRACKS, model.strand_pair, trunk_dropout=True).train()
    assert [m.training for m in asked.trunk.modules() if isinstance(m, nn.Dropout)] == [True]
    assert not any(m.training for m in asked.trunk.modules() if isinstance(m, nn.BatchNorm1d))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A trunk on disk and a target set."""
    folder = tmp_path_factory.mktemp("study")
    save_trunk(folder / "trunk", lively_model())
    return folder, target_set(folder / "targets.zarr")


@pytest.mark.parametrize("kind", ["lora", "probe", "ridge"])
def test_adapt_writes_what_load_model_reads(study, tmp_path, kind):
    folder, data = study
    run = LORA if kind == "lora" else AdaptRun(name=kind, kind=kind)
    card = adapt(tmp_path / "a", folder / "trunk", data, run, QUICK, seed=3, threads=1)
    again = adapt(tmp_path / "b", folder / "trunk", data, run, QUICK, seed=3, threads=1)
    assert card == again
    for name in ("adapter.safetensors", "card.json", "history.parquet"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    model = load_model(folder / "trunk", tmp_path / "a")
    assert (model.adapter_hash, model.tracks) == (card["adapter_hash"], TRACKS)
    assert model.card["folds"] == {"test": 3, "train": 6, "valid": 3}
    assert model.card["simulated"] is True
    assert frozen_hash(model) == card["trunk_hash"]
    assert (card["trainable_fraction"] > 0) == (kind == "lora")
    other = adapt(tmp_path / "c", folder / "trunk", data, run, QUICK, seed=4, threads=1)
    assert (other["adapter_hash"] == card["adapter_hash"]) == (kind == "ridge")


def test_training_changes_adapters_and_nothing_frozen(study, tmp_path):
    folder, data = study
    adapt(tmp_path / "a", folder / "trunk", data, LORA, QUICK, seed=3, threads=1)
    model = load_model(folder / "trunk", tmp_path / "a")
    assert all(module.B.abs().max() > 0 for module in lora.adapters(model.trunk).values())
    plain = load_model(folder / "trunk")
    for name, tensor in base_state(plain.trunk).items():
        assert torch.equal(tensor, base_state(model.trunk)[name]), name


def test_head_epochs_train_the_head_alone_first(study, tmp_path):
    folder, data = study
    run = LORA.model_copy(update={"head_epochs": 2, "epochs": 2})
    adapt(tmp_path / "a", folder / "trunk", data, run, QUICK, seed=3, threads=1)
    import pandas as pd

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
    (tmp_path / "a" / "card.json").write_text(json.dumps(card | {"adapter_hash": "0" * 16}))
    with pytest.raises(UserError, match="its card says 0000"):
        load_adapter(load_model(folder / "trunk"), tmp_path / "a")


def test_targets_of_another_shape_are_refused(study, tmp_path):
    from tests.unit.sequence.model_cases import SHAPE

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
