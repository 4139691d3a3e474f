"""Enformer (Avsec et al. 2021) behind the interface of :class:`presage.sequence.trunk.borzoi.Borzoi`.

Only its position features need enformer-pytorch, which has a table of those that the published weights saw. They are
computed once, when the weights are read, and kept beside them: who loads the trunk later needs no such package.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from presage.config.trunk import EnformerShape
from presage.errors import UserError
from presage.sequence.trunk.attention import RelativeAttention
from presage.sequence.trunk.borzoi import TransformerBlock, attend
from presage.sequence.trunk.slot import Slot

EPS = 1e-5  # of every norm
_SHARPNESS = 1.702  # of the logistic function in its GELU


def gelu(x: Tensor) -> Tensor:
    """The logistic approximation, which Enformer was trained with."""
    return x * torch.sigmoid(_SHARPNESS * x)


class ConvBlock(nn.Module):
    """norm -> GELU -> convolution, [B, in, L] -> [B, out, L]."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(inputs, eps=EPS)
        self.conv = nn.Conv1d(inputs, outputs, kernel, padding="same")

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(gelu(self.norm(x)))


class AttentionPool(nn.Module):
    """Mean of each two neighbours, weighted by channel: [B, C, L] -> [B, C, L / 2]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.logits = nn.Conv1d(width, width, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        weights = self.logits(x).unflatten(-1, (-1, 2)).softmax(-1)
        return (x.unflatten(-1, (-1, 2)) * weights).sum(-1)


class TowerBlock(ConvBlock):
    """A convolution, a pointwise one beside the identity, and a pool. ``slot`` is for an adapter."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 5) -> None:
        super().__init__(inputs, outputs, kernel)
        self.slot: nn.Module = Slot(outputs, axis=1)
        self.mix = ConvBlock(outputs, outputs)
        self.pool = AttentionPool(outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = self.slot(super().forward(x))
        return self.pool(x + self.mix(x))


class EnformerAttention(RelativeAttention):
    """Relative attention whose features of each relative position are kept as a buffer (``features``)."""

    features: Tensor

    def __init__(self, shape: EnformerShape) -> None:
        width, tokens = shape.tower_widths[-1], shape.context // shape.bin_size
        size = width // shape.heads
        super().__init__(width, shape.heads, shape.key_size, size, size)
        self.register_buffer("features", torch.zeros(2 * tokens - 1, size))

    def positions(self, tokens: int, device: torch.device) -> tuple[Tensor, Tensor]:
        place = torch.arange(tokens, device=device)
        return self.features, place[None, :] - place[:, None] + tokens - 1


class Enformer(nn.Module):
    """One-hot sequence to an embedding per output bin; attributes and stages as Borzoi's, without skips."""

    def __init__(self, shape: EnformerShape) -> None:
        super().__init__()
        self.shape = shape
        self.context, self.bin_size, self.out_bins, self.width = (
            shape.context,
            shape.bin_size,
            shape.out_bins,
            shape.width,
        )
        top = shape.tower_widths[-1]
        self.stem = nn.Conv1d(4, shape.stem_width, 15, padding="same")
        self.stem_mix = ConvBlock(shape.stem_width, shape.stem_width)
        self.stem_pool = AttentionPool(shape.stem_width)
        self.tower = nn.ModuleList(TowerBlock(a, b) for a, b in pairwise((shape.stem_width, *shape.tower_widths)))
        self.transformer = nn.ModuleList(
            TransformerBlock(EnformerAttention(shape), top, shape.dropout, EPS) for _ in range(shape.depth)
        )
        self.final = ConvBlock(top, shape.width)
        self.final_dropout = nn.Dropout(shape.dropout / 8)

    def encode(self, x: Tensor) -> tuple[Tensor, ...]:
        """float32 [B, 4, context] -> (tokens [B, C, T],). Raises ``ValueError`` for another input shape."""
        if x.ndim != 3 or x.shape[1:] != (4, self.context):
            raise ValueError(f"input {tuple(x.shape)}, expected (batch, 4, {self.context})")
        x = self.stem(x)
        x = self.stem_pool(x + self.stem_mix(x))
        for block in self.tower:
            x = block(x)
        return (x,)

    def decode(self, x: Tensor, *, bins: tuple[int, int] | None = None) -> Tensor:
        """What ``encode`` gave -> embedding float32 [B, out_bins, width], or only of the half-open range ``bins``."""
        first, last = bins or (0, self.out_bins)
        span = (self.shape.crop + first, self.shape.crop + last)
        if bins:
            tokens = attend(self.transformer, x.transpose(1, 2), span)
        else:  # as in Borzoi
            tokens = attend(self.transformer, x.transpose(1, 2))[:, slice(*span)]
        return gelu(self.final_dropout(self.final(tokens.transpose(1, 2)))).transpose(1, 2)

    def forward(self, x: Tensor) -> Tensor:
        """float32 [B, 4, context] -> embedding float32 [B, out_bins, width]."""
        return self.decode(*self.encode(x))


def fill_positions(trunk: Enformer, tf_gamma: bool) -> None:
    """Compute the position features of every block with enformer-pytorch.

    Raises :class:`UserError` when that is not installed, or TensorFlow's values are asked for another length.
    """
    try:
        from enformer_pytorch.modeling_enformer import get_positional_embed
    except ImportError:
        todo = "use --sdm conda (envs/enformer.yaml), or install enformer-pytorch==0.8.11 for this step"
        raise UserError("trunk.kind enformer", "enformer-pytorch is not installed", todo) from None
    tokens = trunk.context // trunk.bin_size
    if tf_gamma and tokens != _TF_TOKENS:
        what = f"TensorFlow's positions are known for {_TF_TOKENS} tokens, this context has {tokens}"
        raise UserError("trunk.tf_gamma", what, f"leave trunk.context at {_TF_TOKENS * trunk.bin_size}")
    for module in trunk.modules():
        if isinstance(module, EnformerAttention):
            width = module.features.shape[1]
            module.features.copy_(get_positional_embed(tokens, width, torch.device("cpu"), use_tf_gamma=tf_gamma))


_TF_TOKENS = 1_536
