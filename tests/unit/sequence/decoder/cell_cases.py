"""A study in small whose truth is a decoder: windows, two cell types, and cells whose genes follow their embedding."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from scipy import sparse

from presage.sequence.decoder.fit import CellCounts, TypeTracks, gene_sums
from presage.sequence.decoder.gene_targets import GeneBins
from presage.sequence.decoder.network import CellDecoder, cell_tracks, with_head
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.targets.target_set import TargetSet
from presage.sequence.training.views import Views
from tests.unit.sequence.model_cases import SHAPE, lively_model, target_set

TYPES = ["t0", "t1"]
ASSAYS = [("rna", "+"), ("rna", "-")]


class Study(NamedTuple):
    base: SequenceModel
    data: TargetSet
    tracks: pd.DataFrame
    genes: pd.DataFrame
    views: Views
    layout: TypeTracks
    cells: CellCounts


def genes_of(windows: pd.DataFrame, per_window: int = 4) -> pd.DataFrame:
    """Genes of two exons, one after the other along each output, strands in turn."""
    rows = []
    for w in windows.itertuples():
        length = (w.out_end - w.out_start) // per_window
        for i in range(per_window):
            start = int(w.out_start) + i * length
            exons = np.array([start + 8, start + length // 2]), np.array([start + 40, start + length - 4])
            name = f"g{w.Index}.{i}"
            strand = "+-"[i % 2]
            rows.append((name, name, w.chrom, exons[0][0], exons[1][1], strand, exons[0][0], *exons, w.fold))
    columns = ["gene_id", "name", "chrom", "start", "end", "strand", "tss", "exon_starts", "exon_ends", "fold"]
    return pd.DataFrame(rows, columns=columns)


def make_study(folder: Path, gradient: float, windows: int = 48, cells: int = 240, seed: int = 0) -> Study:
    """``gradient``: how far cells of a type lie apart in the one direction that changes their genes (0: not at all).

    Embeddings have three directions: the type, the place within it, and noise.
    """
    rng = np.random.default_rng(seed)
    base, plain = lively_model(), target_set(folder / "plain.zarr", windows)
    base.trunk.requires_grad_(False)
    kind = np.arange(cells) % 2
    place = rng.standard_normal(cells)
    z = np.stack([2.0 * kind, place, 0.3 * rng.standard_normal(cells)], axis=1).astype(np.float32)
    torch.manual_seed(seed)
    truth = CellDecoder(3, SHAPE.width, ASSAYS, hidden=8)
    torch.nn.init.normal_(truth.out.weight, std=0.5)
    at = torch.from_numpy(z * [1, gradient, 0]).float()
    means = torch.stack([at[torch.from_numpy(kind == t)].mean(0) for t in (0, 1)])
    table = cell_tracks(TYPES, ASSAYS)
    model = with_head(base, truth.head(means), table["slug"].tolist(), np.array([1, 0, 3, 2]))
    with torch.no_grad():
        values = model(torch.from_numpy(plain.onehot(np.arange(windows)))).numpy()
    values /= values.mean()
    data = TargetSet.write(
        folder / "targets.zarr",
        values,
        plain.windows,
        model.tracks,
        plain.bin_size,
        "exact",
        sequence=plain.sequence(np.arange(windows)),
        strand_pair=model.strand_pair,
        simulated=True,
    )
    genes, views, layout = genes_of(data.windows), Views(base, data, 1.0), TypeTracks.of(data, table)
    rates = np.zeros((len(genes), cells))
    for fold in ("train", "valid", "test"):
        bins = GeneBins.of(genes, data.windows, data.bin_size, fold)
        with torch.no_grad():
            rates[bins.rows] = gene_sums(truth, layout, bins, bins.embeddings(views), at).numpy()
    counts = rng.poisson(2.0 * len(genes) * rates / rates.sum(0))
    return Study(base, data, table, genes, views, layout, CellCounts(z, sparse.csr_matrix(counts.T), kind))
