"""Views: what a model sees of a window while it is fitted, taken as far as its frozen layers go, and kept in memory."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from presage.sequence.model import SequenceModel
from presage.sequence.targets import TargetSet, onehot

T = TypeVar("T")
_COMPLEMENT = np.array([3, 2, 1, 0, 4], np.uint8)


def view(sequence: np.ndarray, flip: bool, shift: int) -> np.ndarray:
    """A sequence (uint8 [length], 4 = N) moved right by ``shift`` bp, then reverse complemented if ``flip``."""
    moved = np.full_like(sequence, 4)
    stop = len(sequence) - abs(shift)
    moved[max(0, shift) :][:stop] = sequence[max(0, -shift) :][:stop]
    return _COMPLEMENT[moved][::-1] if flip else moved


class Views:
    """Inputs and targets of windows for a fit; flipped windows have their bins reversed and their strands swapped.

    What a stage of the model gives is kept (up to ``cache_gb``) once that stage is frozen, so each view of a window
    passes the frozen layers once. The object may serve several fits of one model, as long as only trainable parts
    changed between them.
    """

    def __init__(self, model: SequenceModel, data: TargetSet, cache_gb: float) -> None:
        self.model, self.data = model, data
        self._kept: dict[Hashable, Any] = {}
        self._room = int(cache_gb * 1e9)

    def inputs(self, rows: np.ndarray, flips: np.ndarray, shifts: np.ndarray) -> tuple[Tensor, ...]:
        """The batch that goes into the model's first trainable stage (``model.frozen_stages()``)."""
        keys = [(int(r), bool(f), int(s)) for r, f, s in zip(rows, flips, shifts)]
        return self._stage(self.model.frozen_stages(), keys)

    def observed(self, rows: np.ndarray, flips: np.ndarray) -> Tensor:
        """Measured coverage of the same views: float32 [B, bins, tracks]."""
        values = [self._keep(("observed", int(r)), lambda r=r: self.data.values([r])[0]) for r in rows]
        pair = self.data.strand_pair
        return torch.from_numpy(np.stack([v[::-1, pair] if f else v for v, f in zip(values, flips)])).to(
            self.model.device
        )

    def _stage(self, stage: int, keys: list[tuple[int, bool, int]]) -> tuple[Tensor, ...]:
        if stage == 0:
            read = lambda row: self._keep(("sequence", row), lambda: self.data.sequence([row])[0])  # noqa: E731
            return (
                torch.from_numpy(onehot(np.stack([view(read(r), f, s) for r, f, s in keys]))).to(self.model.device),
            )
        found = {key: self._kept.get((stage, key)) for key in keys}
        missing = [key for key, value in found.items() if value is None]
        if missing:
            with torch.no_grad():
                made = self.model.run(range(stage - 1, stage), self._stage(stage - 1, missing))
            for i, key in enumerate(missing):
                found[key] = self._keep((stage, key), lambda i=i: tuple(part[i].clone() for part in made))
        return tuple(torch.stack(parts) for parts in zip(*(found[key] for key in keys)))

    def _keep(self, key: Hashable, make: Callable[[], T]) -> T:
        if key in self._kept:
            return self._kept[key]
        value = make()
        self._room -= sum(part.nbytes for part in (value if isinstance(value, tuple) else (value,)))
        if self._room >= 0:
            self._kept[key] = value
        return value
