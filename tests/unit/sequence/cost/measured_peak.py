"""Run as a script: the most memory that real training steps take, read from the process itself. Prints JSON.

Arguments: a shape and a list of [kind of run, batch size], as JSON. ``train`` is a trunk that learns itself.
"""

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from presage.config.adapt import AdaptRun
from presage.config.trunk import TrunkShape
from presage.sequence.adapters import attach
from presage.sequence.model.heads import Head
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.training.losses import poisson_multinomial
from presage.sequence.trunk.borzoi import Borzoi

PAGE = 4096


class AsOnGpu(TorchDispatchMode):
    """Does nothing; but while any mode is on, max pooling makes its indices, as on a GPU."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return func(*args, **(kwargs or {}))


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def peak_of(shape: TrunkShape, kind: str, batch: int) -> int:
    trunk = Borzoi(shape)
    if kind != "train":
        attach(trunk, AdaptRun(name="x", kind=kind))
    model = SequenceModel(trunk, Head(trunk.width, 2), ["a", "b"], [0, 1], frozen=kind != "train").train()
    frozen, peak, done = model.frozen_stages(), [0], threading.Event()
    before = resident()

    def watch() -> None:
        while not done.is_set():
            peak[0] = max(peak[0], resident())
            time.sleep(0.001)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    with AsOnGpu():
        inputs = (torch.zeros(batch, 4, shape.context),)
        with torch.no_grad():
            inputs = tuple(part.clone() for part in model.run(range(frozen), inputs)) if frozen else inputs
        predicted = model.run(range(frozen, 3), inputs)[0]
        poisson_multinomial(predicted, torch.ones_like(predicted), 1.0).mean().backward()
    done.set()
    watcher.join()
    return peak[0] - before


if __name__ == "__main__":
    torch.set_num_threads(1)
    shape = TrunkShape(**json.loads(sys.argv[1]))
    peak_of(
        shape.model_copy(update={"context": shape.context // 16, "crop": 0}), "train", 1
    )  # libraries set themselves up
    print(json.dumps([peak_of(shape, kind, batch) for kind, batch in json.loads(sys.argv[2])]))
