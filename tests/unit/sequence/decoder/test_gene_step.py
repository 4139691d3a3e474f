"""Studies with counts alone: heads are fitted, judged on test genes, and read back as adapters."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from presage.config.decoder import GeneHead
from presage.config.evaluate import Evaluate
from presage.errors import UserError
from presage.sequence.decoder.gene_step import gene_heads, summed_by_gene
from presage.sequence.decoder.gene_targets import GeneBins
from presage.sequence.loading import load_model
from presage.sequence.model.heads import Head
from presage.sequence.model.weights import save_trunk
from presage.sequence.targets.target_set import TargetSet
from presage.sequence.training.views import Views
from tests.unit.sequence.decoder.cell_cases import genes_of
from tests.unit.sequence.model_cases import SHAPE, lively_model, target_set

SETTINGS = GeneHead(epochs=60, lr=0.03, batch_genes=24, rc=False)  # the hidden head is of one strand
QUICK = Evaluate(bootstrap=100)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A trunk, windows whose sequence is in a FASTA, genes, and molecules that a hidden head of the trunk explains."""
    folder = tmp_path_factory.mktemp("genes")
    save_trunk(folder / "trunk", lively_model())
    stored = target_set(folder / "t.zarr", windows=48)
    letters = np.array(list("ACGT"))[stored.sequence(range(len(stored)))]
    (folder / "g.fa").write_text(">chr1\n" + "".join("".join(row) for row in letters) + "\n")
    data = TargetSet.without_coverage(stored.windows, SHAPE.bin_size, folder / "g.fa", simulated=True)
    assert np.array_equal(data.sequence([3, 1]), stored.sequence([3, 1]))
    genes, rng = genes_of(data.windows), np.random.default_rng(0)
    torch.manual_seed(1)
    truth = Head(SHAPE.width, 3, "exp")
    torch.nn.init.normal_(truth.linear.weight, std=1.0)
    base = load_model(folder / "trunk")
    base.trunk.requires_grad_(False)
    views, rates = Views(base, data, 1.0), np.zeros((3, len(genes)))
    for fold in ("train", "valid", "test"):
        bins = GeneBins.of(genes, data.windows, data.bin_size, fold)
        with torch.no_grad():
            rates[:, bins.rows] = bins.sums(truth(bins.embeddings(views))).T
    molecules = rng.poisson(rates / rates.sum(1, keepdims=True) * [[90000], [50000], [50000]])
    return folder, data, genes, pd.DataFrame(molecules, index=["B", "NK", "T cell"], columns=genes["gene_id"])


def test_heads_are_fitted_judged_and_read_back(study, tmp_path):
    folder, data, genes, counts = study
    rows = gene_heads(tmp_path, folder / "trunk", data, genes, counts, SETTINGS, QUICK, seeds=[1, 2])
    mean = rows[rows["seed"].isna() & (rows["group"] == "all")].set_index("metric")["value"]
    assert mean["gene_pearson"] > 0.8
    assert mean["across_types_r"] > 0.4
    assert mean["skill"] > 0.2
    assert set(rows["seed"].dropna()) == {1, 2} and rows["simulated"].all()
    model = load_model(folder / "trunk", tmp_path / "seed2")
    assert model.tracks == ["B_counts", "NK_counts", "T_cell_counts"]
    bins = GeneBins.of(genes, data.windows, data.bin_size, "test")
    found = summed_by_gene(model, Views(model, data, 1.0), bins)
    r = [np.corrcoef(np.log(found[:, i]), np.log1p(counts.to_numpy()[i, bins.rows]))[0, 1] for i in range(3)]
    assert min(r) > 0.7
    card = json.loads((tmp_path / "seed2" / "card.json").read_text())
    assert (card["fitted_to"], card["types"], card["simulated"]) == ("counts", ["B", "NK", "T cell"], True)
    again = gene_heads(tmp_path / "b", folder / "trunk", data, genes, counts, SETTINGS, QUICK, seeds=[1, 2])
    assert (tmp_path / "b/seed2/card.json").read_text() == (tmp_path / "seed2" / "card.json").read_text()
    assert np.isfinite(again["value"]).all()


def test_types_without_molecules_are_left_out_and_none_at_all_is_refused(study, tmp_path):
    folder, data, genes, counts = study
    quick = SETTINGS.model_copy(update={"epochs": 1})
    some = counts * np.array([[1], [0], [1]])
    gene_heads(tmp_path, folder / "trunk", data, genes, some, quick, QUICK, seeds=[1])
    assert load_model(folder / "trunk", tmp_path / "seed1").tracks == ["B_counts", "T_cell_counts"]
    other = counts.rename(columns=lambda name: f"{name}x")
    with pytest.raises(UserError, match="no cell type has molecules in train genes; check that gene names"):
        gene_heads(tmp_path, folder / "trunk", data, genes, other, quick, QUICK, seeds=[1])
    with pytest.raises(UserError, match="no test gene lies in the windows"):
        none = genes[genes["fold"] != "test"].reset_index(drop=True)
        gene_heads(tmp_path, folder / "trunk", data, none, counts[none["gene_id"]], quick, QUICK, seeds=[1])
