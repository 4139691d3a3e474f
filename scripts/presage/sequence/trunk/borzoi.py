"""A Borzoi-family trunk of any width: convolution tower, transformer, U-Net (Linder et al. 2025), in plain torch."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from presage.config.trunk import TrunkShape
from presage.sequence.trunk.attention import RelativeAttention
from presage.sequence.trunk.pool import max_pool
from presage.sequence.trunk.rotary import RotaryAttention
from presage.sequence.trunk.slot import Slot

EPS = 1e-3  # of every norm; Keras' default, with which the released weights were trained
MOMENTUM = 0.1  # torch's meaning: Keras' 0.9


def gelu(x: Tensor) -> Tensor:
    """The tanh approximation that the released weights were trained with."""
    return F.gelu(x, approximate="tanh")


class TowerBlock(nn.Module):
    """norm -> GELU -> convolution, [B, in, L] -> [B, out, L]. The caller pools: the U-Net needs the output before.

    ``slot`` passes its input on until an adapter is put into it, here and below.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(inputs, eps=EPS, momentum=MOMENTUM)
        self.conv = nn.Conv1d(inputs, outputs, kernel, padding="same")
        self.slot: nn.Module = Slot(outputs, axis=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.slot(self.conv(gelu(self.norm(x))))


class TransformerBlock(nn.Module):
    """Pre-norm attention and two-layer perceptron, each added to its input. [B, T, C] -> [B, T, C]."""

    def __init__(self, attention: nn.Module, width: int, dropout: float, eps: float = EPS) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width, eps=eps)
        self.attention = attention
        self.mlp_norm = nn.LayerNorm(width, eps=eps)
        self.mlp_in = nn.Linear(width, 2 * width)
        self.mlp_out = nn.Linear(2 * width, width)
        self.dropout = nn.Dropout(dropout)
        self.slot_attention: nn.Module = Slot(width, axis=2)
        self.slot_mlp: nn.Module = Slot(width, axis=2)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.slot_attention(self.dropout(self.attention(self.attention_norm(x))))
        hidden = F.relu(self.dropout(self.mlp_in(self.mlp_norm(x))))
        return x + self.slot_mlp(self.dropout(self.mlp_out(hidden)))


def _attention(shape: TrunkShape, width: int) -> RelativeAttention | RotaryAttention:
    heads, key, value = shape.heads, shape.key_size, shape.value_size
    if shape.attention == "relative":
        return RelativeAttention(width, heads, key, value, shape.position_features, shape.position_tokens)
    return RotaryAttention(width, heads, key, value, shape.key_value_heads, shape.rotary_size, shape.rotary_base)


class UpBlock(nn.Module):
    """One U-Net step: double the length, add the tower's output of that length, mix by a separable convolution."""

    def __init__(self, width: int, skip_width: int, kernel: int = 3) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(width, eps=EPS, momentum=MOMENTUM)
        self.dense = nn.Conv1d(width, width, 1)
        self.skip_norm = nn.BatchNorm1d(skip_width, eps=EPS, momentum=MOMENTUM)
        self.skip_dense = nn.Conv1d(skip_width, width, 1)
        self.depthwise = nn.Conv1d(width, width, kernel, padding="same", groups=width, bias=False)
        self.pointwise = nn.Conv1d(width, width, 1)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        x = self.dense(gelu(self.norm(x))).repeat_interleave(2, dim=-1)
        x = x + self.skip_dense(gelu(self.skip_norm(skip)))
        return self.pointwise(self.depthwise(x))


class FinalBlock(nn.Module):
    """norm -> GELU -> 1x1 convolution -> dropout. Only the full-size model has it."""

    def __init__(self, width: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(width, eps=EPS, momentum=MOMENTUM)
        self.conv = nn.Conv1d(width, outputs, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(self.conv(gelu(self.norm(x))))


class Borzoi(nn.Module):
    """One-hot sequence to an embedding per output bin, in two stages.

    ``encode`` is the convolution tower (nearly all of the time on small trunks), ``decode`` the rest. A fit whose
    trainable parts all lie in ``decode`` keeps the encoded windows and runs only that.

    Attributes: ``context`` (bp in), ``bin_size`` (bp), ``out_bins``, ``width`` (embedding channels), ``shape``.
    """

    def __init__(self, shape: TrunkShape) -> None:
        super().__init__()
        self.shape = shape
        widths = (shape.stem_width, *shape.tower_widths)
        top = widths[-1]
        self.stem = nn.Conv1d(4, shape.stem_width, shape.stem_kernel, padding="same")
        self.tower = nn.ModuleList(TowerBlock(a, b, shape.tower_kernel) for a, b in pairwise(widths))
        self.transformer = nn.ModuleList(
            TransformerBlock(_attention(shape, top), top, shape.dropout) for _ in range(shape.depth)
        )
        self.unet = nn.ModuleList(UpBlock(top, widths[-1 - i]) for i in range(shape.ups))
        self.final = FinalBlock(top, shape.final_width, shape.final_dropout) if shape.final_width else None

    @property
    def context(self) -> int:
        return self.shape.context

    @property
    def bin_size(self) -> int:
        return self.shape.bin_size

    @property
    def out_bins(self) -> int:
        return self.shape.out_bins

    @property
    def width(self) -> int:
        return self.shape.width

    def margins(self) -> list[int]:
        """Positions at each edge that a U-Net step need not see, because the crop would take all that they reach.

        A step doubles the length and its convolution reaches one bin, so one position more than half of what comes
        after is kept.
        """
        margins, later = [], self.shape.crop
        for _ in range(self.shape.ups):
            later = max(0, later // 2 - 1)
            margins.append(later)
        return margins[::-1]

    def encode(self, x: Tensor) -> tuple[Tensor, ...]:
        """float32 [B, 4, context] -> (tokens [B, C, T], then for each U-Net step a skip [B, C_i, L_i]).

        Raises ``ValueError`` for another input shape: positions depend on the length, so a shorter input would silently
        give different numbers.
        """
        if x.ndim != 3 or x.shape[1:] != (4, self.context):
            raise ValueError(f"input {tuple(x.shape)}, expected (batch, 4, {self.context})")
        x = max_pool(self.stem(x))
        skips: list[Tensor] = []
        for block in self.tower:
            x = block(x)
            skips.append(x)
            x = max_pool(x)
        return (x, *(trim(skip, 2 * margin) for skip, margin in zip(reversed(skips), self.margins())))

    def decode(self, x: Tensor, *skips: Tensor) -> Tensor:
        """What ``encode`` gave -> embedding float32 [B, out_bins, width]."""
        tokens = x.transpose(1, 2)
        for block in self.transformer:
            tokens = block(tokens)
        x = tokens.transpose(1, 2)
        done = 0
        for block, skip, margin in zip(self.unet, skips, self.margins()):
            x, done = block(trim(x, margin - done), skip), 2 * margin
        x = trim(x, self.shape.crop - done)
        if self.final is not None:
            x = self.final(x)
        return gelu(x).transpose(1, 2)

    def forward(self, x: Tensor) -> Tensor:
        """float32 [B, 4, context] -> embedding float32 [B, out_bins, width]."""
        return self.decode(*self.encode(x))


def trim(x: Tensor, edge: int) -> Tensor:
    """[B, C, L] -> [B, C, L - 2 * edge], the middle."""
    return x[..., edge : x.shape[-1] - edge]


def new_trunk(shape: TrunkShape) -> Borzoi:
    """A trunk with random weights from torch's global generator: LeCun normal, attention closed at the start."""
    trunk = Borzoi(shape)
    for module in trunk.modules():
        if isinstance(module, nn.Linear | nn.Conv1d):
            fan_in = module.weight[0].numel()
            nn.init.trunc_normal_(module.weight, std=fan_in**-0.5)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    for module in trunk.modules():
        if isinstance(module, RelativeAttention | RotaryAttention):
            nn.init.zeros_(module.out.weight)
        if isinstance(module, RelativeAttention):
            nn.init.normal_(module.content_bias, std=0.1)
            nn.init.normal_(module.position_bias, std=0.1)
    return trunk


def parameters(trunk: nn.Module) -> int:
    """Number of parameters, running statistics of BatchNorm not counted."""
    return sum(p.numel() for p in trunk.parameters())


def count_parameters(shape: TrunkShape) -> int:
    """Parameters of a trunk of that shape, without making it."""
    with torch.device("meta"):
        return parameters(Borzoi(shape))
