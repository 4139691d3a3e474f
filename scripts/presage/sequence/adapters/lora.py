"""LoRA (Hu et al. 2021): low-rank updates of frozen layers, for Linear and for Conv1d of any width."""

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize


class Lora(nn.Module):
    """W' = W + alpha / rank * B A, as a parametrization of a layer's weight.

    ``A`` is [rank, inputs * kernel] and random, ``B`` is [outputs, rank] and zero, so W' is W bit for bit at the
    start. What reads ``layer.weight`` (the layer's own forward, a merge, an exact recomputation on a sliver) sees
    W'.
    """

    def __init__(self, weight: Tensor, rank: int, alpha: float) -> None:
        super().__init__()
        outputs, fan_in = weight.shape[0], weight[0].numel()
        if not 1 <= rank <= min(outputs, fan_in):
            raise ValueError(f"rank {rank} does not fit a weight of {outputs} x {fan_in}")
        self.scale = alpha / rank
        self.A = nn.Parameter(torch.empty(rank, fan_in))
        self.B = nn.Parameter(torch.zeros(outputs, rank))
        nn.init.kaiming_uniform_(self.A, a=5**0.5)

    def forward(self, weight: Tensor) -> Tensor:
        return weight + (self.scale * self.B @ self.A).view_as(weight)


def attach(layer: nn.Module, rank: int, alpha: float) -> Lora:
    """Put a LoRA on ``layer.weight`` (A from torch's global generator).

    Raises ``ValueError`` for grouped convolutions or a bad rank.
    """
    if getattr(layer, "groups", 1) != 1:
        raise ValueError("a grouped convolution has no low-rank update")
    weight = layer.weight
    if not isinstance(weight, Tensor):
        raise ValueError(f"{type(layer).__name__} has no weight")
    lora = Lora(weight, rank, alpha)
    weight.requires_grad_(False)
    parametrize.register_parametrization(layer, "weight", lora)
    return lora


def merge(model: nn.Module) -> None:
    """Write every W' into its layer and drop the adapters: the same output from plain layers."""
    for layer in _adapted(model):
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)


def detach(model: nn.Module) -> None:
    """Drop the adapters and leave the trunk's own weights, bit for bit."""
    for layer in _adapted(model):
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)


def adapters(model: nn.Module) -> dict[str, Lora]:
    """The LoRAs inside a trunk, by the name of the layer that they sit on."""
    found = {}
    for name, layer in model.named_modules():
        if parametrize.is_parametrized(layer, "weight"):
            (found[name],) = layer.parametrizations["weight"]
    return found


def _adapted(model: nn.Module) -> list[nn.Module]:
    return [m for m in model.modules() if parametrize.is_parametrized(m, "weight")]
