"""Is a cell predicted better than its cell type? Molecules of held-out cells in genes that no fit has seen.

Names in the `metrics` table. Units are genes: a gene's Poisson deviance is its mean over held-out cells.

* ``cell_deviance`` of each model, mean over genes:

  - ``decoder`` at the cell's own embedding, and ``decoder_type`` at the mean embedding of its type
  - ``measured_type``: the type's measured mean over training cells, the strongest there is without a cell's own state
  - ``measured_x_decoder``: that mean times the decoder's cell over its type; what the decoder adds to a measurement
* ``cell_deviance_gain`` of a model: its rival's deviance minus its own, paired over genes; positive is better

Every prediction is a rate per molecule in train genes times the cell's own molecules there, so nothing of a test gene
tells a cell's depth.
"""

import numpy as np
import pandas as pd
import torch
from scipy import sparse

from presage.sequence.decoder.fit import CellCounts, TypeTracks, gene_sums
from presage.sequence.decoder.gene_targets import GeneBins
from presage.sequence.decoder.network import CellDecoder
from presage.sequence.evaluation.estimates import interval, resample_counts
from presage.sequence.evaluation.metrics import Metrics
from presage.sequence.training.views import Views

PAIRS = (("decoder", "decoder_type"), ("measured_x_decoder", "measured_type"), ("decoder", "measured_type"))
_GENES = 64  # predicted at a time


def poisson_deviance(observed: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """2 (y log(y / m) - y + m), elementwise; m > 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(observed > 0, observed * np.log(observed / expected), 0.0)
    return 2 * (ratio - observed + expected)


@torch.no_grad()
def predicted_rates(
    decoder: CellDecoder,
    views: Views,
    tracks: TypeTracks,
    train: GeneBins,
    test: GeneBins,
    z: np.ndarray,
    rc: bool = True,
) -> np.ndarray:
    """Molecules of each test gene per molecule in train genes: float64 [genes, n] for embeddings float32 [n, dim].

    With ``rc`` the mean of the prediction and of that from the reverse complement.
    """
    device = next(decoder.parameters()).device
    at = torch.from_numpy(z).to(device)

    def sums(bins: GeneBins) -> np.ndarray:
        parts = []
        for first in range(0, len(bins), _GENES):
            part = bins.take(np.arange(first, min(len(bins), first + _GENES)))
            flips = (False, True)[: 1 + rc]
            views_of = [gene_sums(decoder, tracks, part, part.embeddings(views, flip), at, flip) for flip in flips]
            parts.append(torch.stack(views_of).mean(0).double().cpu().numpy())
        return np.concatenate(parts)

    return sums(test) / sums(train).sum(0)


def measured_rates(cells: CellCounts, library: np.ndarray, genes: np.ndarray, types: int) -> np.ndarray:
    """The same as measured in training cells of each type: float64 [genes, types].

    Each type is given one more cell that is like the mean of all, so that no rate is 0.
    """
    counts = cells.counts[:, genes]
    mean_rate = (np.asarray(counts.sum(0)).ravel() + 0.5) / library.sum()
    extra = library.mean()
    chooser = sparse.csr_matrix((np.ones(len(cells.kind)), (np.maximum(cells.kind, 0), np.arange(len(cells.kind)))))
    chooser = chooser[:types] @ sparse.diags((cells.kind >= 0).astype(float))
    summed = np.asarray((chooser @ counts).todense())
    depth = np.asarray(chooser @ library).ravel()
    return ((summed + extra * mean_rate) / (depth + extra)[:, None]).T


def evaluate_cells(
    decoder: CellDecoder,
    views: Views,
    tracks: TypeTracks,
    genes: pd.DataFrame,
    train_cells: CellCounts,
    held_out: CellCounts,
    *,
    split: str = "test",
    resamples: int = 1000,
    seed: int = 0,
    rc: bool = True,
) -> pd.DataFrame:
    """Rows of the `metrics` table, over all held-out cells and by cell type; nothing where there is no cell or gene."""
    metrics = Metrics(split, views.data.simulated)
    windows, size = views.data.windows, views.data.bin_size
    train, test = (GeneBins.of(genes, windows, size, fold) for fold in ("train", split))
    known = held_out.kind >= 0
    if not known.any() or not len(test):
        return metrics.table()
    kind, z, number = held_out.kind[known], held_out.z[known], len(tracks.types)
    of_type = predicted_rates(decoder, views, tracks, train, test, train_cells.type_means(number), rc)[:, kind]
    of_cell = predicted_rates(decoder, views, tracks, train, test, z, rc)
    measured = measured_rates(train_cells, _library(train_cells, train), test.rows, number)[:, kind]
    rates = {
        "decoder": of_cell,
        "decoder_type": of_type,
        "measured_type": measured,
        "measured_x_decoder": measured * of_cell / of_type,
    }
    observed = held_out.counts[known][:, test.rows].toarray().T
    depth = _library(held_out, train)[known]
    deviance = {name: poisson_deviance(observed, rate * depth) for name, rate in rates.items()}
    draws = resample_counts(len(test), resamples, seed) / len(test)
    for group, chosen in [("all", kind >= 0), *((name, kind == t) for t, name in enumerate(tracks.types))]:
        if not chosen.any():
            continue
        mean = {name: values[:, chosen].mean(1) for name, values in deviance.items()}
        words = f"{int(chosen.sum())} held-out cells; genes resampled"
        for name, values in mean.items():
            estimate = interval(float(values.mean()), draws @ values, len(test))
            metrics.add("cell_deviance", name, estimate, group=group, seed=seed, note=words)
        for name, rival in PAIRS:
            gain = mean[rival] - mean[name]
            estimate = interval(float(gain.mean()), draws @ gain, len(test))
            metrics.add("cell_deviance_gain", name, estimate, group=group, seed=seed, note=f"over {rival}; {words}")
    return metrics.table()


def _library(cells: CellCounts, train: GeneBins) -> np.ndarray:
    """A cell's molecules in train genes: float64 [cells]."""
    return np.asarray(cells.counts[:, train.rows].sum(axis=1), np.float64).ravel()
