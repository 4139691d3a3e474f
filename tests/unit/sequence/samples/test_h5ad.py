"""presage.sequence.samples.h5ad: counts are found and summed in pieces, as a plain group-by of the whole would."""

from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from presage.errors import UserError
from presage.sequence.samples.h5ad import count_groups, gene_names, group_sums, read_counts, read_obs

KNOWN = pd.DataFrame({"gene_id": ["g0", "g1"], "name": ["A", "B"]})
FORMS = {"csr": sparse.csr_matrix, "csc": sparse.csc_matrix, "dense": np.asarray}


@pytest.fixture(scope="module")
def pbmc(tmp_path_factory):
    """scanpy's PBMC file: log1p of scaled counts in raw; obs has the molecules that each cell had over *all* genes."""
    import scanpy

    path = tmp_path_factory.mktemp("pbmc") / "p.h5ad"
    data = scanpy.datasets.pbmc68k_reduced()
    data.write_h5ad(path)
    return path, data


def test_real_pbmc_counts_are_recovered_from_the_log(pbmc):
    path, data = pbmc
    counts, var, origin = read_counts(path)
    assert counts.shape == (700, 765)
    assert origin == "raw.X, counts recovered from log1p of scaled counts"
    total = data.obs["n_counts"].to_numpy()
    # Scaled to 10,000 over all genes: undoing it with the true totals must give the same whole numbers.
    truth = np.expm1(data.raw.X.toarray().astype(np.float64)) * total[:, None] / 10_000
    assert (np.round(truth) == counts.toarray()).mean() > 0.9999
    assert np.abs(truth - counts.toarray()).max() < 0.51
    assert list(var.index[:2]) == list(data.raw.var.index[:2])


def test_a_file_of_anndata_before_0_7(pbmc):
    """scanpy ships its PBMC file in that form: tables as compound arrays, categories in uns, raw.X beside X."""
    import scanpy

    shipped = next(Path(scanpy.__file__).parent.glob("datasets/*pbmc68k_reduced.h5ad"))
    old, new = read_counts(shipped), read_counts(pbmc[0])
    assert (old[0] != new[0]).nnz == 0
    assert list(old[1].index) == list(new[1].index)
    assert read_obs(shipped)["bulk_labels"].tolist() == pbmc[1].obs["bulk_labels"].tolist()


@pytest.mark.parametrize("form", list(FORMS))
@pytest.mark.parametrize("suffix", [".h5ad", ".zarr"])
@pytest.mark.parametrize("chunk", [1, 5000, 10**9])
def test_real_pbmc_group_sums_equal_a_plain_groupby(pbmc, tmp_path, form, suffix, chunk):
    path, data = pbmc
    counts, var, _ = read_counts(path)
    stored = anndata.AnnData(FORMS[form](counts.toarray()).astype(np.float32), obs=data.obs[["bulk_labels"]], var=var)
    out = tmp_path / f"x{suffix}"
    stored.write_h5ad(out) if suffix == ".h5ad" else stored.write_zarr(out)
    group = data.obs["bulk_labels"].cat.codes.to_numpy().astype(int)
    group[::7] = -1
    found = count_groups(out, group, group.max() + 1, chunk=chunk)
    plain = pd.DataFrame(counts.toarray()).groupby(group).sum().drop(index=-1)
    assert (found.sums.toarray() == plain.to_numpy()).all()
    assert (found.umis == counts.toarray().sum(axis=1)).all()
    assert found.origin == "X"
    assert list(found.var.index) == list(var.index)


@pytest.mark.parametrize("form", ["csr", "csc"])
def test_the_log_is_undone_in_pieces_too(pbmc, tmp_path, form):
    path, data = pbmc
    whole, _, _ = read_counts(path)
    anndata.AnnData(FORMS[form](data.raw.X)).write_h5ad(tmp_path / "x.h5ad")
    group = np.arange(700) % 3
    found = count_groups(tmp_path / "x.h5ad", group, 3, chunk=3000)
    assert (found.sums.toarray() == pd.DataFrame(whole.toarray()).groupby(group).sum().to_numpy()).all()
    assert (read_counts(tmp_path / "x.h5ad", chunk=3000)[0] != whole).nnz == 0


MATRICES = st.integers(1, 6).flatmap(
    lambda columns: st.lists(st.lists(st.integers(0, 4), min_size=columns, max_size=columns), min_size=1, max_size=8)
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MATRICES, st.sampled_from(list(FORMS)), st.integers(1, 9), st.data())
def test_any_matrix_in_any_pieces(tmp_path, rows, form, chunk, data):
    counts = np.array(rows, dtype=np.float32)
    group = np.array(data.draw(st.lists(st.integers(-1, 2), min_size=len(rows), max_size=len(rows))))
    anndata.AnnData(FORMS[form](counts)).write_h5ad(tmp_path / "a.h5ad")
    found = count_groups(tmp_path / "a.h5ad", group, 3, chunk=chunk)
    assert (found.sums.toarray() == [counts[group == g].sum(axis=0) for g in range(3)]).all()
    assert (found.umis == counts.sum(axis=1)).all()
    assert (read_counts(tmp_path / "a.h5ad", chunk=chunk)[0].toarray() == counts).all()


@pytest.mark.parametrize("where", ["X", "layers", "raw"])
def test_whole_numbers_are_found_where_they_lie(tmp_path, where):
    counts = np.array([[1, 0, 3], [0, 2, 0]], dtype=np.float32)
    other = counts - counts.mean(axis=0)
    data = anndata.AnnData(counts if where != "layers" else other, var=pd.DataFrame(index=list("abc")))
    if where == "layers":
        data.layers["counts"] = counts
    if where == "raw":
        data.raw = data.copy()
        data.X = other
    data.write_h5ad(tmp_path / "a.h5ad")
    found, _, origin = read_counts(tmp_path / "a.h5ad")
    assert (found.toarray() == counts).all()
    assert where in origin


@pytest.mark.parametrize("bad", [-1.0, 0.5, np.nan, np.inf, 31.5, 2.0**31])
def test_one_number_that_is_no_count_is_enough_to_refuse(tmp_path, bad):
    counts = np.random.default_rng(0).poisson(3, (50, 20)).astype(np.float32)
    counts[49, 19] = bad
    anndata.AnnData(sparse.csr_matrix(counts)).write_h5ad(tmp_path / "a.h5ad")
    with pytest.raises(UserError, match="holds no counts"):
        read_counts(tmp_path / "a.h5ad", chunk=100)


def test_a_matrix_that_is_not_whole_is_left_at_its_first_number(tmp_path):
    """The last block cannot be read at all, and need not be."""
    values = np.full((40, 10), 0.5, dtype=np.float32)
    data = anndata.AnnData(sparse.csr_matrix(values))
    data.raw = anndata.AnnData(sparse.csr_matrix(np.ones((40, 10), dtype=np.float32)))
    data.write_h5ad(tmp_path / "a.h5ad")
    with h5py.File(tmp_path / "a.h5ad", "a") as file:
        file["X/indices"][-10:] = 10**6
    assert read_counts(tmp_path / "a.h5ad", chunk=20)[2] == "raw.X"


@pytest.mark.parametrize("name", ["a.h5ad", "a.zarr"])
def test_what_is_no_h5ad_is_told_in_one_line(tmp_path, name):
    (tmp_path / name).write_text("no")
    with pytest.raises(UserError, match="cannot be read as h5ad") as error:
        read_obs(tmp_path / name)
    assert "\n" not in str(error.value)


def test_group_sums():
    matrix = sparse.csr_matrix(np.arange(8).reshape(4, 2))
    assert group_sums(matrix, np.array([1, -1, 1, 0]), 3).toarray().tolist() == [[6, 7], [4, 6], [0, 0]]


def test_gene_names_by_id_symbol_and_version():
    var = pd.DataFrame({"gene_ids": ["ENSG9.3", "x", "g1"]}, index=["A", "B", "Q"])
    assert gene_names(var, KNOWN) == ["g0", "g1", "g1"]
    assert gene_names(var.drop(columns="gene_ids"), KNOWN) == ["g0", "g1", "Q"]
    assert gene_names(var, KNOWN.iloc[:0]) == ["ENSG9", "x", "g1"]


@pytest.mark.parametrize("column", ["feature_name", "gene_symbols", "name"])
def test_symbols_beside_unknown_identifiers_are_looked_at(column):
    var = pd.DataFrame({column: [KNOWN["name"][1], "?"]}, index=["X1", "X2"])
    assert gene_names(var, KNOWN) == [KNOWN["gene_id"][1], "X2"]
