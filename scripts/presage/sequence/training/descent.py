"""Gradient descent of a head alone: AdamW, a cosine rate, averaged weights, and the best epoch by a valid loss."""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from presage.errors import UserError
from presage.progress import progress

log = logging.getLogger("presage")


class Descent(NamedTuple):
    """``history`` (epoch, split, and a column for each part of the loss) and the epoch that was kept, 0 = the start."""

    history: pd.DataFrame
    best_epoch: int


def descend(
    module: nn.Module,
    losses: Callable[[], Iterator[tuple[Tensor, ...]]],
    valid: Callable[[], tuple[float, ...]],
    parts: Sequence[str],
    weights: Sequence[float],
    *,
    epochs: int,
    steps: int,
    lr: float,
    weight_decay: float,
    ema: float,
    plain: Sequence[str] = (),
) -> Descent:
    """Fit ``module`` and leave the best epoch's averaged weights in it.

    losses : what the steps of one pass give, each a tensor for every part of the loss; ``steps`` a pass
    valid : the parts on held-out data, called with the averaged weights in ``module``
    parts, weights : name of each part, and how much it counts
    plain : names of parameters without weight decay

    Raises :class:`UserError` when the valid loss is not finite.
    """
    named = dict(module.named_parameters())
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for name, p in named.items() if name not in plain], "weight_decay": weight_decay},
            {"params": [named[name] for name in plain], "weight_decay": 0.0},
        ],
        lr=lr,
    )
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * steps)
    average, rows, step = _copied(module), [], 0
    best: tuple[float, int, dict[str, Tensor]] | None = None
    for epoch in progress(range(epochs + 1), "fit", "epoch"):
        seen = []
        for found in losses() if epoch else ():  # epoch 0 only scores the start
            loss = torch.stack([weight * part for weight, part in zip(weights, found)]).sum()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(module.parameters(), 1.0)
            optimizer.step()
            rate.step()
            step += 1
            seen.append([float(part.detach()) for part in found])
            for name, tensor in module.state_dict().items():
                average[name].lerp_(tensor, 1 - min(ema, (1 + step) / (10 + step)))
        if seen:
            rows.append((epoch, "train", *np.mean(seen, axis=0)))
        own = _copied(module)
        module.load_state_dict(average)
        now = valid()
        module.load_state_dict(own)
        rows.append((epoch, "valid", *now))
        log.info("epoch %d: valid %s", epoch, ", ".join(f"{name} {value:.5f}" for name, value in zip(parts, now)))
        value = float(np.dot(weights, now))
        if not np.isfinite(value):
            raise UserError(f"epoch {epoch}", "the valid loss is not finite", "lower the learning rate")
        if best is None or value < best[0]:
            best = value, epoch, {name: tensor.clone() for name, tensor in average.items()}
    assert best is not None  # epoch 0 is always scored
    module.load_state_dict(best[2])
    return Descent(pd.DataFrame(rows, columns=["epoch", "split", *parts]), best[1])


def _copied(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
