"""Molecules of each barcode and gene in one unlabelled RNA sample: what clustering starts from."""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from presage.config.pseudobulk import Reading
from presage.sequence.reference.genome import Genome, contig_lengths
from presage.sequence.samples.bam import Bam
from presage.sequence.samples.counts import GeneTable
from presage.sequence.samples.h5ad import gene_names, read_counts
from presage.sequence.samples.labels import h5ad_barcodes
from presage.sequence.samples.sources import Source
from presage.sheets import WHOLE, Sample

if TYPE_CHECKING:
    from anndata import AnnData

LEFT_OUT = "left_out"
"""Key of ``uns``: barcodes that were dropped for having too few molecules."""


def count_cells(sample: Sample, settings: Reading, genome: Genome, genes: pd.DataFrame, min_umis: int) -> "AnnData":
    """Counts int32 CSR [barcodes, genes] of a BAM or h5ad sample; ``var['name']`` holds symbols.

    Reads are used and assigned as for the pseudobulk. A BAM on another genome than the study's is counted by its
    aligner's gene tags. Most barcodes of a BAM are empty droplets: those with fewer than ``min_umis`` molecules in
    genes are dropped, and counted in ``uns[LEFT_OUT]``. A gene without a molecule is left out.
    """
    import anndata

    if sample.kind == "h5ad":
        matrix, var, _ = read_counts(sample.path)
        rule, donor = sample.barcodes or settings.barcodes, sample.donor or sample.sample
        barcodes = h5ad_barcodes(sample.path, sample.sample, rule, donor)
        table = list(zip(gene_names(var, genes), var.index.astype(str)))
    else:
        matrix, barcodes, table = _count_reads(sample, settings, genome, genes)
    matrix, named = _by_gene(matrix, table)
    enough = np.asarray(matrix.sum(axis=1)).ravel() >= (min_umis if sample.kind != "h5ad" else 0)
    return anndata.AnnData(
        matrix[enough],
        obs=pd.DataFrame(index=barcodes[enough]),
        var=pd.DataFrame({"name": list(named.values())}, index=list(named)),
        uns={LEFT_OUT: int((~enough).sum())},
    )


def _count_reads(
    sample: Sample, settings: Reading, genome: Genome, genes: pd.DataFrame
) -> tuple[sparse.csr_matrix, np.ndarray, list[tuple[str, str]]]:
    """Molecules [barcodes, genes] of a BAM, stretch by stretch; barcodes; genes as (identifier, name)."""
    reference: Mapping[str, int] | None = genome.lengths
    table = GeneTable(genes, settings.count_introns) if len(genes) else None
    if sample.genome:
        reference, table = None if sample.genome == "header" else contig_lengths(sample.genome), None
    column: dict[tuple[str, str], int] = {}
    parts = []
    # As one pseudobulk, any barcode is a cell.
    source = Source(dataclasses.replace(sample, labels=WHOLE), settings, reference, table)
    assert isinstance(source.reader, Bam)
    for stretch in source.stretches(dict(reference or source.reader.lengths)):
        found = source.molecules(stretch)
        hit = found.gene >= 0
        if not hit.any():
            continue
        used, gene = np.unique(found.gene[hit], return_inverse=True)
        columns = np.array([column.setdefault(found.names[i], len(column)) for i in used], dtype=np.int64)
        cell = found.reads.cell[hit]
        ones = np.ones(len(gene), dtype=np.int32)
        parts.append(sparse.csr_matrix((ones, (cell, columns[gene])), (int(cell.max()) + 1, len(column))))
    source.reader.close()
    barcodes = np.array(list(source.barcodes.index), dtype=object)
    total = sparse.csr_matrix((len(barcodes), len(column)), dtype=np.int32)
    for part in parts:
        part.resize(total.shape)
        total = total + part
    return total, barcodes, list(column)


def _by_gene(matrix: sparse.csr_matrix, table: list[tuple[str, str]]) -> tuple[sparse.csr_matrix, dict[str, str]]:
    """Columns with the same identifier added up, in the identifiers' order, without empty ones; identifier -> name."""
    named = dict(sorted(table))
    place = {gene: i for i, gene in enumerate(named)}
    rows = np.arange(len(table))
    to = np.array([place[gene] for gene, _ in table], dtype=np.int64)
    merge = sparse.csr_matrix((np.ones(len(table), dtype=matrix.dtype), (rows, to)), (len(table), len(named)))
    merged = sparse.csr_matrix(matrix @ merge)
    there = np.asarray(merged.sum(axis=0)).ravel() > 0
    return merged[:, there], {gene: name for (gene, name), some in zip(named.items(), there) if some}
