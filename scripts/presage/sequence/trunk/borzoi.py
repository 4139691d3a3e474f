"""A Borzoi-family trunk of any width: convolution tower, transformer, U-Net (Linder et al. 2025), in plain torch."""

from collections.abc import Iterable
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from presage.config.trunk import TrunkShape
from presage.sequence.trunk.attention import ALL, RelativeAttention
from presage.sequence.trunk.pool import max_pool
from presage.sequence.trunk.rotary import RotaryAttention
from presage.sequence.trunk.slot import Slot, is_pointwise

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
    """Pre-norm attention and two-layer perceptron, each added to its input. [B, T, C] -> [B, T, C].

    With ``rows``, only the output of those tokens is computed; they still attend to all.
    """

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

    def forward(self, x: Tensor, rows: slice = ALL) -> Tensor:
        return self.after_attention(x[:, rows], self.attention(self.attention_norm(x), rows))

    def after_attention(self, x: Tensor, attended: Tensor) -> Tensor:
        """The rest of the block, of its input and of what attention gave for it."""
        x = x + self.slot_attention(self.dropout(attended))
        hidden = F.relu(self.dropout(self.mlp_in(self.mlp_norm(x))))
        return x + self.slot_mlp(self.dropout(self.mlp_out(hidden)))

    @property
    def pointwise(self) -> bool:
        """Do its slots treat each token by itself, so that ``rows`` gives the numbers that all tokens would?"""
        return is_pointwise(self.slot_attention) and is_pointwise(self.slot_mlp)


def attend(blocks: nn.ModuleList, tokens: Tensor, span: tuple[int, int] | None = None) -> Tensor:
    """Tokens [B, T, C] through transformer blocks; of the outcome, the half-open range ``span`` (default: all).

    Nothing after the last block mixes tokens by attention, so it computes those of ``span`` only, where it can.
    """
    rows = ALL if span is None else slice(*span)
    for number, block in enumerate(blocks, 1):
        if number == len(blocks) and bool(block.pointwise):
            return block(tokens, rows)
        tokens = block(tokens)
    return tokens[:, rows]


def _attention(shape: TrunkShape, width: int) -> RelativeAttention | RotaryAttention:
    heads, key, value = shape.heads, shape.key_size, shape.value_size
    if shape.attention == "relative":
        return RelativeAttention(width, heads, key, value, shape.position_features, shape.position_tokens)
    return RotaryAttention(width, heads, key, value, shape.key_value_heads, shape.rotary_size, shape.rotary_base)


class UpBlock(nn.Module):
    """One U-Net step: double the length, add the tower's output of that length, mix by a separable convolution.

    ``lateral`` is what the tower's output adds, position by position: [B, skip, 2 L] -> [B, C, 2 L].
    """

    def __init__(self, width: int, skip_width: int, kernel: int = 3) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(width, eps=EPS, momentum=MOMENTUM)
        self.dense = nn.Conv1d(width, width, 1)
        self.skip_norm = nn.BatchNorm1d(skip_width, eps=EPS, momentum=MOMENTUM)
        self.skip_dense = nn.Conv1d(skip_width, width, 1)
        self.depthwise = nn.Conv1d(width, width, kernel, padding="same", groups=width, bias=False)
        self.pointwise = nn.Conv1d(width, width, 1)

    def lateral(self, skip: Tensor) -> Tensor:
        return self.skip_dense(gelu(self.skip_norm(skip)))

    def forward(self, x: Tensor, skip: Tensor, ready: bool = False) -> Tensor:
        """x [B, C, L], skip [B, skip, 2 L] or, if ``ready``, what ``lateral`` gives for it -> [B, C, 2 L]."""
        x = self.dense(gelu(self.norm(x))).repeat_interleave(2, dim=-1)
        return self.pointwise(self.depthwise(x + (skip if ready else self.lateral(skip))))


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

    def spans(self, bins: tuple[int, int] | None = None) -> list[tuple[int, int]]:
        """What the output bins ``bins`` (half-open range; default: all) are made from, as half-open ranges.

        One for each U-Net step: positions of its input, of which a length of all tokens would be the whole; the last:
        positions that are kept of what the last step gives. A step doubles the length and its convolution reaches one
        position to each side, so it gets one position more than half of what comes after. The crop is never computed.
        """
        first, last = bins or (0, self.out_bins)
        spans = [(self.shape.crop + first, self.shape.crop + last)]
        whole = self.context // self.bin_size
        for _ in range(self.shape.ups):
            whole //= 2
            first, last = spans[-1]
            spans.append((max(0, first // 2 - 1), min(whole, -(-last // 2) + 1)))
        return spans[::-1]

    def encode(self, x: Tensor) -> tuple[Tensor, ...]:
        """float32 [B, 4, context] -> (tokens [B, C, T], then for each U-Net step a skip [B, C_i, L_i]).

        A skip covers what all output bins need of it: the positions that its step gives, see :meth:`spans`.

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
        return (x, *(skip[..., 2 * first : 2 * last] for skip, (first, last) in zip(reversed(skips), self.spans())))

    def decode(self, x: Tensor, *skips: Tensor, bins: tuple[int, int] | None = None) -> Tensor:
        """What ``encode`` gave -> embedding float32 [B, out_bins, width].

        With ``bins``, a half-open range of output bins: [B, bins, width], and little more than that is computed.
        """
        whole, spans = self.spans(), self.spans(bins)
        needed = [
            skip[..., 2 * (first - start) : 2 * (last - start)]
            for skip, (start, _), (first, last) in zip(skips, whole, spans)
        ]
        # A whole window's tokens all leave the transformer: fits with dropout have always drawn for all of them.
        tokens = attend(self.transformer, x.transpose(1, 2), spans[0] if bins else None)
        return self.join(tokens, spans[0][0] if bins else 0, needed, spans)

    def join(
        self, tokens: Tensor, at: int, skips: Iterable[Tensor], spans: list[tuple[int, int]], ready: bool = False
    ) -> Tensor:
        """U-Net and last block: tokens [B, T, C], of which the first is number ``at``, -> embedding [B, bins, width].

        ``skips``: for each step the positions that it gives (see :meth:`spans`); ``ready`` as in :class:`UpBlock`.
        """
        x = tokens.transpose(1, 2)
        for block, skip, (first, last) in zip(self.unet, skips, spans):
            x, at = block(x[..., first - at : last - at], skip, ready), 2 * first
        first, last = spans[-1]
        x = x[..., first - at : last - at]
        if self.final is not None:
            x = self.final(x)
        return gelu(x).transpose(1, 2)

    def forward(self, x: Tensor) -> Tensor:
        """float32 [B, 4, context] -> embedding float32 [B, out_bins, width]."""
        return self.decode(*self.encode(x))


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
