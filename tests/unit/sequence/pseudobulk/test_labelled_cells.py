"""Which cells enter a track: with and without labels, labels of other samples, held-out values."""

import dataclasses

import anndata
import numpy as np
import pandas as pd
import pytest

from presage import tables
from presage.errors import UserError
from presage.sheets import Sample
from tests.unit.sequence.pseudobulk.pooling import LABELS, bam_sample, bigwig_depth
from tests.unit.sequence.small_reads import (
    Read,
    write_labels,
)


def test_without_labels_a_sample_is_one_pseudobulk(tmp_path, study):
    reads = [Read(), Read(tags=(("CB", "CCCG-1"), ("UB", "ACGT")))]
    study([bam_sample(tmp_path, reads, name="whole")])
    tracks = tables.read(tmp_path / "out/tracks.parquet", "tracks")
    assert set(tracks["cell_type"]) == {"whole"}
    assert tracks["cells"].tolist() == [2, 2]


def test_unknown_cell_type(tmp_path, study):
    with pytest.raises(UserError, match="unknown cell type 'B cell'"):
        study([bam_sample(tmp_path, [Read()], LABELS)], cell_types=["T cell"])


def test_labels_of_another_sample(tmp_path, study):
    with pytest.raises(UserError, match=r"0 of 1 labelled barcodes occur .*labels spell TTTT-1, reads AAAC-1"):
        study([bam_sample(tmp_path, [Read()], {"TTTT-1": "T cell"})])
    with pytest.raises(UserError, match="no read of s1 can be used"):
        study([bam_sample(tmp_path, [Read()], {"TTTT-1": "T cell"})], min_matched=0)


def test_labels_without_reads_are_told(tmp_path, study):
    qc = study([bam_sample(tmp_path, [Read()], LABELS)])
    assert qc["samples"]["s1 bam"]["barcodes"] == {
        "labelled": 3,
        "labels_absent": 2,
        "with_reads": 1,
        "not_labelled": 0,
    }
    assert "s1: 2 of 3 labelled barcodes have no read" in qc["warnings"]


def test_cells_without_label_are_listed(tmp_path, study):
    path = tmp_path / "l.tsv"
    path.write_text("barcode\tcell_type\nAAAC-1\tT\nCCCG-1\t\n")
    reads = [Read(), Read(tags=(("CB", "CCCG-1"), ("UB", "ACGT")))]
    sample = dataclasses.replace(bam_sample(tmp_path, reads), labels=str(path))
    qc = study([sample])
    assert qc["samples"]["s1 bam"]["reads"] == {"used": 1, "not_labelled": 1}
    cells = tables.read(tmp_path / "out/cells.parquet", "cells").set_index("barcode")
    assert cells["reason"].to_dict() == {"AAAC-1": None, "CCCG-1": "not labelled"}
    assert pd.isna(cells.loc["CCCG-1", "cell_type"])


def test_rows_without_a_labels_file(tmp_path, study):
    """One pseudobulk of the sheet's cell type, or of the sample's name; an h5ad that does not label itself is told."""
    rows = [("s1", ""), ("s2", "T cell")]
    samples = [bam_sample(tmp_path, [Read()], name=name, cell_type=kind) for name, kind in rows]
    samples[0] = dataclasses.replace(samples[0], labels="whole")
    study(samples)
    tracks = tables.read(tmp_path / "out/tracks.parquet", "tracks")
    assert sorted(tracks["cell_type"].unique()) == ["T cell", "s1"]
    obs = pd.DataFrame({"kind": ["T", "B"]}, index=["A-1", "B-1"])
    anndata.AnnData(np.ones((2, 3), dtype=np.float32), obs=obs).write_h5ad(tmp_path / "a.h5ad")
    own = Sample("h", "h5ad", f"{tmp_path}/a.h5ad")
    with pytest.raises(UserError, match=r"has no obs column 'cell_type'.*set the sheet's labels to cluster or whole"):
        study([own])
    study([dataclasses.replace(own, labels="whole")])
    assert tables.read(tmp_path / "out/cells.parquet", "cells")["cell_type"].tolist() == ["h", "h"]


def test_labels_of_an_integrated_object_reach_an_h5ads_cells(tmp_path, study):
    obs = pd.DataFrame(index=["AAAC-1", "CCCG-1", "GGGT-1"])
    anndata.AnnData(np.arange(1, 7, dtype=np.float32).reshape(3, 2), obs=obs).write_h5ad(tmp_path / "a.h5ad")
    labels = write_labels(tmp_path / "l.tsv", {"h#AAAC-1": "T", "h#CCCG-1": "B", "other#GGGT-1": "T", "h#TTTT-1": "T"})
    row = Sample("h", "h5ad", f"{tmp_path}/a.h5ad", str(labels), barcodes="{sample}#{barcode}")
    qc = study([row], genes=False)
    counts = anndata.read_h5ad(tmp_path / "out/counts.h5ad")
    assert dict(zip(counts.obs["cell_type"], counts.X.toarray().tolist())) == {"T": [1, 2], "B": [3, 4]}
    assert qc["samples"]["h h5ad"]["labels"] == {
        "labels": 3,
        "labels_seen": 2,
        "labels_absent": 1,
        "barcodes_seen": 3,
        "barcodes_labelled": 2,
        "barcodes_not_labelled": 1,
    }
    with pytest.raises(UserError, match="2 of 3 labelled barcodes occur"):
        study([row], genes=False, min_matched=0.7)


def test_held_out_values_must_occur(tmp_path, study):
    sample = bam_sample(tmp_path, [Read()], LABELS)
    study([sample], held_out={"cell_type": ["B cell"], "donor": ["donor of s1"]})
    with pytest.raises(UserError, match="held-out cell_type: 'NK' does not occur; choose from B cell, T cell"):
        study([sample], held_out={"cell_type": ["NK"]})


def test_rna_and_atac_of_one_cell_are_one_row(tmp_path, study):
    (tmp_path / "f.tsv").write_text("chr1\t20\t60\tAAAC-1\t2\nchr2\t5\t9\tCCCG-1\t1\n")
    rna = bam_sample(tmp_path, [Read()], LABELS)
    study([rna, dataclasses.replace(rna, kind="fragments", path=str(tmp_path / "f.tsv"))])
    cells = tables.read(tmp_path / "out/cells.parquet", "cells").set_index("barcode")
    assert cells.loc["AAAC-1", ["reads", "fragments"]].tolist() == [1, 1]
    assert cells.loc["CCCG-1", ["reads", "fragments"]].tolist() == [0, 1]
    assert bigwig_depth(tmp_path / "out/bw/T_cell_atac.bw") == {"chr1": {20: 1, 59: 1}}
