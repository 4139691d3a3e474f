"""Genes that are shown are those that differ; their coverage is what the bigWig holds."""

import numpy as np
import pandas as pd
import pyBigWig
import pytest

from presage import tables
from presage.report.pseudobulk import gene_coverage
from presage.report.pseudobulk.gene_coverage import molecules_by_type, places, profile, rows_of, spread
from presage.report.run import NoData
from tests.unit.report.made_up_run.pseudobulk import pseudobulk_run


def test_the_most_different_gene_is_first_and_thin_ones_are_left_out():
    molecules = pd.DataFrame({"same": [100, 100], "differs": [10, 300], "thin": [0, 40]}, index=["a", "b"])
    found = spread(molecules, least=50)
    assert list(found.index) == ["differs", "same"]


def test_a_shallow_type_does_not_make_a_gene_variable():
    deep = pd.Series({"g1": 5000, "g2": 5000, "chance": 5})
    shallow = pd.Series({"g1": 5, "g2": 5, "chance": 0})
    found = spread(pd.DataFrame([deep, shallow]), least=5)
    plain = np.log2(np.array([5 / 10_005, 0]) * 1e6 + 1).var()
    assert found["chance"] < plain / 10


def test_scaling_all_counts_changes_no_order():
    rng = np.random.default_rng(0)
    molecules = pd.DataFrame(rng.poisson(200, (4, 12)), columns=[f"g{i}" for i in range(12)])
    assert list(spread(molecules).index[:3]) == list(spread(molecules * 7).index[:3])


def test_a_place_is_the_body_and_a_tenth():
    genes = pd.DataFrame({"gene_id": ["a", "b"], "chrom": "c", "start": [1000, 5], "end": [2000, 105]})
    first, second = places(genes, ["b", "unknown", "a"])
    assert (first.start, first.end) == (0, 115)
    assert (second.start, second.end) == (900, 2100)


def test_a_profile_keeps_the_mean_depth(tmp_path):
    path = tmp_path / "x.bw"
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader([("c", 1500)])
        file.addEntries(["c", "c"], [1000, 1400], ends=[1100, 1500], values=[2.0, 4.0])
    edges, value = profile(path, "c", 900, 1600)  # beyond the contig's end there is nothing
    assert (value * np.diff(edges)).sum() == pytest.approx(2 * 100 + 4 * 100)
    assert profile(path, "unknown", 0, 10)[1].sum() == 0


def test_rows_are_kept_tracks_of_the_study_and_rna_goes_first(tmp_path):
    pseudobulk_run(tmp_path)
    rows = rows_of(tables.read(tmp_path / "sequence/pseudobulk/tracks.parquet", "tracks"))
    assert [(assay, name, len(part)) for assay, name, part in rows] == [
        ("rna", "astro", 2),
        ("rna", "micro", 2),
        ("atac", "astro", 1),
        ("atac", "micro", 1),
    ]


def test_molecules_come_from_reads_on_the_study_genome(tmp_path):
    pseudobulk_run(tmp_path)
    found = molecules_by_type(tmp_path / "sequence/pseudobulk/counts.h5ad", {"astro", "micro"})
    assert list(found.index) == ["astro", "micro"]
    assert found.loc["astro"].tolist() == [300, 100, 100]  # two donors; the h5ad's group is not among them


def test_what_cannot_be_drawn_says_why(tmp_path):
    pseudobulk_run(tmp_path)
    folder = tmp_path / "sequence/pseudobulk"
    tracks = tables.read(folder / "tracks.parquet", "tracks")
    genes = tables.read(tmp_path / "sequence/reference/genes.parquet", "genes")
    with pytest.raises(NoData, match="no bigWig"):
        gene_coverage.draw(folder, tracks.iloc[:0], genes, True)
    with pytest.raises(NoData, match="no gene annotation"):
        gene_coverage.draw(folder, tracks, genes.iloc[:0], True)
    figure, words = gene_coverage.draw(folder, tracks, genes, True)
    assert words.startswith("GENE1 (SD ") and "48" not in words
    assert len(figure.axes) == 3 * (4 + 1)
