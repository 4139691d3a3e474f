"""Settings of a fit, shared by the trunk and the adapters."""

from typing import Literal, Self

from pydantic import Field, model_validator

from presage.config.base import Section

HeadKind = Literal["exp", "softplus"]
LossKind = Literal["poisson_multinomial", "poisson", "mse"]
PrecisionKind = Literal["fp32", "bf16", "fp16"]
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
    loss: LossKind = Field("poisson_multinomial", description="what is minimised, over bins of each window and track")
    total_weight: float = Field(
        1.0, ge=0, description="poisson_multinomial: weight of a window's total against its shape; Borzoi 0.2"
    )
    depth_weight: float = Field(
        0.0, ge=0, le=1, description="each track's loss over its mean coverage to this power; 0 = deep tracks lead"
    )
    rc: bool = Field(True, description="show half of the windows as their reverse complement")
    shift: int = Field(3, ge=0, description="largest random shift of a window, bp")
    cache_gb: float = Field(1.5, ge=0, description="memory for the outputs of frozen layers, GB; 0 = compute each time")
    precision: PrecisionKind = Field(
        "fp32", description="of the trunk's layers; norms, head and loss stay in fp32. bf16 on recent GPUs"
    )
    accumulate: int = Field(
        1, ge=1, description="parts in which a batch is passed, one after the other: less memory, the same gradient"
    )
    checkpoint: bool = Field(
        False, description="compute the trunk's blocks again in the backward pass: less memory, a third more time"
    )
    save_minutes: float = Field(
        10.0, ge=0, description="minutes between saves inside an epoch, from which a killed fit goes on"
    )

    @model_validator(mode="after")
    def _parts_of_a_batch(self) -> Self:
        if self.accumulate > self.batch_size:
            raise ValueError(f"accumulate {self.accumulate} is more than the {self.batch_size} windows of a batch")
        return self
