"""The head: from an embedding per bin to the tracks."""

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Activation = Literal["softplus", "relu"]
_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"softplus": F.softplus, "relu": F.relu}


class Head(nn.Module):
    """One dense layer per bin, shared over bins, and an activation that keeps coverage >= 0.

    ``softplus`` for heads that are fitted by gradient; ``relu`` for the closed-form ridge head, which is linear.
    """

    def __init__(self, width: int, tracks: int, activation: Activation = "softplus") -> None:
        super().__init__()
        self.linear = nn.Linear(width, tracks)
        self.activation: Activation = activation

    def forward(self, embedding: Tensor) -> Tensor:
        """float32 [B, bins, width] -> [B, bins, tracks]."""
        return _ACTIVATIONS[self.activation](self.linear(embedding))

    @torch.no_grad()
    def start_at(self, mean: Tensor) -> None:
        """Set the bias so that an untrained head predicts each track's mean coverage (float32 [tracks])."""
        self.linear.weight.mul_(0.1)
        self.linear.bias.copy_(torch.log(torch.expm1(mean.clamp(1e-4, 20))))
