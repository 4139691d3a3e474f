"""Trunk files: the real Keras model and its real windows, presage's own format, and files that do not fit."""

import json
import shutil

import h5py
import numpy as np
import pytest
import torch

from presage.errors import UserError
from presage.sequence.evaluation.correlation import moments, pearson_from_moments
from presage.sequence.loading import load_model
from presage.sequence.model.keras import load_keras_h5
from presage.sequence.model.sequence_model import predict_windows
from presage.sequence.model.weights import load_trunk, save_trunk
from presage.sequence.targets.tfrecords import import_baskerville
from tests.unit.sequence.model_cases import lively_model, random_onehot


@pytest.fixture
def folder(real_data):
    return real_data / "mini_borzoi"


def keras(folder, model="model.h5"):
    return load_keras_h5(folder / model, folder / "params.json", folder / "targets.txt")


def test_real_model_scores_its_real_test_windows(folder, tmp_path):
    model = keras(folder)
    assert sum(p.numel() for p in model.parameters()) == 640_882
    data = import_baskerville(folder, tmp_path / "t.zarr")
    assert model.tracks == data.tracks
    rows = data.fold("test")
    predicted = predict_windows(model, data, rows, batch_size=2)
    r = pearson_from_moments(sum(moments(p, o) for p, o in zip(predicted, data.values(rows))))
    assert r.mean() == pytest.approx(0.41, abs=0.01)
    kind = np.array([name.split(":")[0] for name in data.names])
    assert {k: round(float(r[kind == k].mean()), 2) for k in set(kind)} == {
        "DNASE": 0.82, "RNA": 0.36, "CAGE": 0.33, "RNA3": 0.32,
    }  # fmt: skip


def test_real_model_round_trips_through_our_format(folder, tmp_path):
    model = keras(folder)
    card = save_trunk(tmp_path, model, {"origin": "keras_h5"})
    again = load_trunk(tmp_path / "trunk.safetensors")
    assert again.trunk_hash == model.trunk_hash == card["trunk_hash"]
    assert again.adapter_hash == model.adapter_hash
    for (name, a), b in zip(model.state_dict().items(), again.state_dict().values()):
        assert torch.equal(a, b), name


def test_wrong_keras_shape_names_layer_and_both_shapes(folder, tmp_path):
    shutil.copy(folder / "model.h5", tmp_path / "model.h5")
    with h5py.File(tmp_path / "model.h5", "r+") as file:
        group = file["model_weights/conv1d_3/conv1d_3"]
        del group["kernel:0"]
        group["kernel:0"] = np.zeros((5, 88, 95), np.float32)
    with pytest.raises(UserError, match=r"layer conv1d_3/kernel has shape \(95, 88, 5\).*\(96, 88, 5\)"):
        load_keras_h5(tmp_path / "model.h5", folder / "params.json", folder / "targets.txt")
    with h5py.File(tmp_path / "model.h5", "r+") as file:
        del file["model_weights/dense_3"]
        del file["model_weights/conv1d_3"]
    with pytest.raises(UserError, match="holds no layer conv1d_3"):
        load_keras_h5(tmp_path / "model.h5", folder / "params.json", folder / "targets.txt")


def test_parameters_of_another_network_are_refused(folder, tmp_path):
    params = json.loads((folder / "params.json").read_text())
    params["model"]["trunk"].insert(2, {"name": "dilated_residual"})
    (tmp_path / "params.json").write_text(json.dumps(params))
    with pytest.raises(UserError, match="not of the Borzoi family"):
        load_keras_h5(folder / "model.h5", tmp_path / "params.json", folder / "targets.txt")


def test_own_format_gives_the_same_numbers(tmp_path):
    model = lively_model()
    save_trunk(tmp_path, model)
    x = random_onehot(2)
    with torch.no_grad():
        assert torch.equal(load_model(tmp_path)(x), model(x))
    first = (tmp_path / "card.json").read_bytes(), (tmp_path / "trunk.safetensors").read_bytes()
    save_trunk(tmp_path, load_model(tmp_path))
    assert first == ((tmp_path / "card.json").read_bytes(), (tmp_path / "trunk.safetensors").read_bytes())


def test_files_that_do_not_belong_together_are_told(tmp_path):
    save_trunk(tmp_path / "a", lively_model(seed=0))
    save_trunk(tmp_path / "b", lively_model(seed=1))
    shutil.copy(tmp_path / "b" / "trunk.safetensors", tmp_path / "a" / "trunk.safetensors")
    with pytest.raises(UserError, match=r"has hash .* its card says"):
        load_model(tmp_path / "a")
    whole = (tmp_path / "b" / "trunk.safetensors").read_bytes()
    (tmp_path / "b" / "trunk.safetensors").write_bytes(whole[:-50])
    with pytest.raises(UserError, match="not a whole safetensors file"):
        load_model(tmp_path / "b")
    with pytest.raises(UserError, match="is missing"):
        load_model(tmp_path / "c")
