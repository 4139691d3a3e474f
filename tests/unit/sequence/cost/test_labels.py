"""How many tracks a sample sheet promises."""

from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from presage.config.pseudobulk import Pseudobulk
from presage.sequence.cost import labels
from presage.sequence.cost.labels import labelled_tracks
from presage.sheets import Sample

FEW = Pseudobulk(min_cells=2)


def labelled(path: Path, **types: int) -> str:
    """A file that gives so many cells to each type."""
    names = [name for name, count in types.items() for _ in range(count)]
    lines = [f"BC{number}\t{name}\n" for number, name in enumerate(names)]
    path.write_text("".join(["barcode\tcell_type\n", *lines]))
    return str(path)


def test_cell_types_of_the_labels_are_counted_over_samples_by_assay(tmp_path):
    one, two = labelled(tmp_path / "1.tsv", B=2, T=1, NK=1), labelled(tmp_path / "2.tsv", T=1, B=1)
    rows = [Sample("1", "bam", "1.bam", one), Sample("2", "bam", "2.bam", two), Sample("2", "fragments", "f", two)]
    # RNA: B and T, which has two cells in all, on two strands; of the fragments no type has two cells.
    assert labelled_tracks(rows, FEW) == (
        4,
        "at most, by the labels: types of 2 cells or more (pseudobulk.min_cells)",
    )
    assert labelled_tracks(rows, Pseudobulk(min_cells=1))[0] == 3 * 2 + 2
    assert labelled_tracks(rows, Pseudobulk(min_cells=1, stranded=False))[0] == 3 + 2


def test_cell_types_of_an_h5ad_and_empty_labels(tmp_path):
    obs = pd.DataFrame({"cell_type": ["B", "B", "T", None]}, index=["BC1", "BC2", "BC3", "BC4"])
    ad.AnnData(np.zeros((4, 1), np.float32), obs=obs).write_h5ad(tmp_path / "c.h5ad")
    rows = [Sample("1", "bam", "1.bam", f"{tmp_path}/c.h5ad"), Sample("1", "h5ad", f"{tmp_path}/c.h5ad")]
    assert labelled_tracks(rows, FEW)[0] == 2
    assert labelled_tracks(rows, Pseudobulk(min_cells=1))[0] == 4


def test_whole_samples_and_finished_coverage_are_counted_by_the_sheet():
    wiggle = {"kind": "bigwig", "path": "w", "assay": "rna", "cell_type": "B"}
    rows = [
        Sample("1", "fragments", "1.gz", "whole"),
        Sample("2", "bam", "2.bam", cell_type="T"),
        *(Sample("3", strand=strand, **wiggle) for strand in "+-"),
        Sample("4", strand="+", **wiggle),
    ]
    assert labelled_tracks(rows, FEW) == (1 + 2 + 2, "at most, by the sample sheet's cell types")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "which tells the cell types, is not there yet"),
        ("barcode\ttype\nA\tB\n", "has no column 'cell_type'"),
        ("barcode\tcell_type\n" + "A\tB\n" * 9, "too large to be read beforehand"),
    ],
)
def test_what_the_labels_do_not_tell_is_assumed_and_why(tmp_path, monkeypatch, text, reason):
    monkeypatch.setattr(labels, "_READ", 40)
    if text:
        (tmp_path / "l.tsv").write_text(text)
    count, source = labelled_tracks([Sample("1", "bam", "1.bam", f"{tmp_path}/l.tsv")], FEW)
    assert count == 0
    assert source.startswith("assumed (cost.tracks), because ") and reason in source
