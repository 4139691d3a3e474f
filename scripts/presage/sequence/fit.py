"""Fitting a SequenceModel: one loop for the trunk, the probe and the adapters."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from presage.errors import UserError
from presage.progress import progress
from presage.sequence.correlation import moments, pearson_from_moments
from presage.sequence.losses import poisson_multinomial
from presage.sequence.model import SequenceModel
from presage.sequence.targets import TargetSet
from presage.sequence.views import Views

log = logging.getLogger("presage")


class Fit(NamedTuple):
    """How a fit went: the ``history`` table, the epoch that was kept (0 = the start) and its valid loss and Pearson."""

    history: pd.DataFrame
    best_epoch: int
    valid_loss: float
    valid_pearson: float


def fit(
    model: SequenceModel,
    data: TargetSet,
    *,
    seed: int,
    epochs: int,
    lr: float,
    schedule: Literal["constant", "cosine"] = "cosine",
    warmup_steps: int = 0,
    batch_size: int = 16,
    weight_decay: float = 0.0,
    clip: float = 1.0,
    ema: float = 0.0,
    patience: int = 10,
    select: Literal["loss", "pearson"] = "pearson",
    total_weight: float = 1.0,
    rc: bool = True,
    shift: int = 3,
    cache_gb: float = 1.5,
    views: Views | None = None,
) -> Fit:
    """Fit what is trainable in ``model`` to the train windows of ``data`` and leave the best epoch's weights in it.

    AdamW on the Poisson-multinomial loss; each window is shown at random as its reverse complement (``rc``) and
    moved by up to ``shift`` bp. After each epoch the (averaged, if ``ema``) weights are scored on the valid
    windows, unmoved; the best ones by ``select`` are kept, and ``patience`` epochs without a better one end the
    fit. Test windows are never read. On a CPU the result depends on the seed and on torch's thread count alone.

    Raises :class:`UserError` when a loss is not finite, naming epoch, window and track.
    """
    views = views or Views(model, data, cache_gb)
    train, valid = data.fold("train"), data.fold("valid")
    rng = np.random.default_rng(seed)
    optimizer, steps = _optimizer(model, lr, weight_decay), epochs * -(-len(train) // batch_size)
    rate = torch.optim.lr_scheduler.LambdaLR(optimizer, _schedule(schedule, warmup_steps, steps))
    state = trainable_state(model)
    average, rows, step = _copied(state), [], 0
    best: _Best | None = None

    for epoch in progress(range(epochs + 1), "fit", "epoch"):
        losses = []
        for batch in _batches(rng.permutation(train), batch_size) if epoch else ():  # epoch 0 only scores the start
            flips, shifts = rng.integers(0, 1 + rc, len(batch)), rng.integers(-shift, shift + 1, len(batch))
            loss = _loss(model, views, batch, flips, shifts, total_weight, epoch)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], clip)
            optimizer.step()
            rate.step()
            step += 1
            losses.append(float(loss.detach()))
            _update(average, state, min(ema, (1 + step) / (10 + step)))
        now = optimizer.param_groups[0]["lr"]
        if losses:
            rows.append((epoch, step, "train", float(np.mean(losses)), np.nan, now))
        with _swapped(state, average):
            valid_loss, pearson = score(model, views, valid, batch_size, total_weight)
        rows.append((epoch, step, "valid", valid_loss, pearson, now))
        log.info("epoch %d, step %d: valid loss %.4f, valid r %.4f", epoch, step, valid_loss, pearson)
        value = -valid_loss if select == "loss" else pearson
        if best is None or value > best.value or not np.isfinite(best.value):
            best = _Best(value, epoch, valid_loss, pearson, _copied(average))
        elif epoch - best.epoch >= patience:
            break

    assert best is not None  # epoch 0 is always scored
    _copy(best.state, state)
    model.eval()
    history = pd.DataFrame(rows, columns=["epoch", "step", "split", "loss", "pearson", "lr"])
    return Fit(history, best.epoch, best.loss, best.pearson)


class _Best(NamedTuple):
    value: float
    epoch: int
    loss: float
    pearson: float
    state: dict[str, Tensor]


def score(
    model: SequenceModel, views: Views, rows: np.ndarray, batch_size: int, total_weight: float
) -> tuple[float, float]:
    """Loss, and mean over tracks of the per-bin Pearson, on windows as they lie (no flip, no shift)."""
    model.eval()
    losses, sums = [], np.zeros((6, len(model.tracks)))
    with torch.no_grad():
        for batch in _batches(rows, batch_size):
            still = np.zeros(len(batch), int)
            predicted = model.run(range(model.frozen_stages(), 3), views.inputs(batch, still, still))[0]
            observed = views.observed(batch, still)
            losses.append(poisson_multinomial(predicted, observed, total_weight).mean(1).cpu().numpy())
            sums += moments(predicted.flatten(0, 1).cpu().numpy(), observed.flatten(0, 1).cpu().numpy())
    r = pearson_from_moments(sums)
    r = r[np.isfinite(r)]  # a track that does not vary on these windows has none
    return float(np.concatenate(losses).mean()), float(r.mean()) if len(r) else float("nan")


def trainable_state(model: SequenceModel) -> dict[str, Tensor]:
    """The tensors that a fit changes: trainable parameters, and running statistics where the trunk is not frozen."""
    state = {name: p.data for name, p in model.named_parameters() if p.requires_grad}
    if not model.frozen:
        state |= {name: b for name, b in model.named_buffers() if b.is_floating_point()}
    return state


def _loss(
    model: SequenceModel,
    views: Views,
    rows: np.ndarray,
    flips: np.ndarray,
    shifts: np.ndarray,
    total_weight: float,
    epoch: int,
) -> Tensor:
    """Mean loss of one batch of views, in training mode."""
    model.train()
    predicted = model.run(range(model.frozen_stages(), 3), views.inputs(rows, flips, shifts))[0]
    losses = poisson_multinomial(predicted, views.observed(rows, flips), total_weight)
    _require_finite(losses, rows, views.data, epoch)
    return losses.mean()


def _require_finite(losses: Tensor, rows: np.ndarray, data: TargetSet, epoch: int) -> None:
    bad = (~losses.detach().isfinite()).nonzero()
    if len(bad):
        window, track = rows[int(bad[0, 0])], data.tracks[int(bad[0, 1])]
        place = data.windows.loc[window]
        where = f"epoch {epoch}, window {window} ({place['chrom']}:{place['start']}-{place['end']}), track {track}"
        raise UserError(where, "the loss is not finite", "lower the learning rate, or look at that window's targets")


def _optimizer(model: SequenceModel, lr: float, weight_decay: float) -> torch.optim.Optimizer:
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=lr, fused=True)


def _schedule(kind: str, warmup: int, steps: int) -> Callable[[int], float]:
    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / (warmup + 1)
        done = min(1.0, (step - warmup) / max(1, steps - warmup))
        return 1.0 if kind == "constant" else 0.5 * (1 + np.cos(np.pi * done))

    return factor


def _batches(rows: np.ndarray, size: int) -> Iterator[np.ndarray]:
    return (rows[i : i + size] for i in range(0, len(rows), size))


def _copied(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in state.items()}


@torch.no_grad()
def _copy(source: dict[str, Tensor], state: dict[str, Tensor]) -> None:
    for name, tensor in state.items():
        tensor.copy_(source[name])


@torch.no_grad()
def _update(average: dict[str, Tensor], state: dict[str, Tensor], decay: float) -> None:
    torch._foreach_lerp_(list(average.values()), [state[name] for name in average], 1 - decay)


@contextmanager
def _swapped(state: dict[str, Tensor], other: dict[str, Tensor]) -> Iterator[None]:
    """The model with ``other`` in place of ``state``."""
    own = _copied(state)
    _copy(other, state)
    yield
    _copy(own, state)
