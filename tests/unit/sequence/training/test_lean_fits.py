"""Less memory for the same fit: parts of a batch, checkpointing, half precision; and what is said when it ran out."""

from contextlib import nullcontext

import numpy as np
import pytest
import torch
from torch import nn
from torch.profiler import profile

from presage.config.training import Training
from presage.errors import UserError
from presage.sequence.model.heads import Head
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.training.checkpointing import checkpointed
from presage.sequence.training.fit import _Fitting, fit
from presage.sequence.training.losses import poisson_multinomial
from presage.sequence.training.memory import out_of_memory_explained, remedies
from presage.sequence.training.optimizer import trainable_state
from presage.sequence.training.precision import Precision
from presage.sequence.training.ranks import ALONE
from presage.sequence.training.views import Views
from tests.unit.sequence.model_cases import SHAPE, TRACKS, lively_model, lively_trunk, random_onehot, target_set


@pytest.fixture
def data(tmp_path):
    return target_set(tmp_path / "t.zarr", windows=24)


def open_model():
    """A frozen trunk of which every parameter trains: BatchNorm keeps its statistics, dropout is off."""
    model = lively_model()
    for parameter in model.parameters():
        parameter.requires_grad_(True)
    return model


@pytest.mark.parametrize("parts", [2, 3, 8])
def test_a_batch_in_parts_has_the_gradient_of_the_whole(data, parts):
    found = []
    for accumulate in (1, parts):
        model = open_model()
        training = Training(epochs=1, batch_size=8, accumulate=accumulate, lr=1e-9, clip=1e9, shift=1)
        precision = Precision("fp32", model.device)
        fitting = _Fitting(model, Views(model, data, 0.0), training, 0, precision, ALONE)
        loss = fitting._step(data.fold("train")[:8])
        found.append((loss, [p.grad for p in model.parameters() if p.grad is not None]))
    (loss, whole), (loss_of_parts, summed) = found
    assert loss_of_parts == pytest.approx(loss, rel=1e-6)
    assert len(whole) == len(summed) > 20
    for a, b in zip(whole, summed):
        assert (a - b).norm() <= 1e-3 * a.norm() + 1e-9  # rounding may route a near-tie of max pooling the other way


def test_parts_of_a_batch_and_batchnorm_in_training_are_refused(data):
    with pytest.raises(UserError, match=r"accumulate 2, 1 process.*BatchNorm takes its statistics from them"):
        fit(lively_model(frozen=False), data, Training(accumulate=2), seed=0)
    with pytest.raises(ValueError, match="accumulate 9 is more than the 8 windows"):
        Training(batch_size=8, accumulate=9)


@pytest.mark.parametrize("frozen", [True, False])
def test_checkpointing_changes_no_gradient_and_no_statistic(frozen):
    x, target = random_onehot(4), torch.rand(4, 60, 3)
    found = []
    for lean in (False, True):
        model = (open_model() if frozen else lively_model(frozen=False)).train()
        passes = []
        model.trunk.tower[1].conv.register_forward_pre_hook(lambda *_, passes=passes: passes.append(1))
        torch.manual_seed(0)  # of dropout
        with checkpointed(model) if lean else nullcontext():
            poisson_multinomial(model(x), target, 1.0).mean().backward()
        assert len(passes) == 1 + lean
        found.append(({n: p.grad for n, p in model.named_parameters()}, dict(model.named_buffers())))
    (plain, statistics), (lean, lean_statistics) = found
    assert all(torch.equal(plain[name], lean[name]) for name in plain)
    assert all(torch.equal(statistics[name], lean_statistics[name]) for name in statistics)
    assert int(statistics["trunk.tower.0.norm.num_batches_tracked"]) == (not frozen)


def test_checkpointing_holds_less_memory():
    shape = SHAPE.model_copy(update={"context": 16384, "crop": 64, "tower_widths": (8, 8, 8, 8, 12, 16), "depth": 3})
    model = SequenceModel(lively_trunk(shape), Head(shape.width, 3), TRACKS, np.array([1, 0, 2]))
    for parameter in model.parameters():
        parameter.requires_grad_(True)

    def peak(lean: bool) -> int:
        with checkpointed(model) if lean else nullcontext(), profile(profile_memory=True) as seen:
            model(random_onehot(2, shape.context)).sum().backward()
        events = [e for e in seen.profiler.kineto_results.events() if e.name() == "[memory]"]
        return int(np.cumsum([e.nbytes() for e in sorted(events, key=lambda e: e.start_ns())]).max())

    peak(False)  # first use makes the gradients' own memory
    assert peak(True) < 0.8 * peak(False)


def test_a_checkpointed_fit_is_the_same_fit(data):
    plain, lean = lively_model(frozen=False), lively_model(frozen=False)
    for model, checkpoint in ((plain, False), (lean, True)):
        torch.manual_seed(0)
        fit(model, data, Training(epochs=2, batch_size=4, lr=0.01, checkpoint=checkpoint), seed=0)
    assert all(torch.equal(a, b) for a, b in zip(plain.state_dict().values(), lean.state_dict().values()))
    assert all("forward" not in module.__dict__ for module in lean.modules())


@pytest.mark.parametrize("kind", ["bf16", "fp16"])
def test_half_precision_runs_where_it_should(data, kind):
    model, precision = open_model(), Precision(kind, torch.device("cpu"))
    types = {}
    for name, module in model.named_modules():
        if not list(module.children()):
            module.register_forward_hook(lambda _, __, out, name=name: types.update({name: out.dtype}))
    x = random_onehot(1)
    with precision.norms_and_head_in_fp32(model), precision.autocast(), torch.no_grad():
        out = model(x)
    half = {"bf16": torch.bfloat16, "fp16": torch.float16}[kind]
    for name, module in model.named_modules():
        if isinstance(module, nn.BatchNorm1d | nn.LayerNorm) or name == "head.linear":
            assert types[name] == torch.float32, name
        elif isinstance(module, nn.Conv1d | nn.Linear) and not name.endswith(("query", "key", "value", "position")):
            assert types[name] == half, name
    assert out.dtype == torch.float32
    with torch.no_grad():
        torch.testing.assert_close(out, model(x), rtol=0.1, atol=0.1)


@pytest.mark.parametrize("kind", ["bf16", "fp16"])
def test_half_precision_learns_as_fp32_does(data, kind):
    scores = {}
    for precision in ("fp32", kind):
        training = Training(epochs=3, batch_size=4, lr=0.01, warmup_steps=0, precision=precision)
        result = fit(open_model(), data, training, seed=0)
        scores[precision] = (result.history["loss"].iloc[0], result.valid_loss)
    (start, end), (half_start, half_end) = scores.values()
    assert end < start
    assert half_start == pytest.approx(start, abs=0.02)
    assert half_end == pytest.approx(end, abs=0.25 * (start - end))


def test_fp16_scales_the_loss_and_skips_steps_that_overflow(data):
    model = open_model()
    precision = Precision("fp16", model.device)
    fitting = _Fitting(model, Views(model, data, 0.0), Training(batch_size=2, precision="fp16"), 0, precision, ALONE)
    before = {name: tensor.clone() for name, tensor in trainable_state(model).items()}
    scale = precision.scaler.get_scale()
    precision.scaler.scale(torch.tensor(1.0))  # torch makes its state at first use
    precision.scaler._scale.fill_(1e38)
    fitting._step(data.fold("train")[:2])
    assert scale > 1
    assert all(torch.equal(before[name], tensor) for name, tensor in trainable_state(model).items())


class TestMemory:
    @pytest.mark.parametrize(
        "error",
        [
            torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
            MemoryError("Unable to allocate 3 GiB"),
        ],
    )
    def test_running_out_is_one_line_with_sizes_and_remedies(self, error):
        training = Training(batch_size=8, accumulate=2)
        said = r"^4 window\(s\) of 512 bp at a time on cpu: out of memory .*try accumulate: 4, or checkpoint: true, or "
        with pytest.raises(UserError, match=said) as caught, out_of_memory_explained(lively_model(), training):
            raise error
        assert "\n" not in str(caught.value)

    def test_torchs_own_error_is_known(self):
        with pytest.raises(UserError, match="out of memory"), out_of_memory_explained(lively_model(), Training()):
            torch.empty(1 << 55)

    def test_other_errors_stay_what_they_are(self):
        with pytest.raises(RuntimeError, match="shapes"), out_of_memory_explained(lively_model(), Training()):
            raise RuntimeError("shapes do not match")

    def test_what_is_lowered_already_is_not_advised(self):
        low = Training(batch_size=1, checkpoint=True, precision="bf16", cache_gb=0)
        assert remedies(low) == ["a trunk with a shorter context"]
        assert np.all([word in " ".join(remedies(Training())) for word in ("accumulate", "precision", "batch_size")])
