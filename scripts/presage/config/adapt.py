"""Settings of the adapters that are fitted inside the frozen trunk."""

from typing import Literal, Self

from pydantic import Field, model_validator

from presage.config.base import Section
from presage.config.training import HEAD, HeadKind, Training

_ATTENTION = ("transformer.*.attention.query", "transformer.*.attention.value")
_LATER = ("tower.[345].conv", "transformer.*", "unet.*dense", "unet.*.pointwise")


class AdaptRun(Section):
    """One adapter to fit. It gets its own folder ``adapt/<name>/seed<k>``."""

    name: str = Field(pattern=r"^[A-Za-z0-9_]+$", description="folder name")
    kind: Literal["lora", "probe", "ridge"] = Field(
        description="lora = low-rank adapters and a head; probe = a head only; ridge = closed-form head"
    )
    rank: int = Field(8, ge=1, description="lora: rank")
    alpha: float = Field(16.0, gt=0, description="lora: scale of the update is alpha / rank")
    targets: tuple[str, ...] = Field(
        _ATTENTION,
        description="lora: layer-name patterns; one that matches nothing is refused",
    )
    head_epochs: int = Field(0, ge=0, description="lora: passes that train the head alone before the adapters move")
    lr: float | None = Field(None, gt=0, description="learning rate of this run; empty = adapt.training.lr")
    epochs: int | None = Field(None, ge=1, description="passes of this run; empty = adapt.training.epochs")
    trunk_dropout: bool = Field(False, description="keep the frozen trunk's dropout on while fitting")


class Adapt(Section):
    """Which adapters are fitted, on what, and how."""

    runs: tuple[AdaptRun, ...] = Field(
        (
            AdaptRun(name="lora", kind="lora", rank=16, alpha=32.0, targets=_LATER, head_epochs=4, lr=4e-3),
            AdaptRun(name="probe", kind="probe", epochs=12),
            AdaptRun(name="ridge", kind="ridge"),
        ),
        min_length=1,
        description="adapters to fit",
    )
    seeds: tuple[int, ...] = Field((1,), min_length=1, description="one fit of each run for each seed")
    training: Training = Field(
        # Without shifts every view of a window is one of two, so the frozen layers are passed twice a window in all.
        Training(epochs=8, lr=2e-3, warmup_steps=50, batch_size=8, ema=0.9, shift=0),
        description="fit of lora and probe",
    )
    head: HeadKind = Field("exp", description=f"{HEAD} (lora and probe)")
    ridge_alphas: tuple[float, ...] = Field(
        (1e-2, 1.0, 1e2, 1e4), min_length=1, description="ridge penalties to choose from on the valid windows"
    )
    tracks: tuple[str, ...] = Field(
        ("*",), min_length=1, description="patterns on slug or name: the tracks to adapt to"
    )

    @model_validator(mode="after")
    def _unique(self) -> Self:
        names = [run.name for run in self.runs]
        if len(set(names)) < len(names):
            raise ValueError(f"names of runs repeat: {names}")
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"seeds repeat: {list(self.seeds)}")
        return self
