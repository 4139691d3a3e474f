"""The head: from an embedding per bin to the tracks."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Activation = Literal["exp", "softplus", "relu"]
_HIGHEST_LOG = 12.0  # keeps a fit that goes astray finite


class _Link(NamedTuple):
    """From the linear layer to coverage, and back."""

    forward: Callable[[Tensor], Tensor]
    inverse: Callable[[Tensor], Tensor]


_LINKS = {
    "exp": _Link(lambda x: x.clamp(max=_HIGHEST_LOG).exp(), torch.log),
    "softplus": _Link(F.softplus, lambda y: torch.log(torch.expm1(y))),
    "relu": _Link(F.relu, lambda y: y),
}


class Head(nn.Module):
    """One dense layer per bin, shared over bins, and an activation that keeps coverage >= 0.

    ``exp`` is the log link: what multiplies in the data (where RNA lies, and how much of it a cell type makes) adds in
    the layer. ``softplus`` is Borzoi's. ``relu`` is for the closed-form ridge head, which is linear.
    """

    def __init__(self, width: int, tracks: int, activation: Activation = "softplus") -> None:
        super().__init__()
        self.linear = nn.Linear(width, tracks)
        self.activation: Activation = activation

    def forward(self, embedding: Tensor) -> Tensor:
        """float32 [B, bins, width] -> [B, bins, tracks]."""
        return _LINKS[self.activation].forward(self.linear(embedding))

    @torch.no_grad()
    def start_at(self, mean: Tensor) -> None:
        """Set the bias so that an untrained head predicts each track's mean coverage (float32 [tracks])."""
        self.linear.weight.mul_(0.1)
        self.linear.bias.copy_(_LINKS[self.activation].inverse(mean.clamp(1e-4, 20)))
