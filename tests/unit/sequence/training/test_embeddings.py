"""The frozen trunk's outputs on disk: the same fit to the bit, a kill costs one batch, foreign files are refused."""

import fnmatch

import numpy as np
import pytest
import torch

from presage.config.adapt import DEFAULTS, Adapt, AdaptRun
from presage.config.training import Training
from presage.errors import UserError
from presage.sequence.adapters import attach
from presage.sequence.adapters.step import adapt
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.model.weights import load_trunk, save_trunk
from presage.sequence.training import embeddings
from presage.sequence.training.embed_step import embed
from presage.sequence.training.embeddings import Embeddings, write_embeddings
from presage.sequence.training.stages import NUMBERS, cached_stage
from tests.unit.sequence.model_cases import lively_model, lively_trunk, target_set

LATER = AdaptRun(name="x", kind="lora", rank=2, targets=("transformer.*", "unet.*dense"), head_epochs=1)
PROBE, RIDGE = AdaptRun(name="p", kind="probe"), AdaptRun(name="r", kind="ridge")


def settings(**more) -> Adapt:
    # No view is ever computed alone: a lone small window takes another convolution on a CPU, with other last bits.
    return Adapt(training=Training(epochs=2, batch_size=4, lr=0.01, warmup_steps=0, rc=False, shift=0), **more)


@pytest.fixture
def study(tmp_path):
    save_trunk(tmp_path / "trunk", lively_model())
    return tmp_path, target_set(tmp_path / "t.zarr", windows=32)


@pytest.mark.parametrize("run", [LATER, PROBE, RIDGE], ids=lambda run: run.kind)
def test_a_cached_fit_is_the_uncached_one_bit_for_bit(study, run, monkeypatch):
    folder, data = study
    stage = cached_stage(run)
    embed(folder / "e.zarr", folder / "trunk", data, settings(), stage, 1, resume_root=folder / ".resume")
    assert not (folder / ".resume").exists()
    adapt(folder / "plain", folder / "trunk", data, run, settings(), 3, 1)

    def encoded_again(*_):
        raise AssertionError("the tower ran")

    monkeypatch.setattr("presage.sequence.trunk.borzoi.Borzoi.encode", encoded_again)
    adapt(folder / "cached", folder / "trunk", data, run, settings(), 3, 1, embeddings=folder / "e.zarr")
    for name in ("adapter.safetensors", "history.parquet"):
        assert (folder / "plain" / name).read_bytes() == (folder / "cached" / name).read_bytes(), name


def test_float16_is_half_the_disk_and_nearly_the_same(study):
    folder, data = study
    size, history = {}, {}
    for dtype in ("float32", "float16"):
        embed(folder / dtype, folder / "trunk", data, settings(cache_dtype=dtype), "encoded", 1)
        size[dtype] = sum(file.stat().st_size for file in (folder / dtype).rglob("c/**/*") if file.is_file())
        card = adapt(folder / "out", folder / "trunk", data, LATER, settings(), 3, 1, embeddings=folder / dtype)
        history[dtype] = card["valid_loss"]
    assert size["float16"] < 0.6 * size["float32"]
    assert history["float16"] == pytest.approx(history["float32"], rel=1e-2)


def test_a_killed_job_goes_on_where_it_was(study, monkeypatch):
    folder, data = study
    model = load_trunk(folder / "trunk")
    arguments = {"rc": True, "batch_size": 4}
    write_embeddings(folder / "calm.zarr", model, data, 1, **arguments)
    original, batches = embeddings._set_done, []

    def killed(path, count):
        batches.append(count)
        if len(batches) == 4:  # the values of this batch are written, the count of them is not
            raise KeyboardInterrupt
        original(path, count)

    monkeypatch.setattr(embeddings, "_set_done", killed)
    with pytest.raises(KeyboardInterrupt):
        write_embeddings(folder / "killed.zarr", model, data, 1, **arguments)
    with pytest.raises(UserError, match="holds 8 of 40 views"):
        Embeddings.open(folder / "killed.zarr", model, data)
    batches[:] = [0] * 4
    write_embeddings(folder / "killed.zarr", model, data, 1, **arguments)
    assert batches[4:] == list(range(12, 41, 4))
    calm, again = (Embeddings.open(folder / f"{name}.zarr", model, data) for name in ("calm", "killed"))
    assert set(calm.place) == {(r, f) for r in data.fold("train") for f in (False, True)} | {
        (r, False) for r in data.fold("valid")
    }
    for view in calm.place:
        assert all(torch.equal(a, b) for a, b in zip(calm.read(*view), again.read(*view)))
    assert calm.read(int(data.fold("test")[0]), False) is None


def test_another_trunk_or_other_windows_are_refused(study):
    folder, data = study
    write_embeddings(folder / "e.zarr", load_trunk(folder / "trunk"), data, 2, rc=False, batch_size=4)
    for model, windows in ((lively_model(seed=5), data), (lively_model(), target_set(folder / "u.zarr", windows=16))):
        with pytest.raises(UserError, match="another trunk or other windows"):
            Embeddings.open(folder / "e.zarr", model, windows)


def test_a_full_disk_is_told_before_the_work(study, monkeypatch):
    folder, data = study
    monkeypatch.setattr(embeddings, "_free", lambda _: 1000)
    with pytest.raises(UserError, match=r"embeddings of 24 views: take .* GB, the disk has 0.0 GB left"):
        write_embeddings(folder / "e.zarr", lively_model(), data, 1, rc=False, batch_size=4)


def test_a_shift_and_cached_windows_exclude_each_other():
    with pytest.raises(ValueError, match=r"cached_trunk keeps windows as they lie, but training\.shift is 3 bp"):
        Adapt(cached_trunk=True, training=Training(shift=3))


@pytest.mark.parametrize(
    "patterns",
    [
        ("*",),
        ("tower.*.conv[-2:]",),
        ("transformer.*", "unet.*"),
        ("stem",),
        ("*.dense",),
        ("tower.2.conv",),
        ("*norm",),
    ],
)
def test_the_stage_told_from_settings_is_the_models(patterns):
    run = AdaptRun(name="x", kind="norm", targets=patterns)
    trunk = lively_trunk()
    model = SequenceModel(trunk, lively_model().head, ["a", "b", "c"], np.arange(3))
    plain = [pattern.split("[")[0] for pattern in patterns]
    for name, parameter in trunk.named_parameters():
        layer = name.rpartition(".")[0]
        parameter.requires_grad_(any(fnmatch.fnmatch(layer, pattern) for pattern in plain))
    assert NUMBERS.get(cached_stage(run), 0) == model.frozen_stages()


def test_every_kind_has_a_stage_that_its_model_reaches():
    stages = {kind: cached_stage(AdaptRun(name="x", kind=kind)) for kind in DEFAULTS}
    assert {kind for kind, stage in stages.items() if stage == "embedding"} == {"probe", "ridge"}
    assert {kind for kind, stage in stages.items() if stage is None} == {"locon", "squeeze_excite", "bitfit", "full"}
    trunk = lively_trunk()
    attach(trunk, AdaptRun(name="x", kind="lora", rank=1))
    model = SequenceModel(trunk, lively_model().head, ["a", "b", "c"], np.arange(3))
    assert NUMBERS[stages["lora"]] == model.frozen_stages() == 1
    assert cached_stage(AdaptRun(name="x", kind="probe", trunk_dropout=True)) == "encoded"
