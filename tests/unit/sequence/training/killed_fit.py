"""Run as a script: one fit that kills itself at a given optimiser step, as a cluster would."""

import os
import signal
import sys
from pathlib import Path

from presage.config.adapt import Adapt, AdaptRun
from presage.config.training import Training
from presage.config.trunk import Trunk
from presage.sequence.adapters.step import adapt
from presage.sequence.training import fit
from presage.sequence.training.trunk_step import make_trunk
from tests.unit.sequence.model_cases import SHAPE, target_set

TRAINING = Training(epochs=3, batch_size=2, lr=0.02, warmup_steps=3, ema=0.5, shift=1, save_minutes=0)
RUN = AdaptRun(name="x", kind="lora", rank=2, targets=("tower.*.conv", "transformer.*"), head_epochs=2)
FILES = {
    "trunk": ("trunk.safetensors", "card.json", "history.parquet"),
    "adapt": ("adapter.safetensors", "card.json", "history.parquet"),
}


def fit_one(what: str, folder: Path) -> None:
    """A trunk, or an adapter in two phases with dropout on, into ``folder``/out."""
    data = target_set(folder / "t.zarr")
    root = folder / ".resume"
    if what == "trunk":
        make_trunk(folder / "out", Trunk(shape=SHAPE, training=TRAINING), 1, 1, data, resume_root=root)
    else:
        run = RUN.model_copy(update={"trunk_dropout": True})
        adapt(folder / "out", folder.parent / "base", data, run, Adapt(training=TRAINING), 3, 1, resume_root=root)


def main(what: str, folder: str, step: str) -> None:
    """Fit, and die before step ``step`` (counted over the process' own life)."""
    left = [int(step)]
    original = fit._Fitting._step

    def counted(self, batch):
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
        return original(self, batch)

    fit._Fitting._step = counted
    fit_one(what, Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
