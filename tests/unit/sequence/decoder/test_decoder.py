"""The decoder for cells: no look at test genes, the mean at the start, cells told apart only where they differ."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse

from presage import tables
from presage.config.decoder import Cells
from presage.errors import UserError
from presage.sequence.decoder.embedding import Projection, held_out, visible_genes
from presage.sequence.decoder.evaluate import evaluate_cells, poisson_deviance
from presage.sequence.decoder.files import load_cells
from presage.sequence.decoder.fit import CellCounts, fit_cells, start
from presage.sequence.decoder.labelled_cells import LabelledCells
from presage.sequence.decoder.network import CellDecoder, cell_model, cell_tracks
from presage.sequence.decoder.step import cells, embed
from presage.sequence.model.prediction import predict
from presage.sequence.model.sequence_model import tensor_hash
from presage.sequence.model.weights import save_trunk
from tests.unit.sequence.decoder.cell_cases import ASSAYS, Study, make_study
from tests.unit.sequence.model_cases import SHAPE, lively_model, random_onehot

torch.set_num_threads(1)
QUICK = Cells(rc=False, epochs=40, lr=1e-2, hidden=16, windows=4, genes=24, components=4, held_out=0.25, bootstrap=200)


@pytest.fixture(scope="module", params=[1.0, 0.0], ids=["gradient", "flat"])
def either(request, tmp_path_factory) -> tuple[float, Study]:
    return request.param, make_study(tmp_path_factory.mktemp("study"), request.param)


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    return make_study(tmp_path_factory.mktemp("study"), 1.0, windows=12, cells=60)


def parts(study: Study, held: np.ndarray) -> tuple[CellCounts, CellCounts]:
    whole = study.cells
    fitted, kept = (CellCounts(whole.z[rows], whole.counts[rows], whole.kind[rows]) for rows in (~held, held))
    return fitted, kept


def new_decoder(study: Study, seed: int = 0) -> CellDecoder:
    torch.manual_seed(seed)
    decoder = CellDecoder(3, SHAPE.width, study.layout.assays, QUICK.hidden)
    start(decoder, study.views, study.layout, study.cells)
    return decoder


def of_study(study: Study) -> LabelledCells:
    barcodes = [f"c{i}" for i in range(len(study.cells.z))]
    kinds = np.array(study.layout.types)[study.cells.kind]
    frame = {"cell": barcodes, "sample": "s", "barcode": barcodes, "cell_type": kinds}
    umis = np.asarray(study.cells.counts.sum(1)).ravel()
    return LabelledCells(pd.DataFrame(frame).assign(umis=umis), study.cells.counts, None, {})


# ---- embedding --------------------------------------------------------------------------------------------------


def test_the_embedding_sees_no_gene_that_a_held_out_window_touches(study):
    found = of_study(study)
    folds = study.genes["fold"].to_numpy()
    assert (visible_genes(study.genes, study.data.windows) == (folds == "train")).all()
    other = found.counts.toarray()
    other[:, folds != "train"] = np.random.default_rng(1).integers(0, 99, (len(other), (folds != "train").sum()))
    before, _, held = embed(found, study.genes, study.data.windows, QUICK, 1)
    after, _, _ = embed(found._replace(counts=sparse.csr_matrix(other)), study.genes, study.data.windows, QUICK, 1)
    assert before.tobytes() == after.tobytes()
    assert held.any() and not held.all()


def test_a_gene_that_reaches_into_a_test_window_is_hidden(study):
    windows = study.data.windows
    test = windows[windows["fold"] == "test"].iloc[0]
    gene = study.genes.iloc[[0]].assign(start=test["out_start"] - 500, end=test["out_start"] + 1, fold="train")
    assert not visible_genes(gene, windows)[0]
    assert visible_genes(gene.assign(end=test["out_start"]), windows[windows["fold"] == "test"])[0]


def test_held_out_cells_do_not_move_the_embedding(study):
    found = of_study(study)
    _, projection, held = embed(found, study.genes, study.data.windows, QUICK, 1)
    other = found.counts.toarray()
    other[held] = 7
    _, again, _ = embed(found._replace(counts=sparse.csr_matrix(other)), study.genes, study.data.windows, QUICK, 1)
    assert tensor_hash(projection.tensors()) == tensor_hash(again.tensors())


def test_projection_is_that_of_a_plain_svd_and_knows_genes_by_name():
    rng = np.random.default_rng(0)
    counts = rng.poisson(rng.gamma(1, 2, (50, 1)) * rng.gamma(1, 1, 30)[None])
    names = [f"g{i}" for i in range(30)]
    projection = Projection.fit(sparse.csr_matrix(counts), names, 3)
    total = counts.sum(1)
    logged = np.log1p(counts / np.maximum(total, 1)[:, None] * np.median(total[total > 0]))
    u, s, _ = np.linalg.svd(logged - logged.mean(0), full_matrices=False)
    found = projection(sparse.csr_matrix(counts), names)
    np.testing.assert_allclose(np.abs(found), np.abs(u[:, :3] * s[:3]), atol=1e-4)
    order = rng.permutation(30)
    moved = projection(sparse.csr_matrix(counts[:, order]), [names[i] for i in order])
    np.testing.assert_allclose(moved, found, atol=1e-5)
    with pytest.raises(UserError, match="0 of the embedding's 30 genes"):
        projection(sparse.csr_matrix(counts), [f"x{i}" for i in range(30)])


def test_held_out_hangs_on_the_barcode_alone():
    names = [f"AC{i}" for i in range(4000)]
    out = held_out(names, 0.2, 1)
    assert abs(out.mean() - 0.2) < 0.02
    assert (held_out(names[::-1], 0.2, 1)[::-1] == out).all()
    assert (held_out(names, 0.2, 2) != out).any()


# ---- decoder ----------------------------------------------------------------------------------------------------


def test_an_unfitted_decoder_gives_each_assay_its_mean_whatever_the_cell(study):
    decoder, z = new_decoder(study), torch.randn(5, 3)
    head = decoder.head(z)
    embedding = study.views.inputs(study.data.fold("train"), *np.zeros((2, 6), int))[0]
    coverage = head(embedding).log().mean((0, 1)).exp().view(5, -1)
    torch.testing.assert_close(
        coverage, torch.from_numpy(study.layout.mean).float().expand(5, -1), atol=0.02, rtol=0.02
    )
    rows = head.linear.weight.view(5, len(ASSAYS), -1)
    assert torch.equal(rows, rows[:1].expand_as(rows))


def test_a_cells_model_is_a_model_like_any_other(study):
    decoder = new_decoder(study)
    torch.nn.init.normal_(decoder.out.weight, std=0.2)
    z = np.random.default_rng(0).standard_normal((2, 3)).astype(np.float32)
    model = cell_model(study.base, decoder, z, ["c 1", "c2"])
    assert model.tracks == ["c_1_rna_plus", "c_1_rna_minus", "c2_rna_plus", "c2_rna_minus"]
    assert model.tracks == cell_tracks(["c 1", "c2"], ASSAYS)["slug"].tolist()
    assert model.strand_pair.tolist() == [1, 0, 3, 2]
    x = random_onehot(2)
    with torch.no_grad():
        embedding = study.base.trunk(x)
        expected = decoder.coverage(embedding.flatten(0, 1), torch.from_numpy(z[1:]), 0).view(2, -1)
    torch.testing.assert_close(model(x)[..., 2], expected)
    codes = study.data.sequence([0])
    assert predict(model, codes, True).shape == (1, SHAPE.out_bins, 4)
    assert not any(p.requires_grad for p in study.views.model.trunk.parameters())
    with pytest.raises(ValueError, match="3 names for 2 cells"):
        cell_model(study.base, decoder, z, ["a", "b", "c"])


# ---- fit and evaluation -----------------------------------------------------------------------------------------


def test_cells_are_told_apart_where_they_differ_and_only_there(either):
    gradient, study = either
    fitted, kept = parts(study, np.arange(len(study.cells.z)) % 4 == 0)
    decoder = new_decoder(study)
    before = tensor_hash(study.base.trunk.state_dict())
    fit_cells(decoder, study.views, study.layout, study.genes, fitted, QUICK, 0)
    assert tensor_hash(study.base.trunk.state_dict()) == before
    rows = evaluate_cells(decoder, study.views, study.layout, study.genes, fitted, kept, resamples=200, rc=False)
    gain = rows.query("metric == 'cell_deviance_gain' and group == 'all'").set_index(["model", "note"])
    for model, rival in (("decoder", "decoder_type"), ("measured_x_decoder", "measured_type")):
        found = gain.loc[model].filter(like=f"over {rival};", axis=0).iloc[0]
        assert found["ci_low"] > 0.05 if gradient else found["ci_low"] < 0 < found["ci_high"]
    assert set(rows["simulated"]) == {True}


def test_poisson_deviance_is_twice_the_log_likelihood_lost():
    from scipy.stats import poisson

    y, m = np.array([0.0, 1, 5]), np.array([0.3, 2.0, 4.0])
    saturated = poisson.logpmf(y, np.maximum(y, 1e-300))
    np.testing.assert_allclose(poisson_deviance(y, m), 2 * (saturated - poisson.logpmf(y, m)), atol=1e-9)


def test_the_step_writes_what_can_be_loaded_and_the_same_bytes_again(study, tmp_path):
    plain = lively_model()
    save_trunk(tmp_path / "trunk", plain)
    found, settings = of_study(study), QUICK.model_copy(update={"epochs": 2})
    arguments = (tmp_path / "trunk", study.data, study.tracks, study.genes, found, settings, 3)
    card = cells(tmp_path / "a", *arguments)
    cells(tmp_path / "b", *arguments)
    names = ("decoder.safetensors", "card.json", "embeddings.parquet", "evaluation.parquet")
    assert all((tmp_path / "a" / n).read_bytes() == (tmp_path / "b" / n).read_bytes() for n in names)
    assert card["embedding_may_have_seen_test_genes"] is False
    rows = tables.read(tmp_path / "a" / "embeddings.parquet", "cell_embeddings")
    assert rows["held_out"].sum() == card["cells"]["held_out"] > 0
    # Counts of held-out cells are in no weight.
    other = found.counts.toarray()
    other[rows["held_out"]] = 1
    changed = found._replace(counts=sparse.csr_matrix(other))
    cells(tmp_path / "c", *arguments[:4], changed, settings, 3)
    assert (tmp_path / "c" / names[0]).read_bytes() == (tmp_path / "a" / names[0]).read_bytes()

    loaded = load_cells(tmp_path / "a", tmp_path / "trunk")
    z = loaded.projection(found.counts, study.genes["gene_id"].tolist())
    np.testing.assert_array_equal(z, np.stack(rows["embedding"]))
    bins = tables.read(tmp_path / "a" / "evaluation.parquet", "metrics").query("metric == 'bin_pearson'")
    assert "cells" in set(bins["model"])
    assert loaded.model(z[:3], ["a", "b", "c"])(random_onehot(1)).shape == (1, SHAPE.out_bins, 6)
    save_trunk(tmp_path / "other", lively_model(seed=1))
    with pytest.raises(UserError, match="was fitted on trunk_hash"):
        load_cells(tmp_path / "a", tmp_path / "other")
