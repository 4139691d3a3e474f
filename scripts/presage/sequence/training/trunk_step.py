"""The trunk step: train a trunk on bulk tracks, or bring a finished one into the run."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from presage import plugins, tables
from presage.config.training import HeadKind, Training
from presage.config.trunk import Trunk, TrunkShape
from presage.errors import UserError
from presage.sequence.model.enformer_files import load_enformer
from presage.sequence.model.heads import Head
from presage.sequence.model.huggingface import load_huggingface
from presage.sequence.model.keras import load_keras_h5
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.model.weights import load_trunk, save_trunk
from presage.sequence.targets.target_set import TargetSet
from presage.sequence.training.fit import Fit, fit
from presage.sequence.training.resume import Resume, resume_in
from presage.sequence.trunk.borzoi import new_trunk


def make_trunk(
    out_dir: str | Path,
    settings: Trunk,
    seed: int,
    threads: int,
    data: TargetSet | None = None,
    device: str = "cpu",
    resume_root: str | Path | None = None,
) -> dict[str, Any]:
    """Write ``trunk.safetensors``, ``card.json`` and, for kind ``train``, ``history.parquet``; return the card.

    ``data`` holds the bulk tracks for kind ``train``. The written trunk is the same, whichever way it came.
    A training that is killed goes on from what it left in ``resume_root``, to the same bytes.
    """
    torch.set_num_threads(threads)
    if settings.kind == "keras_h5":
        model = load_keras_h5(settings.path or "", settings.params or "", settings.targets or "")
        return save_trunk(out_dir, model, {"origin": "keras_h5", "simulated": False})
    if settings.kind in ("huggingface", "enformer"):
        model = load_enformer(settings) if settings.kind == "enformer" else load_huggingface(settings)
        return save_trunk(out_dir, model, model.card)
    if settings.kind == "presage":
        model = load_trunk(settings.path or "")
        return save_trunk(out_dir, model, {**model.card, "origin": "presage"})
    if settings.kind in (loaders := plugins.added("trunk")):
        torch.manual_seed(seed)
        model = loaders[settings.kind](settings)
        return save_trunk(out_dir, model, {**model.card, "origin": settings.kind, "simulated": False})
    if data is None:
        raise ValueError("kind train needs data")
    own = {"settings": settings.model_dump(mode="json"), "seed": seed, "threads": threads, "device": device}
    resume = resume_in(resume_root, __file__, data, settings.training.save_minutes, **own)
    model, result = train_trunk(data, settings.shape, settings.training, seed, device, settings.head, resume)
    card = save_trunk(
        out_dir,
        model.cpu(),
        {
            "origin": "train",
            "seed": seed,
            "threads": threads,
            "data_hash": data.hash(),
            "folds": data.windows["fold"].value_counts().sort_index().to_dict(),
            "simulated": data.simulated,
            "scale_note": data.scale_note,
            "training": settings.training.model_dump(mode="json"),
            "best_epoch": result.best_epoch,
            "valid_loss": result.valid_loss,
            "valid_pearson": result.valid_pearson,
            "flat_tracks": list(result.flat_tracks),
        },
    )
    tables.write(Path(out_dir) / "history.parquet", "history", result.history)
    if resume:
        resume.clear()
    return card


def train_trunk(
    data: TargetSet,
    shape: TrunkShape,
    training: Training,
    seed: int,
    device: str = "cpu",
    activation: HeadKind = "exp",
    resume: Resume | None = None,
) -> tuple[SequenceModel, Fit]:
    """Train a trunk and its head from random weights on ``data``'s train windows; valid windows choose the epoch.

    Raises :class:`UserError` when windows and shape do not fit.
    """
    windows = data.windows.iloc[0]
    found = (
        windows["end"] - windows["start"],
        (windows["out_end"] - windows["out_start"]) // data.bin_size,
        data.bin_size,
    )
    wanted = (shape.context, shape.out_bins, shape.bin_size)
    if found != wanted:
        raise UserError(
            data.path,
            "windows of {} bp with {} bins of {} bp".format(*found),
            "trunk.shape says {}, {}, {}".format(*wanted),
        )
    torch.manual_seed(seed)
    head = Head(shape.width, len(data.tracks), activation)
    mean = np.mean([data.values([row]).mean((0, 1)) for row in data.fold("train")], axis=0)
    head.start_at(torch.from_numpy(mean))
    model = SequenceModel(new_trunk(shape), head, data.tracks, data.strand_pair, frozen=False).to(device)
    return model, fit(model, data, training, seed=seed, resume=resume)
