"""Settings of the trunk (the bulk-trained network) and of the adapters that are fitted inside it."""

from typing import Literal, Self

from pydantic import Field, model_validator

from presage.config.base import Section


class TrunkShape(Section):
    """Widths of a Borzoi-family trunk. The defaults are the built-in world's small one."""

    context: int = Field(4096, ge=256, description="input length, bp")
    crop: int = Field(16, ge=0, description="output bins left out at each edge")
    stem_width: int = Field(48, ge=1, description="filters of the first convolution")
    stem_kernel: int = Field(15, ge=1, description="width of the first convolution, bp (odd)")
    tower_widths: tuple[int, ...] = Field(
        (32, 48, 64, 80, 96, 112),
        min_length=1,
        description="filters of each tower block; every block halves the length",
    )
    tower_kernel: int = Field(5, ge=1, description="width of the tower's convolutions (odd)")
    depth: int = Field(1, ge=0, description="transformer blocks")
    heads: int = Field(2, ge=1, description="attention heads")
    key_size: int = Field(24, ge=1, description="query and key size of a head")
    value_size: int = Field(48, ge=1, description="value size of a head")
    position_features: int = Field(16, ge=2, multiple_of=2, description="relative-position features, even")
    dropout: float = Field(0.1, ge=0, lt=1, description="dropout in the transformer while the trunk itself is trained")
    ups: int = Field(2, ge=0, description="U-Net steps back up, each doubles the resolution")
    final_width: int | None = Field(
        None, ge=1, description="filters of a last 1x1 convolution (1920 in Borzoi); empty = none"
    )
    final_dropout: float = Field(0.1, ge=0, lt=1, description="dropout after that last convolution")

    @property
    def bin_size(self) -> int:
        """bp of an output bin."""
        return 2 ** (1 + len(self.tower_widths) - self.ups)

    @property
    def out_bins(self) -> int:
        """Output bins of a window."""
        return self.context // self.bin_size - 2 * self.crop

    @property
    def width(self) -> int:
        """Channels of the embedding."""
        return self.final_width or self.tower_widths[-1]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        token = 2 ** (1 + len(self.tower_widths))
        if self.context % token:
            raise ValueError(f"context {self.context} is not a multiple of {token} bp, the length of one token")
        if self.ups > len(self.tower_widths):
            raise ValueError(f"ups {self.ups} is more than the {len(self.tower_widths)} tower blocks")
        if self.out_bins < 1:
            raise ValueError(f"crop {self.crop} leaves no output bin of {self.context // self.bin_size}")
        if self.stem_kernel % 2 == 0 or self.tower_kernel % 2 == 0:
            raise ValueError("kernels must be odd, or a reverse complement would shift")
        return self


HeadKind = Literal["exp", "softplus"]
_HEAD = "from the head's linear layer to coverage: exp = log link, effects multiply; softplus = as in Borzoi"


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


class Trunk(Section):
    """Where the trunk comes from: trained here on bulk tracks, a Keras file, or a trunk that presage wrote."""

    kind: Literal["train", "keras_h5", "presage"] = Field(
        "train", description="train = on the bulk tracks; keras_h5 = a baskerville model.h5; presage = a trunk folder"
    )
    path: str | None = Field(
        None, description="keras_h5: the model.h5; presage: the folder with trunk.safetensors and card.json"
    )
    params: str | None = Field(None, description="keras_h5: the params.json beside it")
    targets: str | None = Field(None, description="keras_h5: the targets.txt that names the tracks of its own head")
    shape: TrunkShape = Field(TrunkShape(), description="widths, for kind train")
    head: HeadKind = Field("exp", description=f"{_HEAD} (kind train)")
    training: Training = Field(
        Training(epochs=12, lr=4e-3, warmup_steps=200, batch_size=4, ema=0.95), description="fit, for kind train"
    )

    @model_validator(mode="after")
    def _has_files(self) -> Self:
        need = {"train": [], "keras_h5": ["path", "params", "targets"], "presage": ["path"]}[self.kind]
        missing = [key for key in need if not getattr(self, key)]
        if missing:
            raise ValueError(f"kind {self.kind} needs {' and '.join(missing)}")
        return self


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
    head: HeadKind = Field("exp", description=f"{_HEAD} (lora and probe)")
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
