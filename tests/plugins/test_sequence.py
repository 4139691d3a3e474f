"""A trunk, an adapter and a score as plugins, through the functions that a run calls."""

import numpy as np
import pytest
import torch

from presage import tables
from presage.config.adapt import AdaptRun
from presage.config.trunk import Trunk
from presage.errors import UserError
from presage.sequence.adapters import attach
from presage.sequence.adapters.files import load_adapter, save_adapter
from presage.sequence.model.sequence_model import base_state, tensor_hash
from presage.sequence.model.weights import load_trunk
from presage.sequence.training.trunk_step import make_trunk
from presage.sequence.variants.alleles import Variant
from presage.sequence.variants.effects import effects
from presage.sequence.variants.scorer import Scorer
from tests.unit.sequence.adapters.cases import stir
from tests.unit.sequence.model_cases import SHAPE, lively_model, lively_trunk, random_onehot
from tests.unit.sequence.variants.cases import random_genome, small_model
from tests.unit.sequence.variants.test_part import gathered, score, write_sites


def test_an_adapter_starts_as_no_change_leaves_the_trunk_alone_and_comes_back_from_its_file(with_plugins, tmp_path):
    with_plugins("kron")
    run = AdaptRun(name="k", kind="kron", rank=2)
    assert run.targets == ("transformer.*.attention.*",)
    model, x = lively_model(), random_onehot(2)
    plain, before = model(x), tensor_hash(base_state(model.trunk))
    assert attach(model.trunk, run)
    assert torch.equal(model(x), plain)
    stir(model.trunk)
    changed = model(x)
    assert not torch.allclose(changed, plain) and tensor_hash(base_state(model.trunk)) == before
    save_adapter(tmp_path, model, run, {})
    assert torch.equal(load_adapter(lively_model(), tmp_path)(x), changed)


def test_an_adapter_that_does_not_fit_is_refused_in_one_line(with_plugins):
    with_plugins("kron")
    with pytest.raises(UserError, match="rank 7 does not divide a weight of"):
        attach(lively_trunk(), AdaptRun(name="k", kind="kron", rank=7))


def test_a_trunk_is_written_like_any_other_and_its_seed_counts(with_plugins, tmp_path):
    with_plugins("untrained")
    settings = Trunk(kind="untrained", shape=SHAPE)
    hashes = [make_trunk(tmp_path / str(k), settings, seed, 1)["trunk_hash"] for k, seed in enumerate((1, 1, 2))]
    assert hashes[0] == hashes[1] != hashes[2]
    trunk = load_trunk(tmp_path / "0")
    assert trunk.card["origin"] == "untrained" and trunk(random_onehot(1)).shape == (1, SHAPE.out_bins, 1)


def test_a_score_is_a_column_of_the_table(with_plugins, tmp_path):
    genome, text = random_genome(tmp_path)
    scorer = Scorer([small_model(1)], genome, False, 0.5)
    chrom = next(iter(text))
    base = text[chrom][137]
    site = Variant("", chrom, 137, base, base.translate(str.maketrans("ACGT", "CATG")), 1)
    without = effects(scorer, scorer.window(site), [site]).scores
    with_plugins("peak_log_fc")
    found = effects(scorer, scorer.window(site), [site]).scores
    assert set(found) - set(without) == {"peak_log_fc"}
    assert found["peak_log_fc"].shape == found["log_fc"].shape
    # The bin that changes most changes at least as much as all bins of the span together.
    assert (np.abs(found["peak_log_fc"]) >= np.abs(found["log_fc"]) - 1e-5).all()
    assert np.abs(found["peak_log_fc"]).max() > 0
    column = tables.schema("variant_effects").field("peak_log_fc")
    assert column.metadata[b"unit"] == b"log2" and "peak_log_fc" not in tables.empty("gene_scores")


def test_a_score_goes_through_to_the_table_that_a_run_leaves(with_plugins, tmp_path):
    with_plugins("peak_log_fc")
    genome, text = random_genome(tmp_path)
    sites = tmp_path / "sites.parquet"
    write_sites(sites, text, [100, 130, 190])
    scores, _, out = gathered(tmp_path, sites, score(tmp_path, sites, genome, 2), genome)
    assert scores.columns[-1] == "peak_log_fc" and scores["peak_log_fc"].abs().min() > 0
    with_plugins()
    assert tables.read(out["scores"], "scores")["peak_log_fc"].equals(scores["peak_log_fc"]), "read without the plugin"
