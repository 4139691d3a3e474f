"""Labelled cells and their counts: reads and an h5ad of the same cells agree, and nothing goes without a count."""

import anndata
import numpy as np
import pytest
from scipy import sparse

from presage.config.genome_world import GenomeWorld
from presage.config.pseudobulk import Reading
from presage.errors import UserError
from presage.sequence.decoder.labelled_cells import labelled_cells
from presage.sequence.reference.genes import read_genes
from presage.sequence.reference.genome import Genome
from presage.sheets import Sample
from presage.worlds.genome_world import build

SETTINGS = GenomeWorld.micro()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    build(SETTINGS, 1, folder)
    data = anndata.read_h5ad(folder / "cells.h5ad")
    data.obsm["X_test"] = np.arange(2.0 * len(data), dtype=np.float32).reshape(-1, 2)
    data[:-1].write_h5ad(folder / "cells.h5ad")
    rows = [row for row in SETTINGS.sample_rows if row["kind"] == "bam"]
    reads = [Sample(**{**r, "path": f"{folder}/{r['path']}", "labels": f"{folder}/cells.h5ad"}) for r in rows]
    genome = Genome(folder / "genome.fa")
    genes, _ = read_genes(folder / "genes.gtf", genome.lengths)
    return data[:-1], reads, genome, genes


def test_reads_give_the_molecules_of_the_h5ad(world):
    data, reads, genome, genes = world
    found = labelled_cells(reads, Reading(), genome, genes)
    known = data.to_df().set_axis(data.obs["sample"].astype(str) + ":" + data.obs["barcode"].astype(str))
    known = known.set_axis([name.split(".")[0] for name in known.columns], axis=1)
    known = known.loc[found.cells["cell"], [name.split(".")[0] for name in genes["gene_id"]]].to_numpy()
    ours = found.counts.toarray()
    assert len(found.cells) == len(data) - sum(found.left_out.values())
    assert np.corrcoef(ours.ravel(), known.ravel())[0, 1] > 0.97
    assert (found.cells["umis"] == ours.sum(1)).all()
    fewest = int(np.median(ours.sum(1)))
    deep = labelled_cells(reads, Reading(), genome, genes, min_umis=fewest)
    assert len(deep.cells) + deep.left_out[f"fewer than {fewest} molecules"] == len(found.cells)
    assert deep.cells["umis"].min() >= fewest


def test_an_embedding_in_the_labels_goes_with_its_cell(world):
    data, reads, genome, genes = world
    found = labelled_cells(reads, Reading(), genome, genes, embedding="X_test")
    expected = {
        f"{sample}:{barcode}": row
        for sample, barcode, row in zip(data.obs["sample"], data.obs["barcode"], data.obsm["X_test"])
    }
    np.testing.assert_array_equal(found.stored, np.stack([expected[cell] for cell in found.cells["cell"]]))
    with pytest.raises(UserError, match=r"has no obsm\['X_scVI'\]: it has X_test|X_test"):
        labelled_cells(reads, Reading(), genome, genes, embedding="X_scVI")


def test_an_h5ad_sample_brings_its_own_counts(world, tmp_path):
    data, _, genome, genes = world
    data = data[:, ::-1].copy()
    other = data.copy()
    other.var = other.var[[]].rename(index="X{}".format)
    other.write_h5ad(tmp_path / "unknown.h5ad")
    data.var_names = data.var["name"].astype(str)  # symbols, as many files have them
    data.write_h5ad(tmp_path / "own.h5ad")
    row = {"sample": "donor1", "kind": "h5ad", "path": str(tmp_path / "own.h5ad"), "labels": "", "donor": ""}
    sample = Sample(**{**SETTINGS.sample_rows[0], **row})
    found = labelled_cells([sample], Reading(), genome, genes)
    mine = data[data.obs["sample"] == "donor1"]
    assert len(found.cells) == len(mine)
    assert found.counts.sum() == sparse.csr_matrix(mine.X).sum()
    unknown = Sample(**{**vars(sample), "path": str(tmp_path / "unknown.h5ad")})
    with pytest.raises(UserError, match=r"no labelled RNA cell is left.*fewer than 1 molecules"):
        labelled_cells([unknown], Reading(), genome, genes)
