"""Genes as targets: bins of exons against the evaluation's own, and a head that learns from counts alone."""

import numpy as np
import pandas as pd
import pytest
import torch

from presage.errors import UserError
from presage.sequence.decoder.gene_head import fit_gene_head
from presage.sequence.decoder.gene_targets import GeneBins
from presage.sequence.decoder.network import with_head
from presage.sequence.evaluation.genes import locate
from presage.sequence.model.heads import Head
from presage.sequence.training.views import Views
from tests.unit.sequence.decoder.cell_cases import genes_of
from tests.unit.sequence.model_cases import SHAPE, lively_model, target_set

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return target_set(tmp_path_factory.mktemp("data") / "targets.zarr", windows=48)


@pytest.fixture(scope="module")
def views(data):
    model = lively_model()
    model.trunk.requires_grad_(False)
    return Views(model, data, 1.0)


def test_bins_are_those_of_the_evaluation(data):
    genes, rows = genes_of(data.windows), data.fold("test")
    ours = GeneBins.of(genes, data.windows, data.bin_size, "test")
    info = pd.DataFrame([("x", "rna", ".")], columns=["cell_type", "assay", "strand"])
    theirs = locate(genes, data.windows.iloc[rows], info, data.bin_size, "test")
    expected = {(int(g), int(rows[w]), int(b)) for w, pairs in enumerate(theirs.bins) for g, b in pairs}
    assert set(zip(ours.gene.tolist(), ours.window.tolist(), ours.bin.tolist())) == expected
    assert ours.minus.tolist() == (genes["strand"][ours.rows] == "-").tolist()


def test_a_place_that_two_windows_predict_counts_once_and_a_cut_gene_not_at_all(data):
    windows = data.windows.iloc[[0, 0]].reset_index(drop=True)
    half = SHAPE.out_bins // 2 * data.bin_size
    windows.loc[1, ["out_start", "out_end"]] += half
    first, end = int(windows["out_start"][0]), int(windows["out_end"][1])
    gene = {"gene_id": "g", "chrom": "chr1", "strand": "+", "fold": windows["fold"][0], "start": first, "end": end}
    whole = pd.DataFrame([{**gene, "exon_starts": [first], "exon_ends": [end]}])
    bins = GeneBins.of(whole, windows, data.bin_size, windows["fold"][0])
    places = windows["out_start"].to_numpy()[bins.window] + bins.bin * data.bin_size
    assert sorted(places) == list(range(first, end, data.bin_size))
    long = whole.assign(end=end + 10_000, exon_ends=[[end + 10_000]])
    assert (len(cut := GeneBins.of(long, windows, data.bin_size, windows["fold"][0])), cut.incomplete) == (0, 1)


def test_flipped_embeddings_are_those_of_the_reverse_complement(views, data):
    bins = GeneBins.of(genes_of(data.windows), data.windows, data.bin_size, "valid").take(np.array([3, 1]))
    assert sorted(set(bins.gene.tolist())) == [0, 1]
    with torch.no_grad():
        x = torch.from_numpy(data.onehot(bins.window))
        flipped = views.model.trunk(x.flip(1, 2)).flip(1)
        straight = views.model.trunk(x)
    at = torch.arange(len(bins.bin))
    torch.testing.assert_close(bins.embeddings(views), straight[at, bins.bin], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(bins.embeddings(views, True), flipped[at, bins.bin], atol=1e-5, rtol=1e-5)


def test_a_head_learns_from_counts_alone(views, data):
    genes, rng = genes_of(data.windows), np.random.default_rng(0)
    torch.manual_seed(1)
    truth = Head(SHAPE.width, 2, "exp")
    torch.nn.init.normal_(truth.linear.weight, std=0.3)
    whole = [GeneBins.of(genes, data.windows, data.bin_size, fold) for fold in ("train", "valid", "test")]
    rates = np.zeros((2, len(genes)))
    for bins in whole:
        with torch.no_grad():
            rates[:, bins.rows] = bins.sums(truth(bins.embeddings(views))).T
    counts = rng.poisson(rates / rates.sum(1, keepdims=True) * [[9000], [1500]])
    model, found = fit_gene_head(views, genes, counts, ["x", "y"], seed=0, epochs=60, lr=0.03, batch_genes=24, rc=False)
    again, _ = fit_gene_head(views, genes, counts, ["x", "y"], seed=0, epochs=60, lr=0.03, batch_genes=24, rc=False)
    assert torch.equal(model.head.linear.weight, again.head.linear.weight)
    assert found.best_epoch > 0
    with torch.no_grad():
        predicted = whole[2].sums(model.head(whole[2].embeddings(views))).T.numpy()
    for track in (0, 1):
        r = np.corrcoef(np.log(predicted[track]), np.log(rates[track, whole[2].rows]))[0, 1]
        assert r > 0.8
    ratio = np.corrcoef(np.log(predicted[0] / predicted[1]), np.log(rates[0] / rates[1])[whole[2].rows])[0, 1]
    assert ratio > 0.6
    assert isinstance(model, type(with_head(views.model, model.head, ["x", "y"], np.arange(2))))
    with pytest.raises(UserError, match="cell type y: has no molecule"):
        fit_gene_head(views, genes, counts * [[1], [0]], ["x", "y"], seed=0)
