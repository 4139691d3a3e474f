"""Low-rank updates of frozen weights: LoRA (Hu et al. 2021), on convolutions also called Locon, and DoRA."""

import torch
from torch import Tensor, nn

from presage.sequence.adapters.parts import TensorPart


class Lora(TensorPart):
    """W' = W + alpha / rank * B A, for a weight of any shape [outputs, ...].

    ``A`` is [rank, inputs * kernel] and random (torch's global generator), ``B`` is [outputs, rank] and zero, so W' is
    W bit for bit at the start. On a convolution it equals a convolution to ``rank`` channels and a 1x1 one (Locon,
    Yeh et al. 2023).

    Raises ``ValueError`` when the weight has no such rank.
    """

    label = "lora"

    def __init__(self, weight: Tensor, rank: int, alpha: float) -> None:
        super().__init__()
        outputs, fan_in = weight.shape[0], weight[0].numel()
        if not 1 <= rank <= min(outputs, fan_in):
            raise ValueError(f"rank {rank} does not fit a weight of {outputs} x {fan_in}")
        self.scale = alpha / rank
        self.A = nn.Parameter(torch.empty(rank, fan_in))
        self.B = nn.Parameter(torch.zeros(outputs, rank))
        nn.init.kaiming_uniform_(self.A, a=5**0.5)

    def update(self) -> Tensor:
        """float32 [outputs, inputs * kernel]."""
        return self.scale * self.B @ self.A

    def forward(self, tensor: Tensor) -> Tensor:
        return tensor + self.update().view_as(tensor)


class Dora(Lora):
    """W' = m (W + BA) / ||W + BA||, the norm over each output's weights (Liu et al. 2024).

    ``magnitude`` [outputs] starts as ||W||, and one computation gives both norms, so their ratio is 1 exactly at the
    start. No gradient flows through the norm (section 4.3 there).
    """

    label = "dora"

    def __init__(self, weight: Tensor, rank: int, alpha: float) -> None:
        super().__init__(weight, rank, alpha)
        self.magnitude = nn.Parameter(self._norm(weight + self.update().view_as(weight)))

    def forward(self, tensor: Tensor) -> Tensor:
        moved = super().forward(tensor)
        ratio = self.magnitude / self._norm(moved)
        return moved * ratio.view(-1, *[1] * (tensor.ndim - 1))

    @staticmethod
    def _norm(weight: Tensor) -> Tensor:
        return torch.linalg.vector_norm(weight.detach().flatten(1), dim=1)
