"""The fit of the cell-conditioned decoder on a frozen trunk: coverage of the types, and counts of single cells."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from scipy import sparse
from torch import Tensor

from presage.config.decoder import Cells
from presage.errors import UserError
from presage.sequence.decoder.gene_targets import GeneBins, poisson
from presage.sequence.decoder.network import Assay, CellDecoder
from presage.sequence.targets.target_set import TargetSet
from presage.sequence.training.descent import Descent, descend
from presage.sequence.training.losses import poisson_multinomial
from presage.sequence.training.views import Views


class TypeTracks(NamedTuple):
    """The pseudobulk tracks in the order of a target set, and how they lie on cell types and assays.

    Attributes
    ----------
    types, assays : what there is
    cell, assay : int64 [tracks], number of the track's cell type and assay
    times : float64 [tracks], from units of a library (RNA of both strands has mean 1, ATAC too) to the set's targets
    mean : float64 [assays], mean coverage over training bins and types, in units of a library
    """

    types: list[str]
    assays: list[Assay]
    cell: np.ndarray
    assay: np.ndarray
    times: np.ndarray
    mean: np.ndarray

    @staticmethod
    def of(data: TargetSet, tracks: pd.DataFrame) -> "TypeTracks":
        """``tracks``: columns ``slug cell_type assay strand`` of all of the set's tracks.

        Raises :class:`UserError` where targets are squashed or clipped softly, so that sums are no molecules.
        """
        info = tracks.set_index("slug").loc[data.tracks]
        if data.scale is not None and not data.scale.linear:
            raise UserError(data.path, "is squashed, so sums over a gene are no counts", "leave out pseudobulk.squash")
        types = list(dict.fromkeys(info["cell_type"]))
        pairs = list(zip(info["assay"], info["strand"]))
        if "rna" not in set(info["assay"]):
            raise UserError(data.path, "has no RNA track of a labelled cell type", "set sequence.cells: null")
        assays = sorted(dict.fromkeys(pairs), key=lambda pair: (pair[0] != "rna", pair[0], "+-.".index(pair[1])))
        mean = np.mean([data.values([row]).mean((0, 1)) for row in data.fold("train")], axis=0)
        factor = np.ones(len(info)) if data.scale is None else data.scale.factor
        library = (
            pd.Series(mean * factor).groupby([info["cell_type"].to_numpy(), info["assay"].to_numpy()])
        ).transform("mean")
        times = np.maximum(library.to_numpy(), 1e-12) / factor
        assay = np.array([assays.index(pair) for pair in pairs])
        start = np.array([(mean / times)[assay == i].mean() for i in range(len(assays))])
        return TypeTracks(types, assays, np.array([types.index(t) for t in info["cell_type"]]), assay, times, start)

    def rna(self, minus: bool) -> int:
        """Number of the assay that molecules of a strand are read from."""
        wanted = ("rna", "-" if minus else "+")
        return self.assays.index(wanted if wanted in self.assays else ("rna", "."))


class CellCounts(NamedTuple):
    """Training cells: embedding ``z`` float32 [cells, dim], ``counts`` CSR [cells, genes of the reference], ``kind``
    int64 [cells], number of the cell type (-1: a type without tracks).
    """

    z: np.ndarray
    counts: sparse.csr_matrix
    kind: np.ndarray

    def type_means(self, types: int) -> np.ndarray:
        """Mean embedding of each type: float32 [types, dim]. Raises ``ValueError`` for a type without cells."""
        number = np.bincount(self.kind[self.kind >= 0], minlength=types)
        if not number.all():
            raise ValueError(f"type {int(np.argmin(number))} has no training cell")
        return np.stack([self.z[self.kind == t].mean(0, dtype=np.float64) for t in range(types)]).astype(np.float32)


def start(decoder: CellDecoder, views: Views, tracks: TypeTracks, cells: CellCounts, most: int = 64) -> None:
    """Bring an untrained decoder to the mean, from up to ``most`` train windows and the training cells."""
    train, device = views.data.fold("train"), next(decoder.parameters()).device
    rows = train[np.linspace(0, len(train) - 1, min(most, len(train))).astype(int)]
    (embedding,) = views.inputs(rows, np.zeros(len(rows), int), np.zeros(len(rows), int))
    mean, z = torch.from_numpy(tracks.mean).float(), torch.from_numpy(cells.z)
    decoder.start_at(mean.to(device), z.to(device), embedding.flatten(0, 1))


def fit_cells(
    decoder: CellDecoder,
    views: Views,
    tracks: TypeTracks,
    genes: pd.DataFrame,
    cells: CellCounts,
    settings: Cells,
    seed: int,
) -> Descent:
    """Fit ``decoder`` and leave the best epoch's weights in it.

    Every step adds the Poisson-multinomial loss of all types' coverage on some train windows, each type predicted from
    the mean embedding of its training cells, and the Poisson loss of some train genes in random training cells. The
    expected count of a gene is the cell's size factor (its molecules in train genes over what a library has there)
    times the predicted coverage summed over exonic bins of the gene's strand. The epoch is chosen on valid windows,
    and valid genes of training cells. On a CPU the result hangs on seed and threads alone.

    views : of a model whose trunk and adapters are all frozen, on the targets that ``tracks`` describe
    genes : the genes table, whose rows are the columns of ``cells.counts``
    """
    steps = _Steps(decoder, views, tracks, genes, cells, settings)
    train, rng = views.data.fold("train"), np.random.default_rng(seed)

    def losses() -> Iterator[tuple[Tensor, Tensor]]:
        order = rng.permutation(train)
        for start in range(0, len(order), settings.windows):
            batch = order[start : start + settings.windows]
            coverage = steps.coverage(batch, rng.integers(0, 1 + settings.rc, len(batch)))
            yield coverage, steps.counts(steps.train, *steps.draw(rng), flip=bool(rng.integers(0, 1 + settings.rc)))

    return descend(
        decoder,
        losses,
        steps.valid_losses,
        ("coverage", "counts"),
        (1.0, settings.gene_weight),
        epochs=settings.epochs,
        steps=-(-len(train) // settings.windows),
        lr=settings.lr,
        weight_decay=settings.weight_decay,
        ema=settings.ema,
        plain=("out.bias",),  # the mean cell's weights
    )


def gene_sums(
    decoder: CellDecoder, tracks: TypeTracks, bins: GeneBins, x: Tensor, z: Tensor, flip: bool = False
) -> Tensor:
    """Predicted coverage over each gene's exonic bins, in units of a library: [genes, n].

    x : float32 [bins, width], :meth:`GeneBins.embeddings` with the same ``flip``; z : float32 [n, dim]
    """
    minus = bins.minus[bins.gene] ^ flip
    out = x.new_zeros((len(x), len(z)))
    for strand in (False, True):
        at = torch.from_numpy(np.flatnonzero(minus == strand)).to(x.device)
        if len(at):
            out = out.index_add(0, at, decoder.coverage(x[at], z, tracks.rna(strand)))
    return bins.sums(out)


class _Steps:
    """The two losses of a fit."""

    def __init__(
        self,
        decoder: CellDecoder,
        views: Views,
        tracks: TypeTracks,
        genes: pd.DataFrame,
        cells: CellCounts,
        settings: Cells,
    ) -> None:
        self.decoder, self.views, self.tracks, self.cells, self.settings = decoder, views, tracks, cells, settings
        device = next(decoder.parameters()).device
        windows, size = views.data.windows, views.data.bin_size
        self.train, self.valid = (GeneBins.of(genes, windows, size, fold) for fold in ("train", "valid"))
        self.z = torch.from_numpy(cells.z).to(device)
        self.types = torch.from_numpy(cells.type_means(len(tracks.types))).to(device)
        # A flipped window has each strand's coverage, in the units of that strand, under the name of the other.
        times = np.stack([tracks.times, tracks.times[views.data.strand_pair]])
        self.times = torch.from_numpy(times.astype(np.float32)).to(device)
        depth = np.asarray(cells.counts[:, self.train.rows].sum(axis=1), np.float64).ravel()
        self.size = torch.from_numpy((depth / self._library()).astype(np.float32)).to(device)

    def _library(self) -> float:
        """Measured coverage over exonic bins of all train genes, in units of a library, mean over types."""
        total, bins = np.zeros(len(self.tracks.types)), self.train
        for window in np.unique(bins.window):
            values = self.views.data.values([window])[0] / self.tracks.times
            here = bins.window == window
            for minus in (False, True):
                at = bins.bin[here & (bins.minus[bins.gene] == minus)]
                columns = np.flatnonzero(self.tracks.assay == self.tracks.rna(minus))
                np.add.at(total, self.tracks.cell[columns], values[np.ix_(at, columns)].sum(0))
        return float(total.mean())

    def coverage(self, rows: np.ndarray, flips: np.ndarray) -> Tensor:
        """Mean loss of the types' coverage on some windows."""
        (embedding,) = self.views.inputs(rows, flips, np.zeros(len(rows), int))
        weight, bias = self.decoder(self.types)
        weight, bias = weight[self.tracks.cell, self.tracks.assay], bias[self.tracks.cell, self.tracks.assay]
        predicted = (embedding @ weight.T + bias).clamp(max=12.0).exp()
        observed = self.views.observed(rows, flips) / self.times[torch.from_numpy(flips), None]
        return poisson_multinomial(predicted, observed, 1.0).mean()

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Random genes and cells of a step."""
        genes, cells = len(self.train), len(self.cells.z)
        return (
            rng.choice(genes, min(genes, self.settings.genes), replace=False),
            rng.choice(cells, min(cells, self.settings.cells), replace=False),
        )

    def counts(self, bins: GeneBins, genes: np.ndarray, cells: np.ndarray, flip: bool = False) -> Tensor:
        """Mean loss of the counts of some genes in some cells."""
        chosen = bins.take(genes)
        x = chosen.embeddings(self.views, flip)
        observed = self.cells.counts[cells][:, chosen.rows].toarray().T.astype(np.float32)
        sums = gene_sums(self.decoder, self.tracks, chosen, x, self.z[cells], flip)
        return poisson(sums * self.size[cells], torch.from_numpy(observed).to(x.device)).mean()

    @torch.no_grad()
    def valid_losses(self) -> tuple[float, float]:
        """Coverage on valid windows; counts of valid genes in up to 512 training cells."""
        rows, size = self.views.data.fold("valid"), self.settings.windows
        parts = [rows[i : i + size] for i in range(0, len(rows), size)]
        coverage = sum(float(self.coverage(part, np.zeros(len(part), int))) * len(part) for part in parts) / len(rows)
        cells = np.linspace(0, len(self.cells.z) - 1, min(512, len(self.cells.z))).astype(int)
        number, size = len(self.valid), self.settings.genes
        groups = [np.arange(i, min(number, i + size)) for i in range(0, number, size)]
        counts = sum(float(self.counts(self.valid, part, cells)) * len(part) for part in groups) / max(1, number)
        return coverage, counts
