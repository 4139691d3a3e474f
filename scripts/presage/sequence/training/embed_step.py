"""The embed step: what the frozen trunk gives for every window, once for all fits that start behind it."""

import shutil
from pathlib import Path

import torch

from presage.config.adapt import Adapt
from presage.device import deterministic
from presage.sequence.loading import load_model
from presage.sequence.targets.target_set import TargetSet
from presage.sequence.training.embeddings import write_embeddings
from presage.sequence.training.precision import Precision
from presage.sequence.training.resume import resume_in
from presage.sequence.training.stages import NUMBERS, Stage


def embed(
    out: str | Path,
    trunk_path: str | Path,
    data: TargetSet,
    settings: Adapt,
    stage: Stage,
    threads: int,
    device: str = "cpu",
    resume_root: str | Path | None = None,
) -> None:
    """Write the outputs of one stage as a zarr group ``out``; a killed job goes on from what is in ``resume_root``."""
    torch.set_num_threads(threads)
    model, training = load_model(trunk_path).to(device), settings.training
    windows = -(-training.batch_size // training.accumulate)
    own = {"trunk": model.trunk_hash, "stage": stage, "rc": training.rc, "batch_size": windows}
    own |= {"dtype": settings.cache_dtype, "precision": training.precision, "threads": threads, "device": device}
    resume = resume_in(resume_root, __file__, data, training.save_minutes, **own)
    folder = resume.folder / "embeddings.zarr" if resume else Path(out)
    with deterministic(model.device):
        write_embeddings(
            folder,
            model,
            data,
            NUMBERS[stage],
            rc=training.rc,
            batch_size=windows,
            dtype=settings.cache_dtype,
            precision=Precision(training.precision, model.device),
        )
    if resume:
        shutil.move(folder, out)
        resume.clear()
