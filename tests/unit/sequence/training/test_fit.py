"""The fit: views and their cache, the loop, early stopping on valid only, determinism, losses that are not finite."""

import logging

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from presage.config.adapt import AdaptRun
from presage.config.training import Training
from presage.config.trunk import TrunkShape
from presage.errors import UserError
from presage.sequence.adapters import attach
from presage.sequence.model.sequence_model import SequenceModel, predict_windows
from presage.sequence.targets.target_set import TargetSet
from presage.sequence.training import fit as fitting
from presage.sequence.training.course import Best
from presage.sequence.training.fit import _better, fit
from presage.sequence.training.resume import Resume
from presage.sequence.training.trunk_step import make_trunk, train_trunk
from presage.sequence.training.views import Views, view
from tests.unit.sequence.model_cases import SHAPE, lively_model, lively_trunk, random_onehot, target_set

QUICK = Training(epochs=3, lr=0.01, batch_size=2, shift=1, warmup_steps=0)


def quick(**changed) -> Training:
    """A short fit."""
    return Training(**QUICK.model_dump() | changed)


@pytest.fixture
def data(tmp_path) -> TargetSet:
    return target_set(tmp_path / "t.zarr")


@given(st.lists(st.integers(0, 4), min_size=8, max_size=20), st.integers(-4, 4))
def test_view_shifts_and_reverse_complements(bases, shift):
    text = "".join("ACGTN"[b] for b in bases)
    moved = ("N" * shift + text)[: len(text)] if shift >= 0 else text[-shift:] + "N" * -shift
    flipped = moved[::-1].translate(str.maketrans("ACGT", "TGCA"))
    for flip, expected in ((False, moved), (True, flipped)):
        assert "".join("ACGTN"[b] for b in view(np.array(bases, np.uint8), flip, shift)) == expected


def test_flipped_targets_reverse_bins_and_swap_strands(data):
    views = Views(lively_model(), data, 1.0)
    straight, flipped = views.observed(np.array([3, 3]), np.array([0, 1]))
    assert torch.equal(flipped[:, 0], straight[:, 1].flip(0))
    assert torch.equal(flipped[:, 2], straight[:, 2].flip(0))
    # In this target set a+ counts A and a- counts T, so both views tell the same truth.
    sequence = view(data.sequence([3])[0], True, 0)
    edge = SHAPE.crop * SHAPE.bin_size
    in_bins = sequence[edge : SHAPE.context - edge].reshape(SHAPE.out_bins, -1)
    np.testing.assert_array_equal(flipped[:, 0], (in_bins == 0).sum(1) / 4)


@pytest.mark.parametrize(
    ("targets", "stages"), [(None, 2), (("transformer.*.query",), 1), (("tower.1.conv",), 0), (("stem",), 0)]
)
def test_cached_views_equal_the_whole_model(data, targets, stages):
    trunk = lively_trunk()
    if targets:
        attach(trunk, AdaptRun(name="x", kind="lora", rank=1, targets=targets))
    plain = lively_model()
    model = SequenceModel(trunk, plain.head, plain.tracks, plain.strand_pair)
    assert model.frozen_stages() == stages
    rows, flips, shifts = np.array([4, 1, 4]), np.array([0, 1, 1]), np.array([0, -2, 1])
    for room in (1.0, 0.0):  # with and without memory to keep anything
        views = Views(model, data, room)
        for _ in range(2):
            with torch.no_grad():
                (out,) = model.run(range(stages, 3), views.inputs(rows, flips, shifts))
                sequence = np.stack([view(data.sequence([r])[0], f, s) for r, f, s in zip(rows, flips, shifts)])
                from presage.sequence.targets.target_set import onehot

                torch.testing.assert_close(out, model(torch.from_numpy(onehot(sequence))), atol=1e-5, rtol=1e-5)


def test_training_learns(data):
    model, result = train_trunk(
        data, SHAPE, Training(epochs=12, lr=0.01, batch_size=2, warmup_steps=5, ema=0.5), seed=0
    )
    assert result.valid_pearson > 0.5
    first, last = result.history.query("split == 'valid'").iloc[[0, -1]]["loss"]
    assert last < first
    assert not model.training


def test_kept_weights_are_those_of_the_best_epoch(data):
    model = lively_model()
    result = fit(model, data, quick(select="loss", lr=0.5, epochs=6), seed=0)
    valid = result.history.query("split == 'valid'")
    assert result.valid_loss == valid["loss"].min()
    assert result.best_epoch == valid["epoch"].iloc[valid["loss"].argmin()]
    again = fit(model, data, quick(select="loss", lr=1e-9, epochs=1), seed=0)
    assert again.history["loss"].iloc[0] == pytest.approx(result.valid_loss, rel=1e-6)


def test_patience_ends_the_fit(data):
    result = fit(lively_model(), data, quick(lr=1e-12, epochs=50, patience=2, select="loss"), seed=0)
    assert result.history["epoch"].max() < 50


def test_test_windows_are_never_read(data, monkeypatch):
    seen = set()
    for name in ("values", "sequence"):
        original = getattr(TargetSet, name)

        def spy(self, rows, original=original):
            seen.update(int(r) for r in rows)
            return original(self, rows)

        monkeypatch.setattr(TargetSet, name, spy)
    fit(lively_model(), data, QUICK, seed=0)
    assert seen == {*data.fold("train"), *data.fold("valid")}


def test_same_seed_same_bytes(data, tmp_path):
    from presage.config.trunk import Trunk

    settings = Trunk(shape=SHAPE, training=Training(epochs=2, batch_size=2, ema=0.9))
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        make_trunk(tmp_path / name, settings, seed, 1, data)
    for file in ("trunk.safetensors", "card.json", "history.parquet"):
        a, b, c = ((tmp_path / name / file).read_bytes() for name in "abc")
        assert a == b
        assert a != c


def test_a_loss_that_is_not_finite_names_window_and_track(data):
    model = lively_model()
    with torch.no_grad():
        model.head.linear.bias[1] = float("nan")
    with pytest.raises(UserError, match=r"epoch 1, window \d+ \(chr1:\d+-\d+\), track a-: the loss is not finite"):
        fit(model, data, QUICK, seed=0)


def test_a_loss_that_is_not_finite_leaves_the_best_weights(data, tmp_path, monkeypatch):
    original = fitting._Fitting._losses
    count = []

    def breaks(self, rows, *rest):
        count.append(1)
        return original(self, rows, *rest) if len(count) < 5 else poison(self, rows, rest)

    def poison(self, rows, rest):
        with torch.no_grad():
            self.model.head.linear.bias[0] = float("inf")
        return original(self, rows, *rest)

    monkeypatch.setattr(fitting._Fitting, "_losses", breaks)
    model, resume = lively_model(), Resume(tmp_path / ".resume" / "x")
    with pytest.raises(UserError, match=r"epoch 2, .* track a\+.*best weights so far \(epoch 1\): (.*)$") as error:
        fit(model, data, quick(select="loss"), seed=0, resume=resume)
    kept = load_file(str(error.value).split("): ")[-1])
    assert set(kept) == {"head.linear.weight", "head.linear.bias"}
    assert all(tensor.isfinite().all() for tensor in kept.values())


def test_tracks_that_do_not_vary_are_named_and_the_others_are_fitted(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("presage"), "propagate", True)
    data = target_set(tmp_path / "t.zarr")
    values = data.values(range(len(data)))
    values[data.fold("train"), :, 1] = 0
    values[:, :, 2] = 0.25
    data = TargetSet.write(
        tmp_path / "flat.zarr",
        values,
        data.windows,
        data.tracks,
        data.bin_size,
        "counts / 4",
        sequence=data.sequence(range(len(data))),
    )
    for weight in (0.0, 1.0):
        result = fit(lively_model(), data, quick(depth_weight=weight, lr=0.02, rc=False), seed=0)
        assert result.flat_tracks == ("a-", "b")
        assert np.isfinite(result.history["loss"]).all()
        first, last = result.history.query("split == 'train'")["loss"].iloc[[0, -1]]
        assert last < first
    assert "2 track(s) do not vary over the train windows: a-, b" in caplog.text


@pytest.mark.parametrize("loss", ["poisson_multinomial", "poisson", "mse"])
def test_each_loss_learns(data, loss):
    result = fit(lively_model(), data, quick(loss=loss, select="loss", epochs=5), seed=0)
    first, last = result.history.query("split == 'valid'")["loss"].iloc[[0, -1]]
    assert last < first


def test_a_cpu_fit_uses_deterministic_operations_only(data, monkeypatch):
    seen = []
    original = fitting._Fitting._step
    monkeypatch.setattr(
        fitting._Fitting,
        "_step",
        lambda *a: seen.append(torch.are_deterministic_algorithms_enabled()) or original(*a),
    )
    fit(lively_model(), data, quick(epochs=1), seed=0)
    assert set(seen) == {True}
    assert not torch.are_deterministic_algorithms_enabled()


def test_windows_that_do_not_fit_the_shape_are_refused(data):
    with pytest.raises(UserError, match=r"trunk.shape says 4096, 96, 32"):
        train_trunk(data, TrunkShape(), Training(), 0)


def test_predictions_come_in_the_order_of_the_windows(data):
    model = lively_model()
    predicted = predict_windows(model, data, np.array([5, 2, 9]), batch_size=2)
    assert predicted.shape == (3, SHAPE.out_bins, 3)
    with torch.no_grad():
        np.testing.assert_allclose(predicted[1:2], model(torch.from_numpy(data.onehot([2]))), atol=1e-5)


def test_batchnorm_moves_only_while_the_trunk_itself_is_trained():
    x = random_onehot(4)
    for frozen in (True, False):
        model = lively_model(frozen=frozen).train()
        before = model.trunk.tower[0].norm.running_mean.clone()
        model(x)
        assert torch.equal(model.trunk.tower[0].norm.running_mean, before) == frozen


@pytest.mark.parametrize(
    ("select", "now", "best", "better"),
    [
        ("pearson", (9.0, 0.3), (1.0, 0.2), True),
        ("pearson", (0.1, 0.1), (1.0, 0.2), False),
        ("pearson", (0.9, np.nan), (1.0, np.nan), True),  # no r at all: by loss
        ("pearson", (1.1, np.nan), (1.0, np.nan), False),
        ("pearson", (0.1, np.nan), (1.0, 0.2), False),
        ("pearson", (9.0, 0.1), (1.0, np.nan), True),
        ("loss", (0.9, 0.1), (1.0, 0.2), True),
        ("loss", (1.1, 0.9), (1.0, 0.2), False),
    ],
)
def test_the_best_epoch_is_chosen_by_r_or_where_there_is_none_by_loss(select, now, best, better):
    assert _better(select, *now, Best(0, *best, {})) is better
