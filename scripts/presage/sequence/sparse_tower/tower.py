"""The convolution tower of a window: computed once for the reference, then again only where edits change it."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from presage.sequence.sparse_tower.edits import Edit, Slivers, slivers
from presage.sequence.targets.target_set import onehot
from presage.sequence.trunk.borzoi import Borzoi, TowerBlock, UpBlock, gelu
from presage.sequence.trunk.pool import max_pool


class Changed(NamedTuple):
    """What edits change of an activation: ``values`` [edits, C, W], whose first column lies at ``starts`` [edits]."""

    values: Tensor
    starts: np.ndarray

    def over(self, reference: Tensor, at: int = 0) -> Tensor:
        """The activation of each edit, [edits, C, L], from the reference's [C, L]; ``at``: the first position in it."""
        whole = reference.expand(len(self.values), -1, -1).clone()
        overwrite(whole, self.values, self.starts - at)
        return whole


class Tower:
    """The tower of one reference sequence.

    It holds, in float32, what goes into each block's convolution (after norm and GELU, as wide as the window, with the
    zeros of the padding), which is C_in * context / 2^(block + 1) numbers; the tokens; and what the skips add to those
    positions of the U-Net that the wanted output bins need. With the published widths that is 1.3 GB for 524,288 bp and
    0.3 GB for 131,072 bp; the first block's input is two fifths of it.
    """

    def __init__(
        self, trunk: Borzoi, codes: np.ndarray, spans: Sequence[tuple[int, int]], device: torch.device
    ) -> None:
        """``codes`` uint8 [context], 4 = N; ``spans`` as from :meth:`Borzoi.spans`."""
        self._trunk, self._device = trunk, device
        self._blocks = [cast(TowerBlock, block) for block in trunk.tower]
        self._ups = [cast(UpBlock, block) for block in trunk.unet]
        self._codes = np.pad(codes, _half(trunk.stem), constant_values=4)  # N is zeros, like padding
        self._active: list[Tensor] = []  # [C, L + 2 h]
        self.laterals: list[Tensor] = []
        x = max_pool(_convolved(trunk.stem, self._onehot(self._codes[None])))
        for block, step in self._steps():
            active = F.pad(gelu(block.norm(x)), (_half(block.conv),) * 2)
            self._active.append(active[0])
            x = block.slot(_convolved(block.conv, active))
            if step < len(self._ups):
                first, last = spans[step]
                self.laterals.insert(0, self._ups[step].lateral(x[..., 2 * first : 2 * last])[0])
            x = max_pool(x)
        self.tokens = x[0]

    def edited(self, edits: Sequence[Edit]) -> tuple[Changed, list[Changed]]:
        """What edits change of the tokens, and of the laterals of each U-Net step (as wide as a window)."""
        where = slivers(self._trunk.shape, edits)
        x = max_pool(_convolved(self._trunk.stem, self._onehot(self._edited_codes(edits, where[0]))))
        laterals: list[Changed] = []
        for (block, step), active, (before, now) in zip(self._steps(), self._active, pairwise(where)):
            half = _half(block.conv)
            inputs = torch.stack([active[:, start : start + now.width + 2 * half] for start in now.starts])
            overwrite(inputs, gelu(block.norm(x)), before.starts // 2 + half - now.starts)
            x = block.slot(_convolved(block.conv, inputs))
            if step < len(self._ups):
                laterals.insert(0, Changed(self._ups[step].lateral(x), now.starts))
            x = max_pool(x)
        return Changed(x, where[-1].starts // 2), laterals

    def _steps(self) -> Iterator[tuple[TowerBlock, int]]:
        """The tower's blocks, each with the number of the U-Net step that its output goes to, if there is one."""
        return zip(self._blocks, reversed(range(len(self._blocks))))

    def _edited_codes(self, edits: Sequence[Edit], where: Slivers) -> np.ndarray:
        """What the stem reads of the edited sequences: uint8 [edits, width + 2 h]."""
        half = _half(self._trunk.stem)
        pieces = np.stack([self._codes[start : start + where.width + 2 * half] for start in where.starts])
        for piece, edit, start in zip(pieces, edits, where.starts):
            piece[edit.start + half - start :][: len(edit.codes)] = edit.codes
        return pieces

    def _onehot(self, codes: np.ndarray) -> Tensor:
        return torch.from_numpy(onehot(codes)).to(self._device)


def overwrite(target: Tensor, values: Tensor, starts: np.ndarray) -> None:
    """Put ``values`` [n, C, W] into ``target`` [n, C, L] from ``starts`` [n] on; what lies outside is left out."""
    length, width = target.shape[-1], values.shape[-1]
    for row, new, start in zip(target, values, starts.tolist()):
        first, last = max(0, start), min(length, start + width)
        if first < last:
            row[:, first:last] = new[:, first - start : last - start]


def _convolved(conv: nn.Conv1d, padded: Tensor) -> Tensor:
    """A layer's convolution of what carries its padding already. ``weight`` and ``bias`` have the adapters in them."""
    return F.conv1d(padded, conv.weight, conv.bias)


def _half(conv: nn.Conv1d) -> int:
    """How far a convolution reaches to each side; also how many zeros pad its input there."""
    return conv.kernel_size[0] // 2
