"""The two ways to evaluate edits of one sequence as the model reads it: dense, and sparse in the tower."""

from collections.abc import Sequence
from typing import Protocol, cast

import numpy as np
import torch
from torch import Tensor, nn

from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.sparse_tower.edits import Edit
from presage.sequence.sparse_tower.first_block import FirstBlock
from presage.sequence.sparse_tower.tower import Tower
from presage.sequence.targets.target_set import onehot
from presage.sequence.trunk.borzoi import Borzoi, TowerBlock, TransformerBlock, attend
from presage.sequence.trunk.slot import is_pointwise

Bins = tuple[int, int] | None


class Strand(Protocol):
    """``reference``: embedding float32 [bins, width] of the sequence itself."""

    reference: Tensor

    def edited(self, edits: Sequence[Edit]) -> Tensor:
        """Embeddings float32 [edits, bins, width], all edits in one batch."""


def embed(model: SequenceModel, codes: np.ndarray, bins: Bins = None) -> Tensor:
    """Embedding float32 [n, bins, width] of sequences, uint8 [n, context], by the model's own forward pass."""
    x = torch.from_numpy(onehot(codes)).to(model.device)
    return model.trunk.decode(*model.trunk.encode(x), bins=bins).float()


class Dense:
    """Each edited sequence goes through the whole model."""

    def __init__(self, model: SequenceModel, codes: np.ndarray, bins: Bins = None) -> None:
        self._model, self._codes, self._bins = model, codes, bins
        self.reference = embed(model, codes[None], bins)[0]

    def edited(self, edits: Sequence[Edit]) -> Tensor:
        sequences = np.repeat(self._codes[None], len(edits), axis=0)
        for sequence, edit in zip(sequences, edits):
            sequence[edit.start : edit.end] = edit.codes
        return embed(self._model, sequences, self._bins)


class Sparse:
    """The tower is computed again on slivers around each edit; the transformer sees each edited window in full."""

    def __init__(self, trunk: Borzoi, codes: np.ndarray, device: torch.device, bins: Bins = None) -> None:
        self._trunk, self._spans = trunk, trunk.spans(bins)
        self._tower = Tower(trunk, codes, self._spans, device)
        tokens, laterals = self._tower.tokens, self._tower.laterals
        blocks = trunk.transformer
        # A block that is first and last computes only what the bins need, which is as good.
        self._first = FirstBlock(cast(TransformerBlock, blocks[0]), tokens) if len(blocks) > 1 else None
        self.reference = self._decode(blocks, tokens.T[None], [lateral[None] for lateral in laterals])[0]

    def edited(self, edits: Sequence[Edit]) -> Tensor:
        tokens, changed = self._tower.edited(edits)
        laterals = [
            new.over(old, 2 * first) for new, old, (first, _) in zip(changed, self._tower.laterals, self._spans)
        ]
        if self._first is None:
            return self._decode(self._trunk.transformer, tokens.over(self._tower.tokens).mT, laterals)
        return self._decode(self._trunk.transformer[1:], self._first.edited(tokens), laterals)

    def _decode(self, blocks: nn.ModuleList, tokens: Tensor, laterals: list[Tensor]) -> Tensor:
        span = self._spans[0]
        left = attend(blocks, tokens, span)
        return self._trunk.join(left, span[0], laterals, self._spans, ready=True).float()


def unsupported(model: SequenceModel) -> str | None:
    """Why :class:`Sparse` cannot evaluate this model; None where it can."""
    trunk = model.trunk
    if type(trunk) is not Borzoi:
        return f"the tower of {type(trunk).__name__} has no sparse evaluation"
    for number, block in enumerate(trunk.tower):
        slot = cast(TowerBlock, block).slot
        if not is_pointwise(slot):
            return f"{type(slot).__name__} in tower.{number}.slot looks at more than one position"
    return None
