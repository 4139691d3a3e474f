"""presage.study.sample_rows: which labels a row of the sample sheet gets, and that no cell is in two rows."""

import shutil
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest

from presage.errors import UserError
from presage.sheets import Sample
from presage.study.sample_rows import check_distinct, is_clustered, with_labels

CLUSTERS = "run/labels.tsv"


def labels(*rows):
    return [row.labels for row in with_labels(list(rows), CLUSTERS, "s.tsv")]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (Sample("s", "bam", "a.bam"), CLUSTERS),
        (Sample("s", "bam", "a.bam", labels="cluster"), CLUSTERS),
        (Sample("s", "bam", "a.bam", labels="whole"), "whole"),
        (Sample("s", "bam", "a.bam", labels="l.tsv"), "l.tsv"),
        (Sample("s", "bam", "a.bam", cell_type="T"), ""),
        (Sample("s", "h5ad", "a.h5ad"), ""),
        (Sample("s", "h5ad", "a.h5ad", labels="cluster"), CLUSTERS),
        (Sample("s", "fragments", "a.tsv.gz", labels="whole"), "whole"),
        (Sample("s", "fragments", "a.tsv.gz", cell_type="T"), ""),
        (Sample("s", "bigwig", "a.bw", cell_type="T", assay="rna", strand="+"), ""),
    ],
)
def test_labels_of_one_row(row, expected):
    assert labels(row) == [expected]
    assert is_clustered(row) == (expected == CLUSTERS)


@pytest.mark.parametrize("kind", ["fragments", "bam_atac"])
@pytest.mark.parametrize("word", ["", "cluster"])
def test_atac_takes_the_labels_of_its_rna(kind, word):
    atac = Sample("s", kind, "a", labels=word)
    assert labels(Sample("s", "bam", "a.bam"), atac) == [CLUSTERS] * 2
    assert labels(Sample("s", "bam", "a.bam", labels="l.tsv"), atac) == ["l.tsv"] * 2
    assert labels(Sample("s", "h5ad", "a.h5ad"), atac) == ["", "a.h5ad"]
    for rna in ([], [Sample("s", "bam", "a.bam", labels="whole")], [Sample("other", "bam", "a.bam")]):
        with pytest.raises(UserError, match=rf"s\.tsv sample s \({kind}\): has no labels.*or to whole"):
            labels(*rna, atac)


def test_the_clusterings_barcodes_are_plain_whatever_the_rule():
    row = Sample("s", "bam", "a.bam", barcodes="{sample}_{barcode}")
    assert [r.barcodes for r in with_labels([row, Sample("s", "fragments", "f")], CLUSTERS, "s.tsv")] == [
        "{barcode}",
        "{barcode}",
    ]


def distinct(*rows: Sample, rule: str = "{barcode}") -> None:
    check_distinct(with_labels(list(rows), CLUSTERS, "s.tsv"), CLUSTERS, rule, "s.tsv")


@pytest.mark.parametrize("labels", ["l.tsv", "whole", "cluster", ""])
@pytest.mark.parametrize("path", ["a.bam", "./a.bam", "link.bam"])
def test_a_file_that_two_samples_name_with_the_same_labels_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, labels: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.bam").touch()
    Path("link.bam").symlink_to("a.bam")
    rows = Sample("s1", "bam", "a.bam", labels=labels), Sample("s2", "bam", path, labels=labels)
    with pytest.raises(UserError, match=r"s\.tsv sample s2 \(bam\): \S+ is also the file of s1 \(bam\), with the same"):
        distinct(*rows, rule="{sample}_{barcode}" if labels != "l.tsv" else "{barcode}")
    distinct(rows[0], Sample("s2", "bam", "b.bam", labels=labels))


def test_counts_and_fragments_are_refused_twice_too() -> None:
    for labels in ("", "a.h5ad"):
        with pytest.raises(UserError, match=r"sample s2 \(h5ad\): a.h5ad is also the file of s1"):
            distinct(Sample("s1", "h5ad", "a.h5ad"), Sample("s2", "h5ad", "a.h5ad", labels=labels))
    rna = [Sample(f"s{i}", "bam", f"{i}.bam", labels="l.tsv") for i in (1, 2)]
    with pytest.raises(UserError, match=r"sample s2 \(fragments\): f is also the file of s1"):
        distinct(*rna, Sample("s1", "fragments", "f"), Sample("s2", "fragments", "f"))


def test_a_bigwig_is_in_one_row_whatever_it_is_said_to_hold() -> None:
    plus = Sample("s", "bigwig", "a.bw", cell_type="T", assay="rna", strand="+")
    with pytest.raises(
        UserError, match=r"s \(bigwig, T rna -\): a.bw is also the file of s \(bigwig, T rna \+\); corr"
    ):
        distinct(plus, Sample("s", "bigwig", "a.bw", cell_type="T", assay="rna", strand="-"))


def test_a_pool_is_shared_by_samples_whose_labels_tell_their_cells_apart(tmp_path: Path) -> None:
    pool = [Sample(f"s{i}", "bam", "a.bam", labels=f"{i}.tsv") for i in (1, 2)]
    distinct(*pool, Sample("s1", "fragments", "f"), Sample("s2", "fragments", "f"))  # inherited, and so theirs
    together = [Sample(f"s{i}", "h5ad", "a.h5ad") for i in (1, 2)]
    distinct(*together, rule="{sample}_{barcode}")
    file = tmp_path / "l.tsv"
    file.write_text("barcode\tcell_type\tsample\n")
    distinct(*(Sample(f"s{i}", "bam", "a.bam", labels=str(file)) for i in (1, 2)))


@pytest.mark.parametrize("suffix", [".h5ad", ".zarr"])
def test_one_h5ad_of_many_samples_may_be_listed_for_each(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"

    def write(*columns: str) -> None:
        obs = pd.DataFrame(dict.fromkeys(columns, "x"), index=["AC-1", "CC-1"])
        data = anndata.AnnData(np.ones((2, 2), np.float32), obs=obs)
        data.write_h5ad(path) if suffix == ".h5ad" else data.write_zarr(path)

    rows = [Sample(f"s{i}", "h5ad", str(path)) for i in (1, 2)]
    write("cell_type", "sample")
    distinct(*rows)
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    write("cell_type")
    with pytest.raises(UserError, match="is also the file of s1"):
        distinct(*rows)
