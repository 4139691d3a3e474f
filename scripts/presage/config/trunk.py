"""Settings of the trunk: the bulk-trained network that stays frozen."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from presage.config.base import Known, Section
from presage.config.training import HEAD, HeadKind, Training


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
    depth: int = Field(1, ge=0, le=200, description="transformer blocks")
    heads: int = Field(2, ge=1, description="attention heads")
    key_size: int = Field(24, ge=1, description="query and key size of a head")
    value_size: int = Field(48, ge=1, description="value size of a head")
    attention: Literal["relative", "rotary"] = Field(
        "relative",
        description="how positions enter: relative = as learned logits (Borzoi); rotary = by turning (Flashzoi)",
    )
    position_features: int = Field(16, ge=2, multiple_of=2, description="relative: features of a position, even")
    position_tokens: int | None = Field(
        None, ge=1, description="relative: tokens that the features span; empty = those of the context"
    )
    key_value_heads: int | None = Field(
        None, ge=1, description="rotary: heads of keys and values, each shared by a group of queries; empty = heads"
    )
    rotary_size: int | None = Field(
        None, ge=2, multiple_of=2, description="rotary: channels of a head that turn, even; empty = key_size"
    )
    rotary_base: float = Field(20_000.0, gt=1, description="rotary: ratio of the slowest turn to the fastest")
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
    def token_size(self) -> int:
        """bp of a token of the transformer."""
        return 2 ** (1 + len(self.tower_widths))

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
        if self.context % self.token_size:
            raise ValueError(
                f"context {self.context} is not a multiple of {self.token_size} bp, the length of one token"
            )
        if self.ups > len(self.tower_widths):
            raise ValueError(f"ups {self.ups} is more than the {len(self.tower_widths)} tower blocks")
        if self.out_bins < 1:
            raise ValueError(f"crop {self.crop} leaves no output bin of {self.context // self.bin_size}")
        if self.stem_kernel % 2 == 0 or self.tower_kernel % 2 == 0:
            raise ValueError("kernels must be odd, or a reverse complement would shift")
        if self.heads % (self.key_value_heads or self.heads):
            raise ValueError(f"heads {self.heads} is not a multiple of key_value_heads {self.key_value_heads}")
        if self.attention == "rotary" and (self.rotary_size or self.key_size) % 2:
            raise ValueError(f"key_size {self.key_size} is odd, and channels turn in pairs")
        if self.attention == "rotary" and (self.rotary_size or 0) > self.key_size:
            raise ValueError(f"rotary_size {self.rotary_size} is more than key_size {self.key_size}")
        return self


class EnformerShape(Section):
    """Widths of an Enformer, which ends at the resolution of its tokens. The defaults are the published ones."""

    family: Literal["enformer"] = Field("enformer", description="tells its card from those of the Borzoi family")
    context: int = Field(196_608, ge=256, description="input length, bp")
    crop: int = Field(320, ge=0, description="output bins left out at each edge")
    tower_widths: tuple[int, ...] = Field(
        (768, 896, 1024, 1152, 1280, 1536), min_length=1, description="filters of each tower block"
    )
    stem_width: int = Field(768, ge=1, description="filters of the first convolution")
    depth: int = Field(11, ge=0, le=200, description="transformer blocks")
    heads: int = Field(8, ge=1, description="attention heads")
    key_size: int = Field(64, ge=1, description="query and key size of a head")
    dropout: float = Field(0.4, ge=0, lt=1, description="dropout in the transformer")

    @property
    def bin_size(self) -> int:
        """bp of an output bin, which is a token."""
        return 2 ** (1 + len(self.tower_widths))

    @property
    def out_bins(self) -> int:
        """Output bins of a window."""
        return self.context // self.bin_size - 2 * self.crop

    @property
    def width(self) -> int:
        """Channels of the embedding."""
        return 2 * self.tower_widths[-1]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.context % self.bin_size:
            raise ValueError(f"context {self.context} is not a multiple of {self.bin_size} bp, the length of one token")
        if self.out_bins < 1:
            raise ValueError(f"crop {self.crop} leaves no output bin of {self.context // self.bin_size}")
        if self.tower_widths[-1] % self.heads:
            raise ValueError(f"width {self.tower_widths[-1]} is not a multiple of heads {self.heads}")
        return self


class Trunk(Section):
    """Where the trunk comes from: trained here on bulk tracks, or brought in. docs/trunks.md tells each kind."""

    kind: Annotated[str, Known("trunk", ("train", "keras_h5", "huggingface", "enformer", "presage"))] = Field(
        "train",
        description="train = here, on bulk tracks; keras_h5 = a baskerville model.h5; huggingface = Borzoi, Flashzoi "
        "or Prime as borzoi-pytorch saves them; enformer = as enformer-pytorch saves it; presage = a trunk folder",
    )
    path: str | None = Field(
        None,
        description="keras_h5: the model.h5; huggingface, enformer: the folder with config.json and weights; "
        "presage: the folder with trunk.safetensors and card.json",
    )
    repository: str | None = Field(
        None,
        pattern=r"^[\w.-]+/[\w.-]+$",
        description="in place of a path, a repository of the hub, e.g. johahi/borzoi-replicate-0",
    )
    revision: str = Field(
        "main", description="huggingface, enformer: commit, tag or branch of the repository; a commit pins it"
    )
    species: Literal["human", "mouse"] = Field("human", description="huggingface, enformer: which own head is read")
    context: int | None = Field(None, ge=256, description="huggingface, enformer: input length, bp; empty = as trained")
    crop: int | None = Field(
        None,
        ge=0,
        description="huggingface, enformer: output bins left out at each edge; empty = what config.json leaves",
    )
    tf_gamma: bool | None = Field(
        None,
        description="enformer: positions as TensorFlow computed them; empty = what config.json says, and true for "
        "EleutherAI/enformer-official-rough",
    )
    params: str | None = Field(None, description="keras_h5: the params.json beside it")
    targets: str | None = Field(
        None, description="keras_h5, huggingface, enformer: the targets.txt that names the tracks of its own head"
    )
    windows: str | None = Field(
        None,
        description="BED (chrom start end fold) of the outputs that the trunk was trained with, for the leakage audit; "
        "an empty file = it saw nothing of this genome; null = reference.windows, and without these nobody knows",
    )
    bulk: str | None = Field(
        None,
        description="kind train: TSV (assay tissue strand path) of the bulk bigWigs that it is trained on; the "
        "built-in world has its own",
    )
    shape: TrunkShape = Field(TrunkShape(), description="widths, for kind train")
    head: HeadKind = Field("exp", description=f"{HEAD} (kind train)")
    training: Training = Field(
        Training(epochs=12, lr=4e-3, warmup_steps=200, batch_size=4, ema=0.95), description="fit, for kind train"
    )

    @model_validator(mode="after")
    def _has_files(self) -> Self:
        need = {"train": [], "keras_h5": ["path", "params", "targets"], "presage": ["path"]}
        missing = [key for key in need.get(self.kind, ()) if not getattr(self, key)]
        if missing:
            raise ValueError(f"kind {self.kind} needs {' and '.join(missing)}")
        if self.bulk and self.kind != "train":
            raise ValueError(f"bulk is for kind train: a trunk of kind {self.kind} is trained already")
        if self.kind in ("huggingface", "enformer") and bool(self.path) == bool(self.repository):
            raise ValueError(f"kind {self.kind} needs one of path (a folder) and repository (of the hub)")
        return self
