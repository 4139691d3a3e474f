"""An adapter: KronA (Edalati et al. 2022), a frozen weight plus the Kronecker product of two small matrices."""

import torch
from torch import Tensor, nn

from presage.config.adapt import Adapter
from presage.sequence.adapters import Kind, is_layer
from presage.sequence.adapters.parts import TensorPart

PROVIDES = {"adapter": {"kron": {"targets": ["transformer.*.attention.*"], "rank": 4}}}


class Kronecker(TensorPart):
    """W' = W + A (x) B with A [rank, rank] random and B zero, so that W' is W bit for bit at the start."""

    label = "kron"

    def __init__(self, weight: Tensor, rank: int) -> None:
        super().__init__()
        outputs, inputs = weight.flatten(1).shape
        if outputs % rank or inputs % rank:
            raise ValueError(f"rank {rank} does not divide a weight of {outputs} x {inputs}")
        self.A = nn.Parameter(torch.randn(rank, rank) / rank)
        self.B = nn.Parameter(torch.zeros(outputs // rank, inputs // rank))

    def forward(self, tensor: Tensor) -> Tensor:
        return tensor + torch.kron(self.A, self.B).view_as(tensor)


def make(layer: nn.Module, adapter: Adapter) -> dict[str, nn.Module]:
    """The part on a layer's weight."""
    assert adapter.rank
    return {"weight": Kronecker(layer.get_parameter("weight"), adapter.rank)}


kron = Kind(is_layer, make)
