"""Published checkpoints: our module gives borzoi-pytorch's numbers from the files that it saves; bad files are told."""

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from presage.config.trunk import Trunk
from presage.errors import UserError
from presage.sequence.loading import load_model
from presage.sequence.model.huggingface import load_huggingface
from presage.sequence.model.shape import read_config, shape_of
from presage.sequence.training.trunk_step import make_trunk
from presage.sequence.trunk.presets import BORZOI, FLASHZOI, PRIME
from tests.unit.sequence.model_cases import random_onehot
from tests.unit.sequence.trunk import flash_stand_in

SMALL = {"dim": 64, "depth": 2, "heads": 2, "attn_dim_key": 16, "attn_dim_value": 32, "bins_to_return": 40}
FLASH = {"dim": 640, "depth": 1, "heads": 4, "bins_to_return": 40, "flashed": True}
KINDS = {
    "borzoi": ("Borzoi", SMALL | {"enable_mouse_head": True}),
    "flashzoi": ("Borzoi", FLASH),
    "prime": ("Prime", SMALL),
}
CONTEXT = 4096


def lively(module: torch.nn.Module) -> torch.nn.Module:
    """Every tensor away from its start, BatchNorm's statistics too, and activations that do not fade."""
    torch.manual_seed(0)
    for name, tensor in module.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 2)
        elif tensor.ndim > 1:
            tensor.normal_(std=1.4 * tensor[0].numel() ** -0.5)
        elif tensor.is_floating_point():
            tensor.add_(0.1 * torch.randn_like(tensor))
    return module.eval()


def theirs(kind: str, monkeypatch) -> torch.nn.Module:
    package = pytest.importorskip("borzoi_pytorch")
    flash_stand_in.install(monkeypatch)
    name, config = KINDS[kind]
    return lively(getattr(package, name).from_hparams(**config))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A small Borzoi as borzoi-pytorch saves it, for the tests that spoil copies of it."""
    folder = tmp_path_factory.mktemp("borzoi")
    with pytest.MonkeyPatch.context() as monkeypatch:
        theirs("borzoi", monkeypatch).save_pretrained(folder)
    return folder


def settings(folder, **more) -> Trunk:
    return Trunk(kind="huggingface", path=str(folder), context=CONTEXT, **more)


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_are_borzoi_pytorchs(kind, tmp_path, monkeypatch):
    model = theirs(kind, monkeypatch)
    model.save_pretrained(tmp_path, safe_serialization=kind != "prime")
    x = random_onehot(2, CONTEXT)
    for species in ("human", "mouse") if kind == "borzoi" else ("human",):
        ours = load_huggingface(settings(tmp_path, species=species))
        with torch.no_grad():
            expected = model(x, is_human=species == "human").transpose(1, 2)
            found = ours(x)
        assert found.shape == expected.shape == (2, 40, len(ours.tracks))
        assert expected.std(1).mean() > 0.1  # bins differ, so what positions do is seen
        assert (found - expected).abs().max() <= 1e-5 * expected.abs().max()


def test_published_settings_give_the_published_shapes(monkeypatch, tmp_path):
    package = pytest.importorskip("borzoi_pytorch.config_borzoi")
    cases = [
        (package.BorzoiConfig(), BORZOI, 6144, 32),
        (package.BorzoiConfig(flashed=True), FLASHZOI, 6144, 32),
        (package.PrimeConfig(), PRIME, 12288, 16),
    ]
    for config, shape, bins, size in cases:
        config.save_pretrained(tmp_path)
        assert read_config(tmp_path / "config.json") == shape
        assert (shape.out_bins, shape.bin_size) == (bins, size)
        assert type(shape)(**shape.model_dump()) == shape  # a preset is a shape that the checks let through
    package.BorzoiConfig(return_center_bins_only=False).save_pretrained(tmp_path)
    assert read_config(tmp_path / "config.json").out_bins == 16384 - 32


def test_step_writes_a_trunk_of_ours(saved, tmp_path):
    table = "\tidentifier\tdescription\tstrand_pair\n"
    rows = "".join(f"{i}\tt{i}\tRNA:t{i}\t{i ^ 1 if i < 2606 else i}\n" for i in range(2608))
    (tmp_path / "targets.txt").write_text(table + rows)
    given = settings(saved, species="mouse", targets=str(tmp_path / "targets.txt"))
    card = make_trunk(tmp_path / "trunk", given, seed=0, threads=1)
    model = load_model(tmp_path / "trunk")
    assert (card["origin"], card["species"], card["simulated"]) == ("huggingface", "mouse", False)
    assert model.tracks[:2] == ["t0", "t1"]
    assert model.strand_pair[:2].tolist() == [1, 0]
    assert shape_of(given) == model.trunk.shape
    assert np.isfinite(model(random_onehot(1, CONTEXT)).detach().numpy()).all()


def spoiled(saved, folder, change=None, **config):
    """A copy with a changed config and changed tensors."""
    shutil.copytree(saved, folder)
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | config))
    if change:
        tensors = load_file(folder / "model.safetensors")
        change(tensors)
        save_file(tensors, folder / "model.safetensors")
    return folder


@pytest.mark.parametrize(
    ("change", "config", "message"),
    [
        (None, {"depth": 3}, "holds no layer transformer.2.0.fn.0"),
        (None, {"depth": 1}, "layer transformer.1.0.fn.0.bias has no place"),
        (None, {"dim": 32}, r"unet1.1.conv_layer.weight has shape \(64, 1280, 5\).*\(32, 1280, 5\)"),
        (None, {"model_type": "bert"}, "describes a model of type bert"),
        (None, {"bins_to_return": 6144}, "crop.*trunk.crop"),
        (lambda t: t.pop("conv_dna.conv_layer.bias"), {}, "holds no layer conv_dna.conv_layer.bias"),
        (lambda t: t.pop("mouse_head.weight"), {}, "holds no head for mouse"),
        (lambda t: t.update({"extra.weight": torch.zeros(1)}), {}, "layer extra.weight has no place"),
    ],
)
def test_files_that_do_not_fit_are_told(saved, tmp_path, change, config, message):
    folder = spoiled(saved, tmp_path / "copy", change, **config)
    with pytest.raises(UserError, match=message):
        load_huggingface(settings(folder, species="mouse"))


def test_joint_layer_of_another_width_is_told(tmp_path, monkeypatch):
    theirs("flashzoi", monkeypatch).save_pretrained(tmp_path / "a")
    folder = spoiled(tmp_path / "a", tmp_path / "b", dim=512)
    with pytest.raises(UserError, match=r"Wqkv.\w+ has shape \(1280,.*\(1024,"):
        load_huggingface(settings(folder))


def test_broken_state_dict_and_wrong_targets_are_told(saved, tmp_path):
    (tmp_path / "config.json").write_text((saved / "config.json").read_text())
    with pytest.raises(UserError, match=r"holds no model.safetensors or pytorch_model.bin"):
        load_huggingface(settings(tmp_path))
    (tmp_path / "pytorch_model.bin").write_bytes(b"no zip")
    with pytest.raises(UserError, match="not a whole state dict"):
        load_huggingface(settings(tmp_path))
    (tmp_path / "targets.txt").write_text("\tidentifier\tdescription\n0\ta\tb\n")
    with pytest.raises(UserError, match=r"names 1 tracks, the head for human has 7611"):
        load_huggingface(settings(saved, targets=str(tmp_path / "targets.txt")))
