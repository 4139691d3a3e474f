"""IA3 (Liu et al. 2022): one learned factor for each output, or each input, of a layer."""

import torch
from torch import Tensor, nn

from presage.sequence.adapters.parts import TensorPart


class Outputs(TensorPart):
    """Scales what a layer gives. ``scale`` [outputs] starts at 1."""

    label = "ia3"

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(len(weight)))

    def forward(self, tensor: Tensor) -> Tensor:
        return tensor * self.scale.view(-1, *[1] * (tensor.ndim - 1))


class OutputsOfBias(TensorPart):
    """The same factors on the layer's bias: what a layer gives includes it. It has no parameters of its own."""

    label = "ia3"

    def __init__(self, outputs: Outputs) -> None:
        super().__init__()
        self.outputs = (outputs,)  # in a tuple, so that its parameter belongs to one module

    def forward(self, tensor: Tensor) -> Tensor:
        return tensor * self.outputs[0].scale


class Inputs(TensorPart):
    """Scales what a layer takes. ``scale`` [inputs] starts at 1."""

    label = "ia3_inputs"

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(weight.shape[1]))

    def forward(self, tensor: Tensor) -> Tensor:
        return tensor * self.scale.view(1, -1, *[1] * (tensor.ndim - 2))
