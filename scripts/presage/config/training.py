"""Settings of a fit, shared by the trunk and the adapters."""

from typing import Literal

from pydantic import Field

from presage.config.base import Section

HeadKind = Literal["exp", "softplus"]
HEAD = "from the head's linear layer to coverage: exp = log link, effects multiply; softplus = as in Borzoi"


class Training(Section):
    """How a model is fitted. The same keys serve the trunk and the adapters."""

    epochs: int = Field(20, ge=1, description="most passes over the training windows")
    lr: float = Field(2e-3, gt=0, description="highest learning rate of AdamW")
    schedule: Literal["constant", "cosine"] = Field("cosine", description="learning rate after the warm-up")
    warmup_steps: int = Field(50, ge=0, description="steps over which the learning rate rises")
    batch_size: int = Field(16, ge=1, description="windows a step")
    weight_decay: float = Field(0.0, ge=0, description="decoupled weight decay")
    clip: float = Field(1.0, gt=0, description="largest norm of the gradient")
    ema: float = Field(0.0, ge=0, lt=1, description="decay of the averaged weights that are kept; 0 = no averaging")
    patience: int = Field(6, ge=1, description="epochs without a better valid score before stopping")
    select: Literal["loss", "pearson"] = Field("pearson", description="valid score by which the best epoch is chosen")
    total_weight: float = Field(
        1.0, ge=0, description="weight of a window's total against its shape in the loss; 1 = Poisson, Borzoi 0.2"
    )
    rc: bool = Field(True, description="show half of the windows as their reverse complement")
    shift: int = Field(3, ge=0, description="largest random shift of a window, bp")
    cache_gb: float = Field(1.5, ge=0, description="memory for the outputs of frozen layers, GB; 0 = compute each time")
