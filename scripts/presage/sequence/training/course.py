"""Where a fit stands: everything that its next step depends on, and how that is saved and taken up again."""

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from presage.config.training import Training
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.training.optimizer import State, copied, new_optimizer, put, trainable_state
from presage.sequence.training.precision import Precision
from presage.sequence.training.resume import Saved


class Best(NamedTuple):
    """The best epoch so far: its scores on the valid windows, and the weights that were scored."""

    epoch: int
    loss: float
    pearson: float
    state: State


class Course:
    """The changing part of a fit.

    Attributes
    ----------
    epoch, batch, step
        The epoch that is under way, how many of its batches are done, and optimiser steps so far.
    order
        Windows of this epoch in the order in which they are seen.
    losses, rows
        Training losses of this epoch, and the history so far.
    rng
        Draws orders, flips and shifts; dropout draws from torch's own generators.
    state, average, best
        The trained tensors, their running average, and the best average so far.
    """

    def __init__(self, model: SequenceModel, training: Training, seed: int, precision: Precision) -> None:
        self.model, self.precision = model, precision
        self.epoch = self.batch = self.step = 0
        self.order = np.empty(0, np.int64)
        self.losses: list[float] = []
        self.rows: list[tuple[Any, ...]] = []
        self.rng = np.random.default_rng(seed)
        self.optimizer = new_optimizer(model, training.lr, training.weight_decay)
        self.state = trainable_state(model)
        self.average = copied(self.state)
        self.best: Best | None = None
        self.finished = False

    def saved(self) -> Saved:
        """All of it, as tensors and JSON."""
        tensors = {
            **_prefixed("model", self._moving()),
            **_prefixed("average", self.average),
            **_prefixed("random", _random_state(self.model.device)),
            "order": torch.from_numpy(np.ascontiguousarray(self.order)),
        }
        for i, values in self.optimizer.state_dict()["state"].items():
            tensors |= _prefixed(f"optimizer.{i}", values)
        facts: dict[str, Any] = {name: getattr(self, name) for name in _FACTS}
        facts |= {"rng": self.rng.bit_generator.state, "scaler": self.precision.scaler.state_dict(), "best": None}
        if self.best:
            facts["best"] = self.best[:3]
            tensors |= _prefixed("best", self.best.state)
        return Saved(tensors, facts)

    def restore(self, saved: Saved) -> None:
        """Go on from there, on a model, settings and data that are the same."""
        facts, tensors = saved.facts, saved.tensors
        for name in _FACTS:
            setattr(self, name, facts[name])
        self.rows = [tuple(row) for row in self.rows]
        self.rng.bit_generator.state = facts["rng"]
        self.precision.scaler.load_state_dict(facts["scaler"])
        self.order = tensors["order"].numpy()
        put(_part("model", tensors), self._moving())
        put(_part("average", tensors), self.average)
        own, moments = self.optimizer.state_dict(), _part("optimizer", tensors)
        numbers = {name.split(".")[0] for name in moments}
        state = {int(number): _part(number, moments) for number in numbers}
        self.optimizer.load_state_dict({**own, "state": state})
        if facts["best"]:
            device = self.model.device
            epoch, loss, pearson = facts["best"]
            weights = {name: tensor.to(device) for name, tensor in _part("best", tensors).items()}
            self.best = Best(epoch, loss, pearson, weights)
        _set_random_state(_part("random", tensors))

    def _moving(self) -> State:
        """What a pass changes in the model; counters of BatchNorm too, which no average is taken of."""
        return self.state if self.model.frozen else self.state | dict(self.model.named_buffers())


_FACTS = ("epoch", "batch", "step", "losses", "rows", "finished")


def _random_state(device: torch.device) -> State:
    state = {"cpu": torch.get_rng_state()}
    return state | {"cuda": torch.cuda.get_rng_state()} if device.type == "cuda" else state


def _set_random_state(state: State) -> None:
    torch.set_rng_state(state["cpu"])
    if "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"])


def _prefixed(prefix: str, tensors: dict[str, Tensor]) -> State:
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def _part(prefix: str, tensors: State) -> State:
    return {name.removeprefix(f"{prefix}."): t for name, t in tensors.items() if name.startswith(f"{prefix}.")}
