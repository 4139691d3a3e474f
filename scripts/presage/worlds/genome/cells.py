"""The cells of the genome world: types, gradients, barcodes, depth, and molecules per gene."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from presage.config.genome_world import GenomeWorld
from presage.worlds.genome.grammar import States
from presage.worlds.genome.layout import BASES

TYPE_SHARES = (0.28, 0.22, 0.18, 0.15, 0.12)  # of all types but the rare one, where that has 5 %
BLEND_SHARE = 0.15  # of all cells, where there is a blend
BARCODE, UMI = 16, 12  # bases
DEPTH_SD = 0.35  # log
DONOR_SD = 0.1  # log, per gene


def kmers(codes: NDArray[np.int64], width: int) -> NDArray[np.bytes_]:
    """Base-4 numbers as strings of ``width`` bases."""
    shifts = 2 * np.arange(width - 1, -1, -1)
    letters = BASES[(codes[:, None] >> shifts) & 3]
    return np.ascontiguousarray(letters).view(f"S{width}").ravel()


def distinct(rng: np.random.Generator, bits: int, n: int) -> NDArray[np.int64]:
    """``n`` distinct numbers below ``2 ** bits``, in random order."""
    drawn = np.unique(rng.integers(0, 2**bits, 2 * n + 16))
    return rng.permutation(drawn)[:n]


def make_cells(settings: GenomeWorld, states: States, rng: np.random.Generator) -> pd.DataFrame:
    """Labelled cells: cell barcode sample cell_type (label) state (index) gradient rna_depth atac_depth (expected).

    Every sample has every type. Some barcodes occur in two samples, so a barcode names a cell only within its sample.
    """
    frames = []
    shares = np.append(np.array(TYPE_SHARES) * (1 - settings.rare_share) / 0.95, settings.rare_share)
    if len(states.types) > len(shares):
        shares = np.append(shares * (1 - BLEND_SHARE), BLEND_SHARE)
    for s in range(len(settings.samples)):
        total = len(range(s, settings.cells, len(settings.samples)))
        counts = np.maximum(np.round(total * shares).astype(int), 1)
        counts[0] += total - counts.sum()
        types = rng.permutation(np.repeat(np.arange(len(shares)), counts))
        frames.append(pd.DataFrame({"sample": settings.samples[s], "type": types}))
    cells = pd.concat(frames, ignore_index=True)
    cells["cell_type"] = np.array(states.types)[cells["type"]]
    ill = cells["sample"].isin(settings.diseased)
    known = {
        key: np.flatnonzero((states.cell_type == key[0]) & (states.diseased == key[1]))
        for key in zip(cells["type"], ill)
    }
    cells["state"] = [int(rng.choice(known[key])) for key in zip(cells["type"], ill)]
    cells["gradient"] = states.gradient[cells["state"]]
    barcodes = kmers(distinct(rng, 2 * BARCODE, len(cells)), BARCODE).astype(str)
    cells["barcode"] = np.char.add(barcodes, "-1")
    first = cells.index[cells["sample"] == settings.samples[0]][: settings.shared_barcodes]
    for sample in settings.samples[1:]:
        again = cells.index[cells["sample"] == sample][: len(first)]
        cells.loc[again, "barcode"] = cells.loc[first[: len(again)], "barcode"].to_numpy()
    cells.insert(0, "cell", cells["sample"] + "_" + cells["barcode"])
    low = rng.random(len(cells)) < settings.low_depth_share
    depth = np.exp(DEPTH_SD * rng.standard_normal(len(cells)) - DEPTH_SD**2 / 2) * np.where(low, 0.1, 1.0)
    cells["rna_depth"] = depth * settings.molecules_per_cell
    cells["atac_depth"] = depth * settings.fragments_per_cell
    return cells.drop(columns="type")


def draw_counts(
    cells: pd.DataFrame, expression: NDArray[np.float64], dispersion: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Molecules, int [cell, gene]: negative binomial around depth x the state's expression share x donor effect."""
    share = expression / expression.sum(axis=1, keepdims=True)
    mean = share[cells["state"].to_numpy()] * cells["rna_depth"].to_numpy()[:, None]
    donors = pd.factorize(cells["sample"])[0]
    mean = mean * np.exp(DONOR_SD * rng.standard_normal((donors.max() + 1, share.shape[1])))[donors]
    return rng.poisson(mean * rng.gamma(1 / dispersion, dispersion, mean.shape))
