"""Enformer: enformer-pytorch's numbers from its own weights (where it is installed); the interface without it."""

import json
import sys

import numpy as np
import pytest
import torch

from presage.config.adapt import Adapter, AdaptRun
from presage.config.trunk import EnformerShape, Trunk
from presage.errors import UserError
from presage.sequence.adapters import attach
from presage.sequence.adapters.parts import detach
from presage.sequence.adapters.places import places
from presage.sequence.loading import load_model
from presage.sequence.model.enformer_files import load_enformer
from presage.sequence.model.heads import Head
from presage.sequence.model.sequence_model import SequenceModel, base_state, tensor_hash
from presage.sequence.model.shape import read_enformer_config, shape_of
from presage.sequence.model.weights import save_trunk
from presage.sequence.training.trunk_step import make_trunk
from presage.sequence.trunk.enformer import Enformer, fill_positions
from tests.unit.sequence.adapters.cases import stir
from tests.unit.sequence.model.test_huggingface import lively
from tests.unit.sequence.model_cases import random_onehot

SMALL = EnformerShape(
    context=2048, crop=4, stem_width=24, tower_widths=(24, 32, 48), depth=2, heads=4, key_size=8, dropout=0.1
)
BETWEEN = AdaptRun(
    name="x", kind="houlsby", rank=3, also=(Adapter(kind="squeeze_excite", rank=3), Adapter(kind="lora", rank=2))
)


@pytest.fixture
def saved(tmp_path):
    """A small Enformer with two heads, and a folder as the published one: each tensor of the trunk has two names."""
    package = pytest.importorskip("enformer_pytorch")
    torch.manual_seed(0)
    model = lively(
        package.Enformer.from_hparams(
            dim=48, depth=2, heads=4, attn_dim_key=8, num_downsamples=4, dim_divisible_by=8, target_length=120,
            output_heads={"human": 5, "mouse": 3},
        )
    )  # fmt: skip
    model.config.save_pretrained(tmp_path / "saved")
    torch.save(model.state_dict(), tmp_path / "saved" / "pytorch_model.bin")
    return model, tmp_path / "saved"


def test_the_published_settings_are_the_defaults(tmp_path):
    config = {
        "model_type": "enformer", "dim": 1536, "depth": 11, "heads": 8, "target_length": 896, "attn_dim_key": 64,
        "dropout_rate": 0.4, "num_downsamples": 7, "dim_divisible_by": 128,
    }  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    shape = read_enformer_config(tmp_path / "config.json")
    assert shape == EnformerShape()
    assert (shape.out_bins, shape.bin_size, shape.width) == (896, 128, 3072)
    with torch.device("meta"):
        trunk = Enformer(shape)
    heads = (5313 + 1643) * (shape.width + 1)
    assert sum(p.numel() for p in trunk.parameters()) + heads == pytest.approx(249e6, rel=0.02)
    (tmp_path / "config.json").write_text(json.dumps(config | {"model_type": "borzoi"}))
    with pytest.raises(UserError, match="of type borzoi; expected enformer"):
        read_enformer_config(tmp_path / "config.json")


def test_interface_slots_and_own_format(tmp_path):
    trunk = lively(Enformer(SMALL))
    model = SequenceModel(trunk, Head(SMALL.width, 3), ["a", "b", "c"], np.arange(3))
    x = random_onehot(2, SMALL.context)
    with torch.no_grad():
        expected = model(x)
        assert expected.shape == (2, SMALL.out_bins, 3)
        assert torch.equal(model.run(range(3), (x,))[0], expected)
        attach(trunk, BETWEEN)
        assert torch.equal(model(x), expected)
        stir(trunk)
        assert not torch.allclose(model(x), expected)
        detach(trunk)
        save_trunk(tmp_path, model)
        assert torch.equal(load_model(tmp_path)(x), expected)
    assert shape_of(Trunk(kind="presage", path=str(tmp_path))) == SMALL
    assert {"stem", "tower.0.conv", "transformer.1.attention.query", "transformer.0.mlp_out"} <= set(places(trunk))
    assert model.frozen_stages() == 2
    assert tensor_hash(base_state(trunk)) == load_model(tmp_path).trunk_hash
    with pytest.raises(ValueError, match="2048"):
        trunk(random_onehot(1, 1024))


def test_without_the_package_it_says_how(monkeypatch):
    monkeypatch.setitem(sys.modules, "enformer_pytorch", None)
    with pytest.raises(UserError, match=r"enformer-pytorch is not installed; .*envs/enformer.yaml"):
        fill_positions(Enformer(SMALL), tf_gamma=False)


@pytest.mark.parametrize("species", ["human", "mouse"])
def test_numbers_are_enformer_pytorchs(saved, tmp_path, species, monkeypatch):
    model, folder = saved
    given = Trunk(kind="enformer", path=str(folder), species=species, context=2048)
    card = make_trunk(tmp_path / "trunk", given, seed=0, threads=1)
    assert card["origin"] == "enformer"
    monkeypatch.setitem(sys.modules, "enformer_pytorch", None)  # our own format does without
    ours = load_model(tmp_path / "trunk")
    x = random_onehot(2, 2048)
    with torch.no_grad():
        expected = model(x.transpose(1, 2))[species]
        found = ours(x)
    assert found.shape == expected.shape == (2, 120, len(ours.tracks))
    assert expected.std(1).mean() > 0.1
    assert (found - expected).abs().max() <= 1e-5 * expected.abs().max()


def test_tensorflows_positions_are_for_the_published_length(saved):
    _, folder = saved
    with pytest.raises(UserError, match=r"known for 1536 tokens, this context has 128"):
        load_enformer(Trunk(kind="enformer", path=str(folder), context=2048, tf_gamma=True))
    trunk = Enformer(EnformerShape(stem_width=8, tower_widths=(*(8,) * 5, 384), depth=1, heads=2))
    features = trunk.transformer[0].attention.features
    fill_positions(trunk, tf_gamma=False)
    computed = features.clone()
    fill_positions(trunk, tf_gamma=True)
    gamma = torch.arange(192) // 32 % 3 == 2  # the last of three kinds, once as it is and once with the sign
    assert torch.equal(features[:, ~gamma], computed[:, ~gamma])
    assert (features[:, gamma] - computed[:, gamma]).abs().max() > 0.5  # they are scaled in another way, too


def test_other_weights_are_told(saved):
    _, folder = saved
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"depth": 1}))
    with pytest.raises(UserError, match=r"layer transformer.1.0.fn.0.bias has no place"):
        load_enformer(Trunk(kind="enformer", path=str(folder), context=2048))


@pytest.mark.parametrize("between", [False, True])
def test_a_range_of_bins_is_that_part_of_the_whole(between):
    trunk = lively(Enformer(SMALL))
    if between:  # a squeeze-and-excite needs all tokens, whichever bins are wanted
        attach(trunk, BETWEEN)
        stir(trunk)
    trunk.eval().double()
    with torch.no_grad():
        encoded = trunk.encode(random_onehot(2, SMALL.context).double())
        whole = trunk.decode(*encoded)
        for first, last in ((0, 1), (0, trunk.out_bins), (40, 47), (trunk.out_bins - 3, trunk.out_bins)):
            np.testing.assert_allclose(trunk.decode(*encoded, bins=(first, last)), whole[:, first:last], atol=1e-12)
