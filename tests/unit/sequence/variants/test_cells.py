"""Effects in single cells: which cells, and that each is scored by its own model."""

import numpy as np
import pandas as pd
import pytest
import torch

from presage import tables
from presage.config.variants import Variants
from presage.sequence.decoder.files import CellPredictor
from presage.sequence.decoder.network import CellDecoder
from presage.sequence.variants.cells import choose_cells, score_cells
from presage.sequence.variants.effects import effects
from presage.sequence.variants.scorer import Scorer
from tests.unit.sequence.variants.cases import random_genome, small_model
from tests.unit.sequence.variants.test_part import write_sites

ASSAYS = [("rna", "+"), ("rna", "-"), ("atac", ".")]


def cells(types, dim=3):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "cell": [f"s:{i}" for i in range(len(types))],
            "cell_type": types,
            "embedding": list(rng.standard_normal((len(types), dim)).astype(np.float32)),
        }
    )


def test_cells_are_drawn_evenly_over_types():
    table = cells(["a"] * 50 + ["b"] * 5 + ["c"])
    kept = choose_cells(table, 12, 1)
    assert kept["cell_type"].value_counts().to_dict() == {"a": 6, "b": 5, "c": 1}
    assert kept.index.is_monotonic_increasing and kept.equals(choose_cells(table, 12, 1))
    assert not kept.equals(choose_cells(table, 12, 2)) and len(choose_cells(table, 1000, 1)) == 56


@pytest.mark.parametrize("batch_size", [2, 16])
def test_each_cell_is_scored_by_its_own_model(tmp_path, batch_size):
    genome, text = random_genome(tmp_path)
    sites = tmp_path / "sites.parquet"
    variants = write_sites(sites, text, [100, 105, 110, 118, 125])
    base = small_model(1)
    torch.manual_seed(3)
    decoder = CellDecoder(3, base.trunk.width, ASSAYS, hidden=4)
    torch.nn.init.normal_(decoder.out.weight, std=0.1)  # at the start every cell is alike
    predictor, table = CellPredictor(base, decoder, None, {}), cells(["a", "a", "b"])
    settings = Variants(window_step=40, span={"atac": 64})
    assert score_cells(sites, predictor, table, genome, settings, tmp_path / "c.parquet", batch_size=batch_size) == 5
    found = tables.read(tmp_path / "c.parquet", "cell_scores")
    assert found["variant"].tolist() == [v.name for v in variants for _ in range(9)]
    assert found["cell_type"].tolist()[:9] == ["a"] * 6 + ["b"] * 3
    for i, cell in enumerate(table["cell"]):
        one = predictor.model(np.stack(table["embedding"])[i : i + 1], [cell])
        scorer = Scorer([one], genome, spans=[None, None, 64], step=40)
        own = found[found["cell"] == cell]
        for variant in variants:
            expected = effects(scorer, scorer.window(variant), [variant]).scores["log_fc"][0]
            np.testing.assert_allclose(own["log_fc"][own["variant"] == variant.name], expected, atol=1e-5)
    wide = found.pivot_table(index="variant", columns=["cell", "assay", "strand"], values="log_fc")
    assert wide.std(axis=1).min() > 1e-4  # cells do differ
