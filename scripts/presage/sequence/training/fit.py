"""Fitting a SequenceModel: one loop for the trunk, the probe and the adapters."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from presage.config.training import Training
from presage.device import deterministic
from presage.errors import UserError
from presage.progress import bar
from presage.sequence.evaluation.correlation import moments, pearson_from_moments
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.targets.target_set import TargetSet
from presage.sequence.training.checkpointing import checkpointed
from presage.sequence.training.course import Best, Course
from presage.sequence.training.losses import Loss, coverage_loss, depth_weights
from presage.sequence.training.memory import out_of_memory_explained
from presage.sequence.training.optimizer import copied, learning_rate, parameters, put, swapped, update_average
from presage.sequence.training.precision import Precision
from presage.sequence.training.ranks import ALONE, Ranks
from presage.sequence.training.resume import Resume, Saved, write
from presage.sequence.training.track_stats import track_stats
from presage.sequence.training.views import Views

log = logging.getLogger("presage")


class Fit(NamedTuple):
    """How a fit went: the ``history`` table, the epoch that was kept (0 = the start) and its valid loss and Pearson.

    ``flat_tracks`` have the same value in every bin of the train windows: there was nothing to learn of them.
    """

    history: pd.DataFrame
    best_epoch: int
    valid_loss: float
    valid_pearson: float
    flat_tracks: tuple[str, ...] = ()


def fit(
    model: SequenceModel,
    data: TargetSet,
    training: Training,
    *,
    seed: int,
    views: Views | None = None,
    resume: Resume | None = None,
    ranks: Ranks = ALONE,
) -> Fit:
    """Fit what is trainable in ``model`` to the train windows of ``data`` and leave the best epoch's weights in it.

    AdamW on the chosen loss; each window is shown at random as its reverse complement (``rc``) and moved by up to
    ``shift`` bp. After each epoch the (averaged, if ``ema``) weights are scored on the valid windows, unmoved; the
    best ones by ``select`` are kept, and ``patience`` epochs without a better one end the fit. Test windows are never
    read. On a CPU the result depends on the seed and on torch's thread count alone, and a fit that was killed and
    started again with the same ``resume`` ends at the same bits. A finished fit is taken from ``resume`` as it is.

    Raises
    ------
    UserError
        When a loss is not finite, naming epoch, window and track; when memory does not suffice, naming what takes
        less; when a trunk that is itself trained is to be cut into parts, which its BatchNorm would notice.
    """
    _require_whole_batches(model, training, ranks)
    precision = Precision(training.precision, model.device)
    with ExitStack() as during:
        during.enter_context(out_of_memory_explained(model, training))
        during.enter_context(deterministic(model.device))
        during.enter_context(precision.norms_and_head_in_fp32(model))
        if training.checkpoint:
            during.enter_context(checkpointed(model))
        fitting = _Fitting(model, views or Views(model, data, training.cache_gb), training, seed, precision, ranks)
        return fitting.run(resume)


class _Fitting:
    """The loop, and what stays the same in it."""

    def __init__(
        self, model: SequenceModel, views: Views, training: Training, seed: int, precision: Precision, ranks: Ranks
    ) -> None:
        data = views.data
        self.model, self.views, self.training, self.seed = model, views, training, seed
        self.precision, self.ranks = precision, ranks
        self.train, self.valid = data.fold("train"), data.fold("valid")
        self.steps = training.epochs * -(-len(self.train) // training.batch_size)
        self.loss, self.flat = loss_of(data, training, model.device)
        self.course = Course(model, training, seed, precision)

    def run(self, resume: Resume | None) -> Fit:
        course = self.course
        saved = resume.load() if resume else None
        if saved:
            course.restore(saved)
            log.info("going on from epoch %d, step %d (%s)", course.epoch, course.step, resume and resume.path)
        with bar(self.steps, "fit", "step", course.step) as shown:
            while not course.finished:
                if course.epoch:  # epoch 0 only scores the start
                    self._train_epoch(shown, resume)
                self._score_epoch()
                if resume and self.ranks.leads:
                    resume.save(course.saved())
        best = course.best
        assert best is not None  # epoch 0 is always scored
        if best.epoch == 0 and self.training.epochs:
            log.warning("no epoch was better on the valid windows than the start: nothing was learned")
        put(best.state, course.state)
        self.model.eval()
        history = pd.DataFrame(course.rows, columns=["epoch", "step", "split", "loss", "pearson", "lr"])
        return Fit(history, best.epoch, best.loss, best.pearson, self.flat)

    def _train_epoch(self, shown: Any, resume: Resume | None) -> None:
        course = self.course
        if course.batch == 0:
            course.order, course.losses = course.rng.permutation(self.train), []
        for batch in list(_batches(course.order, self.training.batch_size))[course.batch :]:
            try:
                course.losses.append(self._step(batch))
            except UserError as error:
                raise self._with_best(error, resume) from None
            course.batch += 1
            shown.set_postfix(loss=f"{course.losses[-1]:.4f}", refresh=False)
            shown.update()
            if resume and self.ranks.leads and resume.due():
                resume.save(course.saved())

    def _step(self, batch: np.ndarray) -> float:
        """One optimiser step on a batch of windows; returns its mean loss."""
        course, training = self.course, self.training
        flips = course.rng.integers(0, 1 + training.rc, len(batch))
        shifts = course.rng.integers(-training.shift, training.shift + 1, len(batch))
        self.ranks.seed(self.seed, course.step)
        self.model.train()
        course.optimizer.zero_grad(set_to_none=True)
        total = torch.zeros((), device=self.model.device)
        own = self.ranks.share(np.arange(len(batch)))
        for part in np.array_split(own, min(training.accumulate, max(1, len(own)))):
            if not len(part):  # the last batch may have fewer windows than there are processes
                continue
            losses = self._losses(batch[part], flips[part], shifts[part])
            loss = losses.mean() * (len(part) / len(batch))
            course.precision.scaler.scale(loss).backward()
            total += loss.detach()
        trained = parameters(course.optimizer)
        if self.ranks.count > 1:
            for parameter in trained:
                parameter.grad = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            self.ranks.add([total, *(p.grad for p in trained if p.grad is not None)])
        for group in course.optimizer.param_groups:
            group["lr"] = learning_rate(training, course.step, self.steps)
        course.precision.scaler.unscale_(course.optimizer)
        nn.utils.clip_grad_norm_(trained, training.clip)
        course.precision.scaler.step(course.optimizer)
        course.precision.scaler.update()
        course.step += 1
        update_average(course.average, course.state, training.ema, course.step)
        return float(total)

    def _losses(self, rows: np.ndarray, flips: np.ndarray, shifts: np.ndarray) -> Tensor:
        """Loss of each window and track of some views, float32 [B, tracks]."""
        predicted = _predicted(self.model, self.views.inputs, self.precision, rows, flips, shifts)
        losses = self.loss(predicted, self.views.observed(rows, flips))
        _require_finite(losses, rows, self.views.data, self.course.epoch)
        return losses

    def _score_epoch(self) -> None:
        """Score the average on the valid windows, keep it if it is the best, and go to the next epoch."""
        course, training = self.course, self.training
        lr = learning_rate(training, course.step, self.steps)
        if course.epoch:
            course.rows.append((course.epoch, course.step, "train", float(np.mean(course.losses)), float("nan"), lr))
        with swapped(course.state, course.average):
            loss, pearson = score(
                self.model, self.views, self.valid, training.batch_size, self.loss, self.precision, self.ranks
            )
        course.rows.append((course.epoch, course.step, "valid", loss, pearson, lr))
        log.info("epoch %d, step %d: valid loss %.4f, valid r %.4f", course.epoch, course.step, loss, pearson)
        best = course.best
        if best is None or _better(training.select, loss, pearson, best):
            best = course.best = Best(course.epoch, loss, pearson, copied(course.average))
        stopped = course.epoch - best.epoch >= training.patience
        course.finished = stopped or course.epoch == training.epochs
        course.epoch, course.batch = course.epoch + 1, 0

    def _with_best(self, error: UserError, resume: Resume | None) -> UserError:
        """The same error, which also says where the best weights so far are."""
        best = self.course.best
        if resume is None or best is None:
            return error
        path = resume.path.with_name(f"{resume.name}.best.safetensors")
        if self.ranks.leads:
            write(path, Saved(best.state, {"epoch": best.epoch, "valid_pearson": best.pearson}))
        return UserError(error.where, error.what, f"{error.todo}; the best weights so far (epoch {best.epoch}): {path}")


def _better(select: str, loss: float, pearson: float, best: Best) -> bool:
    """Whether an epoch beats the best one so far; by loss where r is asked for and no track varies on valid windows."""
    if select == "pearson" and np.isfinite(pearson):
        return not np.isfinite(best.pearson) or pearson > best.pearson
    if select == "pearson" and np.isfinite(best.pearson):
        return False
    return loss < best.loss or not np.isfinite(best.loss)


def loss_of(data: TargetSet, training: Training, device: torch.device) -> tuple[Loss, tuple[str, ...]]:
    """The loss that ``training`` asks for on ``data``, and the tracks that do not vary over the train windows.

    Such tracks are named in the log; nothing is learned of them, and the others are fitted as ever.
    """
    stats = track_stats(data, data.fold("train"))
    flat = tuple(track for track, constant in zip(data.tracks, stats.flat) if constant)
    if flat:
        log.warning("%d track(s) do not vary over the train windows: %s", len(flat), ", ".join(flat))
    weights = depth_weights(stats.mean, training.depth_weight)
    weights = weights if weights is None else weights.to(device)
    return coverage_loss(training.loss, training.total_weight, weights), flat


def score(
    model: SequenceModel,
    views: Views,
    rows: np.ndarray,
    batch_size: int,
    loss: Loss,
    precision: Precision | None = None,
    ranks: Ranks = ALONE,
) -> tuple[float, float]:
    """Loss, and mean over tracks of the per-bin Pearson, on windows as they lie (no flip, no shift)."""
    model.eval()
    precision = precision or Precision("fp32", model.device)
    losses, sums = [np.empty((0,), np.float32)], np.zeros((6, len(model.tracks)))
    with torch.no_grad():
        for batch in _batches(ranks.share(rows), batch_size):
            still = np.zeros(len(batch), int)
            predicted = _predicted(model, views.inputs, precision, batch, still, still)
            observed = views.observed(batch, still)
            losses.append(loss(predicted, observed).mean(1).cpu().numpy())
            sums += moments(predicted.flatten(0, 1).cpu().numpy(), observed.flatten(0, 1).cpu().numpy())
    r = pearson_from_moments(np.sum(ranks.gather(sums), axis=0))
    r = r[np.isfinite(r)]  # a track that does not vary on these windows has none
    mean = np.concatenate(ranks.gather(np.concatenate(losses))).mean()
    return float(mean), float(r.mean()) if len(r) else float("nan")


def _predicted(model: SequenceModel, inputs: Any, precision: Precision, *view: np.ndarray) -> Tensor:
    """Coverage of some views (rows, flips, shifts), from the first stage that is not frozen: float32 [B, L, tracks]."""
    with precision.autocast():
        return model.run(range(model.frozen_stages(), 3), inputs(*view))[0].float()


def _require_whole_batches(model: SequenceModel, training: Training, ranks: Ranks) -> None:
    if not model.frozen and (training.accumulate > 1 or ranks.count > 1):
        where = f"accumulate {training.accumulate}, {ranks.count} process(es)"
        what = "a trunk that is itself trained needs whole batches: its BatchNorm takes its statistics from them"
        raise UserError(where, what, "set accumulate: 1 on one GPU, and lower batch_size or set checkpoint: true")


def _require_finite(losses: Tensor, rows: np.ndarray, data: TargetSet, epoch: int) -> None:
    bad = (~losses.detach().isfinite()).nonzero()
    if len(bad):
        window, track = rows[int(bad[0, 0])], data.tracks[int(bad[0, 1])]
        place = data.windows.loc[window]
        where = f"epoch {epoch}, window {window} ({place['chrom']}:{place['start']}-{place['end']}), track {track}"
        raise UserError(where, "the loss is not finite", "lower the learning rate, or look at that window's targets")


def _batches(rows: np.ndarray, size: int) -> Iterator[np.ndarray]:
    return (rows[i : i + size] for i in range(0, len(rows), size))
