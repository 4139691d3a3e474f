"""What moves the weights of a fit: AdamW, its learning rate, and the running average of the weights."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from presage.config.training import Training
from presage.sequence.model.sequence_model import SequenceModel

State = dict[str, Tensor]


def new_optimizer(model: SequenceModel, lr: float, weight_decay: float) -> torch.optim.Optimizer:
    """AdamW over what is trainable; vectors (biases, norms, scales) are not decayed."""
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=lr, fused=True)


def parameters(optimizer: torch.optim.Optimizer) -> list[torch.nn.Parameter]:
    """What the optimizer moves."""
    return [p for group in optimizer.param_groups for p in group["params"]]


def learning_rate(training: Training, step: int, steps: int) -> float:
    """Rate of step ``step`` (from 0) of ``steps``: linear warm-up, then constant or half a cosine down to 0."""
    if step < training.warmup_steps:
        return training.lr * ((step + 1) / (training.warmup_steps + 1))
    done = min(1.0, (step - training.warmup_steps) / max(1, steps - training.warmup_steps))
    return training.lr * (1.0 if training.schedule == "constant" else 0.5 * (1 + float(np.cos(np.pi * done))))


def trainable_state(model: SequenceModel) -> State:
    """The tensors that a fit changes: trainable parameters, and running statistics where the trunk is not frozen."""
    state = {name: p.data for name, p in model.named_parameters() if p.requires_grad}
    if not model.frozen:
        state |= {name: b for name, b in model.named_buffers() if b.is_floating_point()}
    return state


def copied(state: State) -> State:
    """The same tensors in memory of their own."""
    return {name: tensor.detach().clone() for name, tensor in state.items()}


@torch.no_grad()
def put(source: State, state: State) -> None:
    """Write ``source`` into the tensors of ``state``."""
    for name, tensor in state.items():
        tensor.copy_(source[name])


@torch.no_grad()
def update_average(average: State, state: State, ema: float, step: int) -> None:
    """Move the average towards ``state``; its decay grows to ``ema`` over the first steps."""
    decay = min(ema, (1 + step) / (10 + step))
    torch._foreach_lerp_(list(average.values()), [state[name] for name in average], 1 - decay)


@contextmanager
def swapped(state: State, other: State) -> Iterator[None]:
    """The model with ``other`` in place of ``state``."""
    own = copied(state)
    put(other, state)
    try:
        yield
    finally:
        put(own, state)
