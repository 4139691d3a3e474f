"""Gradient checkpointing (Chen et al. 2016): activations of blocks are computed again instead of kept."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.training.forwards import Forward, replaced


def checkpointed(model: SequenceModel) -> AbstractContextManager[None]:
    """Inside, each block of the tower and of the transformer keeps only its input for the backward pass.

    Gradients, dropout masks and running statistics are the same as without.
    """
    return replaced([*model.trunk.tower, *model.trunk.transformer], _recomputed)


def _recomputed(block: nn.Module, forward: Forward) -> Forward:
    def run(*inputs: Any) -> Any:
        if not torch.is_grad_enabled():
            return forward(*inputs)
        return checkpoint(
            forward, *inputs, use_reentrant=False, context_fn=lambda: (nullcontext(), _statistics_kept(block))
        )

    return run


@contextmanager
def _statistics_kept(block: nn.Module) -> Iterator[None]:
    """BatchNorm in training mode moves its running statistics at each pass; the second pass must not."""
    moving = [m for m in block.modules() if isinstance(m, nn.BatchNorm1d) and m.training]
    before = [(norm, norm.momentum, norm.num_batches_tracked) for norm in moving]
    for norm in moving:
        norm.momentum, norm.num_batches_tracked = 0.0, None
    try:
        yield
    finally:
        for norm, momentum, counted in before:
            norm.momentum, norm.num_batches_tracked = momentum, counted
