"""Free tensors: what BitFit, tuning of norms and full fine-tuning train."""

import torch
from torch import Tensor, nn

from presage.sequence.adapters.parts import TensorPart


class Delta(TensorPart):
    """t' = t + ``delta``, which starts at 0.

    The trunk's own tensor stays as it was, so even a full fine-tuning can be told from its trunk, taken out again, and
    decays (if asked to) towards the trunk, not towards zero. It costs a second copy of what is trained.
    """

    label = "delta"

    def __init__(self, tensor: Tensor) -> None:
        super().__init__()
        self.delta = nn.Parameter(torch.zeros_like(tensor))

    def forward(self, tensor: Tensor) -> Tensor:
        return tensor + self.delta
