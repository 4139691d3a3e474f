"""Adapters that stand between layers: Houlsby's bottleneck and squeeze-and-excite."""

import torch.nn.functional as F
from torch import Tensor, nn

from presage.sequence.adapters.parts import SlotPart
from presage.sequence.trunk.slot import Slot


class Houlsby(SlotPart):
    """x + up(relu(down(x))) at each position (Houlsby et al. 2019). ``up`` is zero, so x passes unchanged at the start.

    Takes [B, T, C] or [B, C, L], as the slot does.
    """

    label = "houlsby"
    pointwise = True

    def __init__(self, slot: Slot, rank: int) -> None:
        super().__init__(slot)
        self.down, self.up = _bottleneck(slot.channels, rank)

    def forward(self, x: Tensor) -> Tensor:
        x_last = x if self.slot[0].axis == 2 else x.transpose(1, 2)
        moved = self.up(F.relu(self.down(x_last)))
        return x + (moved if self.slot[0].axis == 2 else moved.transpose(1, 2))


class SqueezeExcite(SlotPart):
    """x times a factor for each channel, 0 to 2, that depends on the channels' means over the window (Hu et al. 2018).

    2 sigmoid(0) is 1 exactly, so x passes unchanged at the start. The mean makes every position depend on all.
    """

    label = "squeeze_excite"

    def __init__(self, slot: Slot, rank: int) -> None:
        super().__init__(slot)
        self.down, self.up = _bottleneck(slot.channels, rank)

    def forward(self, x: Tensor) -> Tensor:
        along = 3 - self.slot[0].axis
        factor = 2 * self.up(F.relu(self.down(x.mean(along)))).sigmoid()
        return x * factor.unsqueeze(along)


def _bottleneck(channels: int, rank: int) -> tuple[nn.Linear, nn.Linear]:
    down, up = nn.Linear(channels, rank), nn.Linear(rank, channels)
    nn.init.zeros_(up.weight)
    nn.init.zeros_(up.bias)
    return down, up
