"""Half precision: which layers run in it, and how small gradients survive it."""

from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn

from presage.config.training import PrecisionKind
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.training.forwards import Forward, replaced

_DTYPES = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}
_NORMS = (nn.LayerNorm, nn.modules.batchnorm._BatchNorm)


class Precision:
    """Matrix products and convolutions in ``kind``; fp16 also scales the loss up so that gradients do not vanish."""

    def __init__(self, kind: PrecisionKind, device: torch.device) -> None:
        self.dtype, self.device = _DTYPES[kind], device.type
        self.scaler = torch.amp.GradScaler(self.device, enabled=kind == "fp16")

    def autocast(self) -> AbstractContextManager[None]:
        """For one forward pass: weights that autocast has cast are kept to its end only."""
        return torch.autocast(self.device, self.dtype, enabled=self.dtype is not None)

    def norms_and_head_in_fp32(self, model: SequenceModel) -> AbstractContextManager[None]:
        """Inside, the model's norms and head compute in fp32 under :meth:`autocast` too."""
        kept = [m for m in model.modules() if isinstance(m, _NORMS) or m is model.head] if self.dtype else []
        return replaced(kept, self._in_fp32)

    def _in_fp32(self, module: nn.Module, forward: Forward) -> Forward:
        def run(x: Tensor) -> Any:
            with torch.autocast(self.device, enabled=False):
                return forward(x.float())

        return run
