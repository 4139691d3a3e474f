"""What one pass of a model computes and holds. It is run on fake tensors, which have shapes but no data.

So it is the model's own code that is counted, with whatever adapters sit in it and whatever autograd does about frozen
parts, and a full-size Borzoi takes half a second and no memory.
"""

import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.checkpoint import checkpoint
from torch.utils.flop_counter import FlopCounterMode, flop_registry

from presage.config.adapt import AdaptRun
from presage.config.training import HeadKind
from presage.config.trunk import TrunkShape
from presage.sequence.adapters import attach
from presage.sequence.model.heads import Head
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.training.losses import poisson_multinomial
from presage.sequence.trunk.attention import position_classes
from presage.sequence.trunk.family import AnyShape, network

PARTS = {"stem": "tower", "tower": "tower", "transformer": "transformer", "unet": "decoder", "final": "decoder"}
"""The trunk's modules, and what people call that part of it."""

_HALF = {"bf16": torch.bfloat16, "fp16": torch.float16}


class Pass(NamedTuple):
    """FLOPs of matrix products and convolutions (a multiply-add is two), and the most bytes that lived at once.

    ``peak`` is what the pass makes: its input, activations, gradients. The weights are not in it.
    """

    flops: int
    peak: int


class Fitting(NamedTuple):
    """How a training step is taken: windows at a time, precision (fp32, bf16, fp16), gradient checkpointing."""

    batch: int
    precision: str = "fp32"
    checkpoint: bool = False


def fake_model(
    shape: AnyShape, tracks: int, run: AdaptRun | None = None, head: HeadKind = "exp", frozen: bool = True
) -> SequenceModel:
    """A model without data: a trunk of that shape with the adapters of ``run``, and a head of so many tracks.

    ``frozen``: False for a trunk that is itself trained. Raises :class:`presage.errors.UserError` as
    :func:`presage.sequence.adapters.attach` does.
    """
    if isinstance(shape, TrunkShape) and shape.attention == "relative":
        # Which classes of positions there are depends on values, so attention must find them known.
        tokens, known = shape.context // shape.token_size, shape.position_tokens
        position_classes(tokens, shape.position_features, torch.device("cpu"), known)
    with FakeTensorMode(allow_non_fake_inputs=True):
        trunk = network(shape)
        if run is not None:
            attach(trunk, run)
        return SequenceModel(
            trunk,
            Head(trunk.width, tracks, head),
            [str(track) for track in range(tracks)],
            np.arange(tracks),
            frozen=frozen,
            trunk_dropout=run is not None and run.trunk_dropout,
        )


def inference(model: SequenceModel, batch: int, stages: range = range(3)) -> Pass:
    """Some stages of a forward pass of ``batch`` windows that keeps nothing for a backward pass."""
    model.eval()
    with _fake(model), torch.no_grad():
        given = model.run(range(stages.start), _sequence(model, batch))
        with _Meter() as meter:
            meter.hold(given)
            model.run(stages, given)
    return Pass(meter.flops, meter.peak)


def training_step(model: SequenceModel, how: Fitting) -> Pass:
    """Forward and backward pass of a batch. Frozen stages count in ``peak``, not in FLOPs (see ``inference``)."""
    model.train()
    frozen = model.frozen_stages()
    with ExitStack() as stack:
        stack.enter_context(_fake(model))
        stack.enter_context(_fitted_as(model, how))
        meter = stack.enter_context(_Meter())
        given = _sequence(model, how.batch)
        if frozen:
            with torch.no_grad():
                given = tuple(part.clone() for part in model.run(range(frozen), given))
        before = meter.flops
        observed = torch.zeros(how.batch, model.trunk.out_bins, len(model.tracks))
        with torch.autocast("cpu", _HALF.get(how.precision), enabled=how.precision in _HALF):
            predicted = model.run(range(frozen, 3), given)[0].float()
        poisson_multinomial(predicted, observed, 1.0).mean().backward()
    for parameter in model.parameters():
        parameter.grad = None
    return Pass(meter.flops - before, meter.peak)


def parts(model: SequenceModel) -> dict[str, float]:
    """FLOPs of a forward pass of one window: tower, transformer, decoder, head."""
    model.eval()
    with _fake(model), torch.no_grad(), FlopCounterMode(display=False) as flops:
        model(*_sequence(model, 1))
    found = dict.fromkeys((*PARTS.values(), "head"), 0.0)
    for name, counts in flops.get_flop_counts().items():
        _, owner, *path = f"{name}.".split(".")[:-1] if "." in name else (name, "")
        # Blocks in a list are called one by one; what is inside a block is counted with it.
        if owner == "trunk" and (len(path) == 1 or (len(path) == 2 and path[1].isdigit())):
            found[PARTS[path[0]]] += sum(counts.values())
        elif owner == "head" and not path:
            found["head"] += sum(counts.values())
    return found


def stage_bytes(model: SequenceModel, stage: int) -> int:
    """Bytes of what a stage gives for one window."""
    model.eval()
    with _fake(model), torch.no_grad():
        return sum(part.nbytes for part in model.run(range(stage + 1), _sequence(model, 1)))


# ---- how a fit is run -----------------------------------------------------------------------------------------------


def _fake(model: SequenceModel) -> FakeTensorMode:
    """The mode that the model's tensors live in."""
    return model.head.linear.weight.fake_mode  # type: ignore[attr-defined]


def _sequence(model: SequenceModel, batch: int) -> tuple[Tensor, ...]:
    return (torch.zeros(batch, 4, model.trunk.context),)


@contextmanager
def _fitted_as(model: SequenceModel, how: Fitting) -> Iterator[None]:
    """Norms and head get fp32 under autocast; with checkpointing, blocks keep only their input."""
    hooks = []
    if how.precision in _HALF:
        exact = [m for m in model.modules() if isinstance(m, nn.LayerNorm | nn.BatchNorm1d) or m is model.head]
        hooks = [module.register_forward_pre_hook(lambda _, given: (given[0].float(),)) for module in exact]
    blocks = [*model.trunk.tower, *model.trunk.transformer] if how.checkpoint else []
    for block in blocks:
        block.forward = partial(checkpoint, block.forward, use_reentrant=False)
    yield
    for block in blocks:
        del block.forward
    for hook in hooks:
        hook.remove()


# ---- how it is counted ----------------------------------------------------------------------------------------------


class _Meter(TorchDispatchMode):
    """Adds up FLOPs of operations and bytes of what they make; bytes go off again when their memory is let go.

    Torch's own FlopCounterMode also tracks modules, and holds on to tensors for it that a plain run would free.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.flops = self.now = self.peak = 0
        self._sizes: dict[int, int] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        count = _COUNTS.get(func.overloadpacket) if hasattr(func, "overloadpacket") else None
        if count is not None:
            self.flops += count(*args, **(kwargs or {}), out_val=out)
        self.hold(out)
        return out

    def hold(self, tensors: Any) -> None:
        """Count these tensors, each piece of memory once."""
        for tensor in tree_leaves(tensors):
            storage = tensor.untyped_storage() if isinstance(tensor, Tensor) else None
            if storage is not None and storage._cdata not in self._sizes:
                self._sizes[storage._cdata] = storage.nbytes()
                self.now += storage.nbytes()
                self.peak = max(self.peak, self.now)
                weakref.finalize(storage, self._let_go, storage._cdata)

    def _let_go(self, key: int) -> None:
        self.now -= self._sizes.pop(key)


def _convolution_backward(gradient: Tensor, _: Tensor, weight: Tensor, *rest: Any, **__: Any) -> int:
    """FLOPs of a convolution's gradients. Torch's own count multiplies a depthwise weight's by the channels."""
    wanted = rest[7]
    return 2 * gradient.numel() * weight[0].numel() * (wanted[0] + wanted[1])


_COUNTS = {**flop_registry, torch.ops.aten.convolution_backward: _convolution_backward}
