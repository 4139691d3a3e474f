"""presage.sequence.pseudobulk.cluster: cells without labels to clusters, on real PBMC and on small known graphs."""

import subprocess
import sys
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.metrics import adjusted_rand_score

from presage import tables
from presage.config.cluster import Cluster
from presage.errors import UserError
from presage.report import style
from presage.report.pseudobulk.cluster_figure import clusters
from presage.sequence.pseudobulk.cluster import DOUBLET, FEW_GENES, FEW_UMIS, MITO, cluster, leiden, quality
from presage.sequence.samples.h5ad import read_counts

LOOSE = Cluster(min_umis=100, min_genes=50)  # the file has 765 genes of each cell


@pytest.fixture(scope="module")
def pbmc(tmp_path_factory):
    """Counts of scanpy's 700 PBMC, as two samples, and their published types by barcode."""
    import scanpy

    path = tmp_path_factory.mktemp("pbmc") / "p.h5ad"
    data = scanpy.datasets.pbmc68k_reduced()
    data.write_h5ad(path)
    counts, var, _ = read_counts(path)
    whole = anndata.AnnData(counts, pd.DataFrame(index=data.obs_names), var.assign(name=var.index.astype(str)))
    return {"one": whole[:400].copy(), "two": whole[400:].copy()}, data.obs["bulk_labels"].astype(str)


@pytest.fixture(scope="module")
def found(pbmc):
    return cluster(pbmc[0], LOOSE, seed=1)


def test_real_cells_fall_into_their_types(pbmc, found):
    """Measured: 0.52 with everything in one sample; scanpy's own Louvain clusters in the file have 0.41."""
    agreement = adjusted_rand_score(pbmc[1].loc[found.labels["barcode"]], found.labels["cell_type"])
    assert agreement > 0.45
    size = found.labels["cell_type"].value_counts()
    assert size[[f"cluster {n}" for n in range(len(size))]].is_monotonic_decreasing


def test_markers_name_what_the_clusters_are(pbmc, found):
    types = pbmc[1].loc[found.labels["barcode"]].to_numpy()
    mainly = pd.Series(types).groupby(found.labels["cell_type"].to_numpy()).agg(lambda t: t.value_counts().index[0])
    best = found.markers[found.markers["rank"] <= 5].groupby("cluster")["name"].agg(set)
    b_cells = mainly.index[mainly == "CD19+ B"]
    assert len(b_cells)
    assert any({"CD79A", "CD79B", "MS4A1"} & best[name] for name in b_cells)


def test_every_cell_is_kept_or_has_a_reason(pbmc, found):
    qc = found.cell_qc
    assert len(qc) == sum(data.n_obs for data in pbmc[0].values())
    assert (qc["kept"] == qc["reason"].isna()).all()
    assert (qc["kept"] == qc["cluster"].notna()).all()
    assert qc["kept"].sum() == len(found.labels) == len(found.umap)
    assert (qc.loc[qc["reason"] == DOUBLET, "doublet_score"] > LOOSE.max_doublet_score).all()


def test_the_same_seed_gives_the_same_bytes(pbmc, found, tmp_path):
    for name, result in (("a", found), ("b", cluster(pbmc[0], LOOSE, seed=1))):
        tables.write(tmp_path / f"{name}.qc", "cell_qc", result.cell_qc)
        tables.write(tmp_path / f"{name}.markers", "markers", result.markers)
        style.save(clusters(result.umap, False)[0], tmp_path / f"{name}", result.umap)
    for end in (".qc", ".markers", ".svg", ".png", ".parquet"):
        assert (tmp_path / f"a{end}").read_bytes() == (tmp_path / f"b{end}").read_bytes(), end


def counts_of(rows, names):
    obs, var = pd.DataFrame(index=[f"c{i}" for i in range(len(rows))]), pd.DataFrame({"name": names}, index=names)
    return anndata.AnnData(sparse.csr_matrix(np.array(rows, dtype=np.int32)), obs=obs, var=var)


def test_reasons_are_the_first_that_fits():
    data = counts_of([[9, 9, 0, 1], [1, 0, 0, 0], [20, 0, 0, 0], [6, 6, 4, 4]], ["A", "B", "mt-Nd1", "MT-CO1"])
    qc = quality(data, Cluster(min_umis=10, min_genes=2, max_mito=0.3), seed=1)
    assert qc["reason"].tolist() == [None, FEW_UMIS, FEW_GENES, MITO]
    assert qc["mito"].tolist() == [1 / 19, 0, 0, 0.4]
    assert qc["doublet_score"].isna().all()  # too few cells for one


def test_too_few_cells_are_refused_with_the_reasons():
    with pytest.raises(UserError, match=r"1 cells are left .*min_cells = 50 \(1 few molecules\); set their labels"):
        cluster({"s": counts_of([[9, 9], [1, 0]], ["A", "B"])}, Cluster(min_umis=10, min_genes=1), seed=1)


def test_leiden_finds_cliques_and_numbers_them_by_size():
    sizes = [3, 6, 4]
    graph = sparse.block_diag([np.ones((n, n)) - np.eye(n) for n in [*sizes, 1]]).tocsr()
    assert leiden(graph, 1.0, 2, seed=1).tolist() == [2] * 3 + [0] * 6 + [1] * 4 + [3]


@given(st.integers(1, 12), st.floats(0, 1), st.integers(0, 99))
def test_any_graph_is_numbered_without_a_gap(size, density, seed):
    upper = np.triu(np.random.default_rng(seed).random((size, size)) < density, k=1).astype(float)
    found = leiden(sparse.csr_matrix(upper + upper.T), 1.0, 1, seed)
    counts = np.bincount(found)
    assert len(found) == size
    assert (counts > 0).all()
    assert (np.diff(counts) <= 0).all()
    assert (found == leiden(sparse.csr_matrix(upper + upper.T), 1.0, 1, seed)).all()


def test_no_package_under_the_gpl_is_imported():
    script = (
        "import sys; from presage.sequence.pseudobulk import cluster; import numpy as np, scanpy, graspologic_native;"
        "from scipy import sparse; cluster.leiden(sparse.csr_matrix(np.ones((4, 4))), 1.0, 1, 1);"
        "sys.exit(any(name in sys.modules for name in ('igraph', 'leidenalg')))"
    )
    folder = Path(__file__).resolve().parents[4] / "scripts"
    assert subprocess.run([sys.executable, "-c", script], cwd=folder, check=False).returncode == 0
