"""The cell-conditioned decoder: a cell's embedding becomes the weights of the output layer, after scooby (Hingerl et
al. 2024).

One small network serves every cell and every cell type, those too that no one has seen. What it gives for a set of
embeddings is an ordinary :class:`~presage.sequence.model.heads.Head`, so whatever takes a model takes that of a cell.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from presage.sequence.model.heads import Head
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.samples.tracks import slugify

Assay = tuple[str, str]
"""Assay and strand of a track, e.g. ("rna", "+"): what a cell has one track of."""
_STRAND = {"+": "plus", "-": "minus"}
_OTHER = {"+": "-", "-": "+", ".": "."}


class CellDecoder(nn.Module):
    """Embedding z [n, dim] -> for each assay a weight per channel of the trunk and a bias, by a perceptron of one
    hidden layer. The link is the log one: coverage = exp(weight . embedding + bias).

    Coverage is in units of the cell's library: RNA of both strands has mean 1 over training bins, and so has ATAC.
    """

    centre: Tensor
    spread: Tensor
    channel_mean: Tensor
    channel_spread: Tensor

    def __init__(self, dim: int, width: int, assays: Sequence[Assay], hidden: int = 64) -> None:
        super().__init__()
        self.assays = [(str(assay), str(strand)) for assay, strand in assays]
        self.dim, self.width = dim, width
        self.register_buffer("centre", torch.zeros(dim))
        self.register_buffer("spread", torch.ones(()))
        self.register_buffer("channel_mean", torch.zeros(width))
        self.register_buffer("channel_spread", torch.ones(width))
        self.hidden = nn.Linear(dim, hidden)
        self.out = nn.Linear(hidden, len(self.assays) * (width + 1))
        nn.init.zeros_(self.out.weight)  # at the start every cell is like the mean one
        nn.init.normal_(self.out.bias, std=0.1 * width**-0.5)

    @torch.no_grad()
    def start_at(self, mean: Tensor, z: Tensor, embedding: Tensor) -> None:
        """Make an untrained decoder predict each assay's mean coverage, and set the scales of what comes in.

        mean : float32 [assays]; z : float32 [n, dim], training cells; embedding : float32 [bins, width], of the trunk.
        Directions of ``z`` are divided by one number, the largest standard deviation, so that noise stays small.
        Channels of the trunk are standardised each, or those with little variance would be slow to learn.
        """
        self.centre.copy_(z.mean(0))
        self.spread.copy_(z.std(0, correction=0).max().clamp_min(1e-8))
        self.channel_mean.copy_(embedding.mean(0))
        self.channel_spread.copy_(embedding.std(0, correction=0).clamp_min(1e-4))
        self.out.bias.view(len(self.assays), -1)[:, -1] = mean.clamp(1e-4, 20).log()

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """float32 [n, dim] -> weight [n, assays, width], bias [n, assays], for the trunk's channels as they are."""
        both = self.out(F.gelu(self.hidden((z - self.centre) / self.spread)))
        both = both.view(len(z), len(self.assays), self.width + 1)
        weight = both[..., :-1] / self.channel_spread
        return weight, both[..., -1] - weight @ self.channel_mean

    def coverage(self, embedding: Tensor, z: Tensor, assay: int) -> Tensor:
        """Coverage of one assay at some bins in some cells: [bins, width], [n, dim] -> [bins, n]."""
        weight, bias = self(z)
        return _exp(embedding @ weight[:, assay].T + bias[:, assay])

    @torch.no_grad()
    def head(
        self,
        z: Tensor,
        cell: Sequence[int] | None = None,
        assay: Sequence[int] | None = None,
        times: Tensor | None = None,
    ) -> Head:
        """The output layer of some cells as a per-track head, detached from the decoder.

        z : float32 [n, dim], one row for each cell or cell type
        cell, assay : [tracks], row of ``z`` and number of the assay of each track; by default all assays of the first
            cell, then all of the second ...
        times : float32 [tracks], > 0, turns library units into those of other targets; 1 by default
        """
        weight, bias = self(z)
        if cell is None or assay is None:
            n = len(self.assays)
            cell, assay = np.repeat(np.arange(len(z)), n).tolist(), np.tile(np.arange(n), len(z)).tolist()
        head = Head(self.width, len(cell), "exp").to(z.device)
        head.linear.weight.copy_(weight[cell, assay])
        head.linear.bias.copy_(bias[cell, assay] + (0 if times is None else times.to(z.device).log()))
        return head.requires_grad_(False)


def _exp(x: Tensor) -> Tensor:
    return x.clamp(max=12.0).exp()  # as the log-link head


def cell_tracks(names: Sequence[str], assays: Sequence[Assay]) -> pd.DataFrame:
    """The tracks of :meth:`CellDecoder.head` by default: columns ``slug cell_type assay strand``, named after cells."""
    rows = [
        (slugify("_".join([name, assay, *([_STRAND[strand]] if strand in _STRAND else [])])), name, assay, strand)
        for name in names
        for assay, strand in assays
    ]
    return pd.DataFrame(rows, columns=["slug", "cell_type", "assay", "strand"])


def cell_model(base: SequenceModel, decoder: CellDecoder, z: np.ndarray, names: Sequence[str]) -> SequenceModel:
    """The trunk of ``base`` (with the adapters in it) under the head of the cells ``z`` (float32 [n, dim]).

    Its tracks are those of :func:`cell_tracks`; predictions, variant effects and mutagenesis take it as any other
    model. Raises ``ValueError`` for names that do not fit.
    """
    tracks = cell_tracks(names, decoder.assays)
    if len(names) != len(z) or tracks["slug"].duplicated().any():
        raise ValueError(f"{len(names)} names for {len(z)} cells, or two names that are one slug")
    n = len(decoder.assays)
    partner = [decoder.assays.index((assay, _OTHER[strand])) for assay, strand in decoder.assays]
    pair = np.concatenate([np.array(partner) + n * i for i in range(len(z))])
    device = next(decoder.parameters()).device
    head = decoder.head(torch.from_numpy(np.asarray(z, np.float32)).to(device))
    return with_head(base, head, tracks["slug"].tolist(), pair)


def with_head(base: SequenceModel, head: Head, tracks: list[str], strand_pair: np.ndarray) -> SequenceModel:
    """The trunk of ``base`` and the adapters in it, all frozen, under another head."""
    model = SequenceModel(
        base.trunk,
        head,
        tracks,
        strand_pair,
        trunk_hash=base.trunk_hash,
        adapter_hash=base.adapter_hash,
        card=base.card,
    )
    model.trunk.requires_grad_(False)  # adapters too: a model is made with theirs trainable
    return model
