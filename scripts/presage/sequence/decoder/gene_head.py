"""A head from counts alone: for studies that are an h5ad and have no coverage.

One track for each cell type. A gene's expected molecules are the type's molecules in train genes times the track summed
over the gene's exonic bins, as a share of all train genes' bins: coverage has mean about 1 over exons. Nothing says how
molecules lie within a gene, nor on which strand of a bin, so tracks have no strand and are read by gene.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from presage.errors import UserError
from presage.sequence.decoder.gene_targets import GeneBins, poisson
from presage.sequence.decoder.network import with_head
from presage.sequence.model.heads import Head
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.training.descent import Descent, descend
from presage.sequence.training.views import Views


def fit_gene_head(
    views: Views,
    genes: pd.DataFrame,
    counts: np.ndarray,
    tracks: Sequence[str],
    *,
    seed: int,
    epochs: int = 40,
    lr: float = 5e-3,
    weight_decay: float = 0.01,
    ema: float = 0.9,
    batch_genes: int = 64,
    rc: bool = True,
) -> tuple[SequenceModel, Descent]:
    """The trunk of ``views`` under a head that is fitted to molecules per gene, and how the fit went.

    Poisson loss on the counts of train genes, with the type's molecules in train genes as offset and every type
    weighed alike, whatever its depth; each batch of genes is seen as it lies or (``rc``) as its reverse complement.
    The epoch is chosen on valid genes. On a CPU the result hangs on seed and threads alone.

    Parameters
    ----------
    views : of a model whose trunk and adapters are all frozen; of its data only windows and sequence are used
    genes : the genes table
    counts : molecules, int [types, genes], columns as rows of ``genes``
    tracks : slug of each type

    Raises :class:`UserError` when a type has no molecule in train genes, or no valid gene lies in windows.
    """
    torch.manual_seed(seed)
    rng, base = np.random.default_rng(seed), views.model
    windows, size = views.data.windows, views.data.bin_size
    train, valid = (GeneBins.of(genes, windows, size, fold) for fold in ("train", "valid"))
    library = counts[:, train.rows].sum(axis=1)
    if not library.all():
        raise UserError(
            f"cell type {tracks[int(np.argmin(library))]}", "has no molecule in train genes", "leave it out"
        )
    if not len(valid):
        raise UserError("genes", "no valid gene lies in the windows", "change the folds so that some do")
    head = Head(base.trunk.width, len(tracks), "exp").to(base.device)
    head.start_at(torch.ones(len(tracks)))
    # From summed coverage to a gene's share in units of the mean gene: the same for every depth.
    unit, usual = len(train) / len(train.bin), library / len(train)

    def loss(bins: GeneBins, chosen: np.ndarray, flip: bool) -> Tensor:
        part = bins.take(chosen)
        predicted = part.sums(head(part.embeddings(views, flip))) * unit
        observed = (counts[:, part.rows] / usual[:, None]).T.astype(np.float32)
        return poisson(predicted, torch.from_numpy(observed).to(predicted.device)).mean()

    def losses() -> Iterator[tuple[Tensor]]:
        order = rng.permutation(len(train))
        for start in range(0, len(order), batch_genes):
            yield (loss(train, order[start : start + batch_genes], bool(rng.integers(0, 1 + rc))),)

    @torch.no_grad()
    def valid_loss() -> tuple[float]:
        groups = np.array_split(np.arange(len(valid)), -(-len(valid) // batch_genes))
        return (sum(float(loss(valid, part, False)) * len(part) for part in groups) / len(valid),)

    found = descend(
        head,
        losses,
        valid_loss,
        ("counts",),
        (1.0,),
        epochs=epochs,
        steps=-(-len(train) // batch_genes),
        lr=lr,
        weight_decay=weight_decay,
        ema=ema,
        plain=("linear.bias",),
    )
    return with_head(base, head.requires_grad_(False), list(tracks), np.arange(len(tracks))), found
