"""A slot: a named place between layers that an adapter can be put into."""

from typing import ClassVar

from torch import Tensor, nn


class Slot(nn.Module):
    """Passes its input on. ``channels`` of the input lie on ``axis`` (1: [B, C, L], 2: [B, T, C])."""

    pointwise: ClassVar[bool] = True

    def __init__(self, channels: int, axis: int) -> None:
        super().__init__()
        self.channels, self.axis = channels, axis

    def forward(self, x: Tensor) -> Tensor:
        return x


def is_pointwise(part: nn.Module) -> bool:
    """Does what is in a slot treat each position by itself? Parts say so themselves; without a word it is no."""
    return bool(getattr(part, "pointwise", False))
