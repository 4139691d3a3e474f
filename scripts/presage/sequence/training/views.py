"""Views: what a model sees of a window while it is fitted, taken as far as its frozen layers go, and kept in memory."""

from collections.abc import Hashable
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.targets.target_set import TargetSet, onehot

_COMPLEMENT = np.array([3, 2, 1, 0, 4], np.uint8)


def view(sequence: np.ndarray, flip: bool, shift: int) -> np.ndarray:
    """A sequence (uint8 [length], 4 = N) moved right by ``shift`` bp, then reverse complemented if ``flip``."""
    moved = np.full_like(sequence, 4)
    stop = len(sequence) - abs(shift)
    moved[max(0, shift) :][:stop] = sequence[max(0, -shift) :][:stop]
    return _COMPLEMENT[moved][::-1] if flip else moved


class Stored(Protocol):
    """What a frozen stage gives, kept elsewhere: see :class:`presage.sequence.training.embeddings.Embeddings`."""

    @property
    def stage(self) -> int:
        """Which stage of the model goes on from it."""

    def read(self, row: int, flip: bool) -> tuple[Tensor, ...] | None:
        """The input of ``stage`` for one window, unmoved; None where it is not kept."""


class Views:
    """Inputs and targets of windows for a fit; flipped windows have their bins reversed and their strands swapped.

    What a stage of the model gives is kept (up to ``cache_gb``) once that stage is frozen, so each view of a window
    passes the frozen layers once. The object may serve several fits of one model, as long as only trainable parts
    changed between them. What ``stored`` holds of a stage is read from there instead of computed.
    """

    def __init__(self, model: SequenceModel, data: TargetSet, cache_gb: float, stored: Stored | None = None) -> None:
        self.model, self.data, self.stored = model, data, stored
        self._kept: dict[Hashable, Any] = {}
        self._room = int(cache_gb * 1e9)

    def inputs(self, rows: np.ndarray, flips: np.ndarray, shifts: np.ndarray) -> tuple[Tensor, ...]:
        """The batch that goes into the model's first trainable stage (``model.frozen_stages()``)."""
        return self.at_stage(self.model.frozen_stages(), rows, flips, shifts)

    def at_stage(self, stage: int, rows: np.ndarray, flips: np.ndarray, shifts: np.ndarray) -> tuple[Tensor, ...]:
        """What goes into ``stage`` (0 = the one-hot sequence)."""
        return self._stage(stage, [(int(r), bool(f), int(s)) for r, f, s in zip(rows, flips, shifts)])

    def observed(self, rows: np.ndarray, flips: np.ndarray) -> Tensor:
        """Measured coverage of the same views: float32 [B, bins, tracks]."""
        pair = self.data.strand_pair
        straight = [self._read("values", int(row)) for row in rows]
        values = [value[::-1, pair] if flip else value for value, flip in zip(straight, flips)]
        return torch.from_numpy(np.stack(values)).to(self.model.device)

    def _stage(self, stage: int, keys: list[tuple[int, bool, int]]) -> tuple[Tensor, ...]:
        """What goes into ``stage``, for each (row, flip, shift)."""
        if stage == 0:
            sequences = [view(self._read("sequence", row), flip, shift) for row, flip, shift in keys]
            return (torch.from_numpy(onehot(np.stack(sequences))).to(self.model.device),)
        found = {key: self._kept.get((stage, key)) for key in keys}
        for row, flip, shift in [key for key, value in found.items() if value is None]:
            stored = self._stored(stage, row, flip, shift)
            if stored is not None:
                found[row, flip, shift] = stored
                self._keep((stage, (row, flip, shift)), stored, sum(part.nbytes for part in stored))
        missing = [key for key, value in found.items() if value is None]
        if missing:
            with torch.no_grad():
                made = self.model.run(range(stage - 1, stage), self._stage(stage - 1, missing))
            for i, key in enumerate(missing):
                found[key] = parts = tuple(part[i].clone() for part in made)
                self._keep((stage, key), parts, sum(part.nbytes for part in parts))
        return tuple(torch.stack(parts) for parts in zip(*(found[key] for key in keys)))

    def _stored(self, stage: int, row: int, flip: bool, shift: int) -> tuple[Tensor, ...] | None:
        if self.stored is None or self.stored.stage != stage or shift:
            return None
        parts = self.stored.read(row, flip)
        return None if parts is None else tuple(part.to(self.model.device) for part in parts)

    def _read(self, what: str, row: int) -> np.ndarray:
        """``values`` or ``sequence`` of one window."""
        found = self._kept.get((what, row))
        if found is None:
            found = getattr(self.data, what)([row])[0]
            self._keep((what, row), found, found.nbytes)
        return found

    def _keep(self, key: Hashable, value: Any, size: int) -> None:
        if size <= self._room:
            self._kept[key] = value
            self._room -= size
