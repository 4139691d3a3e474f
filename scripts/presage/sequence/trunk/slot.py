"""A slot: a named place between layers that an adapter can be put into."""

from torch import Tensor, nn


class Slot(nn.Module):
    """Passes its input on. ``channels`` of the input lie on ``axis`` (1: [B, C, L], 2: [B, T, C])."""

    def __init__(self, channels: int, axis: int) -> None:
        super().__init__()
        self.channels, self.axis = channels, axis

    def forward(self, x: Tensor) -> Tensor:
        return x
