"""The labelled cells of a study with their molecules per gene: what a cell-conditioned decoder is fitted to."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from presage.config.pseudobulk import Reading
from presage.errors import UserError
from presage.sequence.pseudobulk.cell_counts import count_cells
from presage.sequence.reference.genome import Genome
from presage.sequence.samples.h5ad import is_h5ad, read_obsm
from presage.sequence.samples.labels import h5ad_barcodes, match_barcodes
from presage.sequence.samples.sources import sample_labels
from presage.sheets import Sample


class LabelledCells(NamedTuple):
    """``cells``: columns cell sample barcode cell_type umis; ``counts``: int32 CSR [cells, genes of the reference];
    ``stored``: float32 [cells, dims], the embedding that the files hold, if one was asked for; ``left_out``: cells by
    reason.
    """

    cells: pd.DataFrame
    counts: sparse.csr_matrix
    stored: np.ndarray | None
    left_out: dict[str, int]


def labelled_cells(
    samples: Sequence[Sample],
    settings: Reading,
    genome: Genome,
    genes: pd.DataFrame,
    *,
    min_umis: int = 1,
    embedding: str | None = None,
) -> LabelledCells:
    """Count the labelled cells of all RNA samples (BAM and h5ad rows of the sheet).

    Reads are used and assigned to genes as for the pseudobulk. Left out: labelled cells without a read, those with
    fewer than ``min_umis`` molecules in genes of the reference, and (with ``embedding``) those that the file with the
    embedding lacks. Samples that are one pseudobulk have no labelled cells.

    Raises :class:`UserError` when no cell is left, or a file has no such embedding.
    """
    frames, matrices, stored = [], [], []
    left_out = {"no read": 0, f"fewer than {min_umis} molecules": 0, "not in the embedding": 0}
    for sample in samples:
        labels = sample_labels(sample, settings) if sample.kind in ("bam", "h5ad") else None
        if labels is None:
            continue
        labels = labels[labels["cell_type"].notna()]
        data = count_cells(sample, settings, genome, genes, 1)
        row = {barcode: i for i, barcode in enumerate(data.obs_names)}
        named = match_barcodes(labels["barcode"].tolist(), row)
        found = labels["barcode"].map(named).map(row)
        left_out["no read"] += int(found.isna().sum())
        labels, at = labels[found.notna()], found.dropna().astype(np.int64).to_numpy()
        counts = _in_order(sparse.csr_matrix(data.X)[at], data.var_names.tolist(), genes["gene_id"].tolist())
        umis = np.asarray(counts.sum(axis=1)).ravel()
        keep = umis >= min_umis
        left_out[f"fewer than {min_umis} molecules"] += int((~keep).sum())
        if embedding:
            place, values = _stored(sample, settings, embedding)
            at = labels["barcode"].map(place).fillna(-1).astype(np.int64).to_numpy()
            left_out["not in the embedding"] += int((keep & (at < 0)).sum())
            keep &= at >= 0
            stored.append(values[at[keep]])
        frames.append(labels[["barcode", "cell_type"]].assign(sample=sample.sample, umis=umis)[keep])
        matrices.append(counts[keep])
    left_out = {why: n for why, n in left_out.items() if n}
    if not sum(map(len, frames)):
        why = f" (left out: {left_out})" if left_out else ""
        raise UserError(
            "sequence.cells",
            f"no labelled RNA cell is left{why}",
            "give labels and genes as the GTF names them, or null",
        )
    cells = pd.concat(frames, ignore_index=True)
    cells.insert(0, "cell", cells["sample"] + ":" + cells["barcode"])
    if len({values.shape[1] for values in stored}) > 1:
        raise UserError(f"obsm[{embedding!r}]", "differs in length between files", "embed all samples together")
    return LabelledCells(
        cells[["cell", "sample", "barcode", "cell_type", "umis"]],
        sparse.csr_matrix(sparse.vstack(matrices)),
        np.concatenate(stored) if stored else None,
        left_out,
    )


def _in_order(counts: sparse.csr_matrix, names: list[str], genes: list[str]) -> sparse.csr_matrix:
    """Columns moved to the order of ``genes``; what is no gene of theirs is left out."""
    place = {gene: i for i, gene in enumerate(genes)}
    both = np.array([(i, place[name]) for i, name in enumerate(names) if name in place], np.int64).reshape(-1, 2)
    mover = sparse.csr_matrix(
        (np.ones(len(both), np.int32), (both[:, 0], both[:, 1])), (counts.shape[1], len(genes)), dtype=np.int32
    )
    return sparse.csr_matrix(counts @ mover)


def _stored(sample: Sample, settings: Reading, key: str) -> tuple[dict[str, int], np.ndarray]:
    """Row of each barcode in the file that holds the sample's embedding, and the embedding."""
    path = sample.path if sample.kind == "h5ad" else sample.labels
    if not is_h5ad(path):
        raise UserError(path, f"is no h5ad, so it has no obsm[{key!r}]", "set cells.embedding: null")
    barcodes = h5ad_barcodes(path, sample.sample, sample.barcodes or settings.barcodes, sample.donor or sample.sample)
    return {barcode: i for i, barcode in enumerate(barcodes)}, read_obsm(path, key)
