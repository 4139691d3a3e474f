"""From element activity to what assays see: accessibility along the genome and expression of genes, per cell state.

A gene's drive is the activity around its TSS under a kernel with a promoter part and a slower decay for enhancers;
expression is a saturating function of it, times a strength of the gene that no sequence explains.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from presage.worlds.genome.grammar import GRID, Oracle
from presage.worlds.genome.layout import Layout

CLOSED = 0.04  # accessibility where nothing is active, relative to a fully open element
GENE_REACH = 2496  # bp, activity further from the TSS than this does not count
SILENT = 0.02  # expression without any drive, relative to the maximum
GENE_STRENGTH_SD = 0.2  # log


@dataclass(frozen=True)
class Expectation:
    """What the oracle expects of the genome; 1 is a fully open element and full expression."""

    activity: dict[str, NDArray[np.float32]]  # chrom -> [state, length / GRID]
    drive: NDArray[np.float64]  # [state, gene]
    strength: NDArray[np.float64]  # [gene]

    @property
    def expression(self) -> NDArray[np.float64]:
        """[state, gene]."""
        return self.strength * response(self.drive)


def kernel(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weight of one grid step of activity at ``distance`` bp from the TSS; about 1 for a fully open promoter."""
    promoter = np.exp(-0.5 * (distance / 150.0) ** 2)
    enhancer = 0.5 * np.exp(-np.abs(distance) / 700.0)
    return np.where(np.abs(distance) <= GENE_REACH, (promoter + enhancer) * GRID / 150.0, 0.0)


def response(drive: NDArray[np.float64]) -> NDArray[np.float64]:
    """Expression for a drive, SILENT to 1 + SILENT."""
    return SILENT + drive**2 / (1 + drive**2)


def expect(layout: Layout, rule: Oracle, rng: np.random.Generator) -> Expectation:
    """Run the rule over the whole genome."""
    activity = {chrom: rule(codes[None])[0] for chrom, codes in layout.sequence.items()}
    drive = np.zeros((len(rule.states.cell_type), len(layout.genes)))
    for chrom, genes in layout.genes.groupby("chrom", sort=False):
        drive[:, genes.index] = _drive(activity[str(chrom)], genes)
    return Expectation(activity, drive, np.exp(GENE_STRENGTH_SD * rng.standard_normal(len(layout.genes))))


def _drive(activity: NDArray[np.float32], genes: pd.DataFrame) -> NDArray[np.float64]:
    """Drive [state, gene] of one chromosome's genes."""
    tss = genes["tss"].to_numpy()
    steps = np.arange(-GENE_REACH // GRID, GENE_REACH // GRID + 1)
    index = tss[:, None] // GRID + steps
    weight = kernel(index * GRID + GRID / 2 - tss[:, None])
    weight[(index < 0) | (index >= activity.shape[1])] = 0
    near = activity[:, index.clip(0, activity.shape[1] - 1)]
    return np.einsum("sgx,gx->sg", near, weight, optimize=True)
