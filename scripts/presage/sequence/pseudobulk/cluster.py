"""Labels for cells that have none: quality control, clusters by Leiden on scanpy's neighbour graph, marker genes.

All unlabelled RNA samples of a study are clustered together, so that a cluster means the same in each. Every step has
its seed, the search for neighbours is exact: the same input gives the same clusters. Clusters are numbered by size;
what they are is for a person to tell, from their markers. Leiden is graspologic-native's (MIT): scanpy's own needs
packages under the GPL. See docs/labels.md.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from presage.config.cluster import Cluster
from presage.errors import UserError

if TYPE_CHECKING:
    from anndata import AnnData

FEW_UMIS, FEW_GENES, MITO, DOUBLET = "few molecules", "few genes", "mitochondrial share", "likely doublet"
_TARGET = 10_000  # molecules that each cell is scaled to
_FEWEST_FOR_DOUBLETS = 100  # Scrublet simulates doublets from a sample's own cells; fewer cells make no score
_RANDOMNESS = 0.001  # of Leiden's refinement; the published default


class Clusters(NamedTuple):
    """``labels`` (sample, barcode, cell_type), ``cell_qc`` and ``markers`` as in :mod:`presage.tables`, and ``umap``
    (sample, barcode, cluster, x, y) of the clustered cells.
    """

    labels: pd.DataFrame
    cell_qc: pd.DataFrame
    markers: pd.DataFrame
    umap: pd.DataFrame


def cluster(samples: Mapping[str, "AnnData"], settings: Cluster, seed: int) -> Clusters:
    """Cluster the cells of all samples together.

    Parameters
    ----------
    samples
        Sample -> whole counts [barcodes, genes] with barcodes as obs names, gene identifiers as var names, and
        ``var['name']``, the symbols. Genes that not every sample has are left out.

    Raises :class:`UserError` where too few cells or genes are left.
    """
    import anndata

    qc = pd.concat([quality(data, settings, seed).assign(sample=name) for name, data in samples.items()])
    qc = qc.reset_index(drop=True)
    kept = {name: data[qc.loc[qc["sample"] == name, "kept"].to_numpy()] for name, data in samples.items()}
    cells = sum(data.n_obs for data in kept.values())
    where = f"samples {', '.join(samples)}"
    if cells < settings.min_cells:
        why = ", ".join(f"{n} {reason}" for reason, n in qc["reason"].value_counts().items()) or "there are no others"
        raise UserError(
            where,
            f"{cells} cells are left to cluster, fewer than sequence.cluster.min_cells = {settings.min_cells} ({why})",
            "set their labels to whole, or lower the limits of sequence.cluster",
        )
    parts = {name: anndata.AnnData(sparse.csr_matrix(d.X), d.obs[[]], d.var[["name"]]) for name, d in kept.items()}
    data = anndata.concat(parts, label="sample", join="inner", merge="first", index_unique=None)
    barcodes = data.obs_names.to_numpy()
    data.obs_names = [f"{sample}:{barcode}" for sample, barcode in zip(data.obs["sample"], barcodes)]
    data = data[:, np.asarray(data.X.sum(axis=0)).ravel() > 0].copy()
    if data.n_vars < 3:
        raise UserError(where, f"share {data.n_vars} genes with molecules", "count them on the same annotation")
    names = embed(data, settings, seed)
    clusters = pd.DataFrame({"sample": data.obs["sample"].astype(str).to_numpy(), "barcode": barcodes})
    clusters["cluster"] = names
    qc = qc.merge(clusters, on=["sample", "barcode"], how="left")
    qc["cluster"] = qc["cluster"].astype(object).where(qc["cluster"].notna(), None)
    place = pd.DataFrame(data.obsm["X_umap"].astype(np.float64), columns=["x", "y"])
    return Clusters(
        clusters.rename(columns={"cluster": "cell_type"}),
        qc[["sample", "barcode", "umis", "genes", "mito", "doublet_score", "kept", "reason", "cluster"]],
        markers(data, names, settings.markers),
        pd.concat([clusters, place], axis=1),
    )


def quality(data: "AnnData", settings: Cluster, seed: int) -> pd.DataFrame:
    """One row per cell of a sample: barcode, umis, genes, mito (share), doublet_score, kept, and reason (the first)."""
    counts = sparse.csr_matrix(data.X)
    umis = np.asarray(counts.sum(axis=1), dtype=np.int64).ravel()
    genes = np.asarray((counts > 0).sum(axis=1), dtype=np.int64).ravel()
    is_mito = data.var["name"].astype(str).str.upper().str.startswith("MT-").to_numpy()
    mito = np.asarray(counts[:, is_mito].sum(axis=1), dtype=np.float64).ravel() / np.maximum(umis, 1)
    tests = [(umis < settings.min_umis, FEW_UMIS), (genes < settings.min_genes, FEW_GENES)]
    tests.append((mito > settings.max_mito, MITO))
    good = ~np.any([failed for failed, _ in tests], axis=0)
    score = np.full(len(umis), np.nan)
    if settings.max_doublet_score < 1 and good.sum() >= _FEWEST_FOR_DOUBLETS:
        score[good] = doublet_scores(counts[good], settings.max_doublet_score, seed)
    tests.append((score > settings.max_doublet_score, DOUBLET))
    failed = [test for test, _ in tests]
    reason = np.select(failed, [words for _, words in tests], "").astype(object)
    reason[reason == ""] = None
    return pd.DataFrame(
        {
            "barcode": data.obs_names.astype(str),
            "umis": umis,
            "genes": genes,
            "mito": mito,
            "doublet_score": score,
            "kept": ~np.any(failed, axis=0),
            "reason": reason,
        }
    )


def doublet_scores(counts: sparse.csr_matrix, threshold: float, seed: int) -> np.ndarray:
    """Scrublet's score of each cell: float64 [cells], NaN for cells that have too little for one."""
    import anndata
    import scanpy

    data = anndata.AnnData(counts.astype(np.float32), obs=pd.DataFrame(index=np.arange(counts.shape[0]).astype(str)))
    # scanpy leaves out cells with fewer than 3 genes and puts their rows nowhere.
    enough = np.asarray((counts > 0).sum(axis=1)).ravel() >= 3
    data = data[enough].copy()
    # The threshold is given: finding one needs a package more, and fails where the scores have one hump.
    scanpy.pp.scrublet(
        data, n_prin_comps=min(30, *(n - 1 for n in data.shape)), threshold=threshold, random_state=seed, verbose=False
    )
    out = np.full(counts.shape[0], np.nan)
    out[enough] = data.obs["doublet_score"].to_numpy(dtype=np.float64)
    return out


def embed(data: "AnnData", settings: Cluster, seed: int) -> np.ndarray:
    """Normalise ``data`` in place, add UMAP and neighbours, and give each cell its cluster's name: object [cells]."""
    import scanpy

    data.X = data.X.astype(np.float32)
    scanpy.pp.normalize_total(data, target_sum=_TARGET)
    scanpy.pp.log1p(data)
    smallest = data.obs["sample"].value_counts().min()
    several = data.obs["sample"].nunique() > 1 and smallest >= settings.min_cells
    top = min(settings.genes, data.n_vars)
    scanpy.pp.highly_variable_genes(data, n_top_genes=top, batch_key="sample" if several else None)
    chosen = int(data.var["highly_variable"].sum())
    components = min(settings.components, data.n_obs - 1, chosen - 1)
    scanpy.pp.pca(data, n_comps=components, mask_var="highly_variable", random_state=seed)
    near = min(settings.neighbours, data.n_obs - 1)
    scanpy.pp.neighbors(data, n_neighbors=near, transformer="sklearn", random_state=seed)
    scanpy.tl.umap(data, random_state=seed)
    number = leiden(data.obsp["connectivities"], settings.resolution, settings.trials, seed)
    return np.array([f"cluster {n}" for n in number], dtype=object)


def leiden(graph: Any, resolution: float, trials: int, seed: int) -> np.ndarray:
    """Clusters of a weighted symmetric graph [cells, cells]: int64 [cells], 0 the largest, equal ones by first cell.

    Leiden by modularity (Traag et al. 2019), repeated from its own result, the best of ``trials`` starts.
    """
    from graspologic_native import leiden as run

    upper = sparse.coo_matrix(sparse.triu(graph, k=1))
    edges = [(str(a), str(b), float(w)) for a, b, w in zip(upper.row, upper.col, upper.data) if w > 0]
    size = graph.shape[0]
    found: dict[str, int] = {}
    if edges:
        _, found = run(
            edges,
            starting_communities=None,
            resolution=resolution,
            randomness=_RANDOMNESS,
            iterations=2,
            use_modularity=True,
            seed=seed,
            trials=trials,
        )
    # A cell without an edge is a cluster of its own.
    raw = np.array([found.get(str(cell), size + cell) for cell in range(size)], dtype=np.int64)
    _, first, place, counts = np.unique(raw, return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(counts), dtype=np.int64)
    rank[np.lexsort((first, -counts))] = np.arange(len(counts))
    return rank[place]


def markers(data: "AnnData", names: np.ndarray, most: int) -> pd.DataFrame:
    """The ``most`` strongest marker genes of each cluster of two cells or more, as the table ``markers``.

    ``data`` holds log1p of scaled counts. Wilcoxon's rank-sum test of a cluster against all other cells; the cells were
    clustered by the same genes, so p ranks genes and proves nothing.
    """
    import scanpy

    columns = ["cluster", "rank", "gene_id", "name", "score", "log2_fold", "p", "q", "share_in", "share_out"]
    size = pd.Series(names).value_counts()
    groups = sorted((name for name in size.index if size[name] > 1), key=lambda name: int(name.split()[-1]))
    if len(size) < 2:
        return pd.DataFrame(columns=columns)
    data.obs["cluster"] = pd.Categorical(names)
    scanpy.tl.rank_genes_groups(
        data, "cluster", groups=groups, method="wilcoxon", pts=True, n_genes=min(most, data.n_vars)
    )
    parts = []
    for name in groups:
        part = scanpy.get.rank_genes_groups_df(data, name)
        part["cluster"], part["rank"] = name, np.arange(1, len(part) + 1)
        parts.append(part)
    table = pd.concat(parts, ignore_index=True)
    table["name"] = data.var["name"].astype(str).reindex(table["names"]).to_numpy()
    new = {
        "names": "gene_id",
        "scores": "score",
        "logfoldchanges": "log2_fold",
        "pvals": "p",
        "pvals_adj": "q",
        "pct_nz_group": "share_in",
        "pct_nz_reference": "share_out",
    }
    return table.rename(columns=new)[columns]
