"""The adapt step: fit one adapter with one seed and write its folder."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from presage import tables
from presage.config.adapt import Adapt, AdaptRun
from presage.config.training import HeadKind
from presage.errors import UserError
from presage.sequence.adapters import attach
from presage.sequence.adapters.files import save_adapter
from presage.sequence.adapters.parts import placed
from presage.sequence.adapters.ridge import fit_ridge
from presage.sequence.adapters.table import resolved_text
from presage.sequence.loading import load_model
from presage.sequence.model.heads import Head
from presage.sequence.model.outputs import to_card
from presage.sequence.model.sequence_model import SequenceModel, base_state, tensor_hash
from presage.sequence.model.shape import read_card
from presage.sequence.targets.target_set import TargetSet
from presage.sequence.targets.track_names import describe
from presage.sequence.training.embeddings import Embeddings
from presage.sequence.training.fit import Fit, fit, loss_of, score
from presage.sequence.training.ranks import ALONE, Ranks, launch
from presage.sequence.training.resume import Resume, resume_in
from presage.sequence.training.views import Views

log = logging.getLogger("presage")


def adapt(
    out_dir: str | Path,
    trunk_path: str | Path,
    data: TargetSet,
    run: AdaptRun,
    settings: Adapt,
    seed: int,
    threads: int,
    device: str = "cpu",
    *,
    resume_root: str | Path | None = None,
    processes: int = 1,
    embeddings: str | Path | None = None,
    tracks: pd.DataFrame | None = None,
) -> dict[str, Any]:
    """Fit ``run`` on the frozen trunk; write ``adapter.safetensors``, ``card.json``, ``history.parquet``.

    Only train windows are fitted and only valid windows choose. Returns the card. Same seed and threads, same bytes
    on a CPU, also after a kill, if the fit could go on from what it left in ``resume_root``. ``processes``: how many
    share each batch, each with a GPU of its own where ``device`` is ``cuda``. ``embeddings``: outputs of the frozen
    trunk on disk, which are read instead of computed. ``tracks``: columns ``slug cell_type assay strand``, for the
    card; None: as the names of a TFRecord set tell.

    Raises :class:`UserError` when the targets do not fit the trunk, or a layer pattern fits nothing.
    """
    described = describe(data) if tracks is None else tracks
    where = (resume_root, embeddings, described)
    arguments = (Path(out_dir), trunk_path, data, run, settings, seed, threads, device, *where)
    if processes == 1 or run.kind == "ridge":
        _adapt(ALONE, *arguments)
    else:
        launch(_adapt, processes, device, *arguments)
    return read_card(out_dir)


def _adapt(
    ranks: Ranks,
    out_dir: Path,
    trunk_path: str | Path,
    data: TargetSet,
    run: AdaptRun,
    settings: Adapt,
    seed: int,
    threads: int,
    device: str,
    resume_root: str | Path | None,
    embeddings: str | Path | None,
    tracks: pd.DataFrame,
) -> None:
    """:func:`adapt` in one of its processes; the first one writes."""
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    whole = data.select(settings.tracks)
    data = whole if run.train_share == 1 else whole.fewer_train(run.train_share, seed)
    model = new_model(load_model(trunk_path), data, run, settings.head).to(device)
    log.info("%s", resolved_text(model))
    before = tensor_hash(base_state(model.trunk))
    own: dict[str, Any] = {
        "trunk": model.trunk_hash,
        "run": run.model_dump(mode="json"),
        "settings": settings.model_dump(mode="json"),
    }
    own |= {"seed": seed, "threads": threads, "device": device, "processes": ranks.count}
    resume = resume_in(resume_root, __file__, data, settings.training.save_minutes, **own)
    stored = Embeddings.open(embeddings, model, whole) if embeddings else None
    views = Views(model, data, settings.training.cache_gb, stored)
    if run.kind == "ridge":
        result = _ridge(model, views, settings)
    else:
        result = _gradient(model, views, run, settings, seed, resume, ranks)
    if tensor_hash(base_state(model.trunk)) != before:
        raise RuntimeError("the frozen trunk changed during the fit")
    if not ranks.leads:
        return
    save_adapter(
        out_dir,
        model.cpu(),
        run,
        {
            "seed": seed,
            "threads": threads,
            "data_hash": data.hash(),
            "folds": data.windows["fold"].value_counts().sort_index().to_dict(),
            "simulated": data.simulated,
            "scale_note": data.scale_note,
            **to_card(data, tracks),
            "training": settings.training.model_dump(mode="json"),
            "best_epoch": result.best_epoch,
            "valid_loss": result.valid_loss,
            "valid_pearson": result.valid_pearson,
            "flat_tracks": list(result.flat_tracks),
        },
    )
    tables.write(out_dir / "history.parquet", "history", result.history)
    if resume:
        resume.clear()


def new_model(base: SequenceModel, data: TargetSet, run: AdaptRun, activation: HeadKind = "exp") -> SequenceModel:
    """``base``'s trunk with untrained adapters and a head that starts at each track's mean over train windows."""
    trunk = base.trunk
    span = (data.bin_size, data.windows["out_end"].sub(data.windows["out_start"]).iloc[0] // data.bin_size)
    if span != (trunk.bin_size, trunk.out_bins):
        raise UserError(
            data.path, f"has {span[1]} bins of {span[0]} bp", f"the trunk gives {trunk.out_bins} of {trunk.bin_size} bp"
        )
    attach(trunk, run)
    head = Head(trunk.width, len(data.tracks), "relu" if run.kind == "ridge" else activation)
    mean = np.mean([data.values([row]).mean((0, 1)) for row in data.fold("train")], axis=0)
    head.start_at(torch.from_numpy(mean))
    return SequenceModel(
        trunk,
        head,
        data.tracks,
        data.strand_pair,
        trunk_hash=base.trunk_hash,
        card=base.card,
        trunk_dropout=run.trunk_dropout,
    )


def _gradient(
    model: SequenceModel,
    views: Views,
    run: AdaptRun,
    settings: Adapt,
    seed: int,
    resume: Resume | None,
    ranks: Ranks,
) -> Fit:
    own = {key: value for key in ("lr", "epochs") if (value := getattr(run, key)) is not None}
    data, training = views.data, settings.training.model_copy(update=own)
    if not run.head_epochs:
        return fit(model, data, training, seed=seed, views=views, resume=resume, ranks=ranks)
    # A random head sends large, useless gradients into the adapters: let it settle first (Kumar et al. 2022).
    parts = [p for spot in placed(model.trunk) for p in spot.part.parameters()]
    _set_trainable(parts, False)
    first = settings.training.model_copy(update={"epochs": run.head_epochs})
    head = fit(model, data, first, seed=seed, views=views, resume=resume.phase("head") if resume else None, ranks=ranks)
    _set_trainable(parts, True)
    both = fit(model, data, training, seed=seed, views=views, resume=resume, ranks=ranks)
    return _joined(head, both)


def _joined(first: Fit, second: Fit) -> Fit:
    """Two fits, one after the other, as one history.

    The second starts at the first's best, so its best is the best of both.
    """
    at = first.history.iloc[-1]
    later = second.history[second.history["epoch"] > 0]
    later = later.assign(epoch=later["epoch"] + at["epoch"], step=later["step"] + at["step"])
    best = first.best_epoch if second.best_epoch == 0 else int(at["epoch"]) + second.best_epoch
    return second._replace(history=pd.concat([first.history, later], ignore_index=True), best_epoch=best)


def _set_trainable(parameters: list[torch.nn.Parameter], trainable: bool) -> None:
    for parameter in parameters:
        parameter.requires_grad_(trainable)


def _ridge(model: SequenceModel, views: Views, settings: Adapt) -> Fit:
    data, training = views.data, settings.training
    solved = fit_ridge(
        _Pairs(views, data.fold("train"), training.batch_size, (0, 1) if training.rc else (0,)),
        _Pairs(views, data.fold("valid"), training.batch_size),
        settings.ridge_alphas,
    )
    with torch.no_grad():
        model.head.linear.weight.copy_(solved.weight)
        model.head.linear.bias.copy_(solved.bias)
    loss, flat = loss_of(data, training, model.device)
    valid_loss, pearson = score(model, views, data.fold("valid"), training.batch_size, loss)
    history = pd.DataFrame(
        [(1, 1, "valid", valid_loss, pearson, 0.0)], columns=["epoch", "step", "split", "loss", "pearson", "lr"]
    )
    return Fit(history, 1, valid_loss, pearson, flat)


class _Pairs:
    """(embedding, coverage) of a few windows at a time, re-iterable."""

    def __init__(self, views: Views, rows: np.ndarray, batch_size: int, flips: tuple[int, ...] = (0,)) -> None:
        self.views, self.rows, self.size, self.flips = views, rows, batch_size, flips

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for start in range(0, len(self.rows), self.size):
            rows = self.rows[start : start + self.size]
            for flip in self.flips:
                flips = np.full(len(rows), flip)
                (embedding,) = self.views.inputs(rows, flips, np.zeros(len(rows), int))
                yield embedding.cpu(), self.views.observed(rows, flips).cpu()
