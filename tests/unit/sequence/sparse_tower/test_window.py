"""Windows: sparse against one plain forward pass for each edited sequence, wherever edits lie, whatever the trunk."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from presage.config.adapt import Adapter, AdaptRun
from presage.config.trunk import EnformerShape
from presage.sequence.model.heads import Head
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.sparse_tower import Edit, open_window, unsupported
from presage.sequence.trunk.enformer import Enformer
from tests.unit.sequence.adapters.cases import RUNS, adapted_model
from tests.unit.sequence.model_cases import SHAPE
from tests.unit.sequence.sparse_tower.cases import (
    applied,
    assert_as_dense,
    change,
    dense,
    lively,
    random_codes,
    shapes,
)

TOKEN = SHAPE.token_size
DEEP = SHAPE.model_copy(update={"depth": 2, "ups": 2, "final_width": 10, "crop": 5, "context": 1024})
BINS = DEEP.out_bins


@settings(max_examples=60)
@given(shapes(), st.data())
def test_any_trunk_any_edits_any_bins(shape, data):
    model, seed = lively(shape), data.draw(st.integers(0, 99))
    codes = random_codes(shape.context, seed, unknown=data.draw(st.sampled_from([0, 50])))
    last = shape.context - 1
    starts = data.draw(st.lists(st.integers(0, last) | st.sampled_from([0, last]), min_size=1, max_size=4))
    edits = [change(codes, at, min(data.draw(st.integers(1, 30)), last + 1 - at), seed) for at in starts]
    first = data.draw(st.integers(0, shape.out_bins - 1))
    bins = data.draw(st.none() | st.integers(first + 1, shape.out_bins).map(lambda end: (first, end)))
    reverse = data.draw(st.booleans())
    window = open_window(model, codes, reverse=reverse, bins=bins)
    part = bins or (None, None)
    assert (window.coverage - dense(model, codes, reverse)[slice(*part)]).abs().max() < 1e-5 * window.coverage.max()
    assert_as_dense(model, codes, edits, window.edited(edits), reverse, part)


@pytest.mark.parametrize("reverse", [False, True])
def test_every_alignment_and_both_ends(reverse):
    model, codes = lively(DEEP), random_codes(DEEP.context)
    middle, end = DEEP.context // 2, DEEP.context
    starts = [*range(40), *range(middle, middle + 2 * TOKEN), *range(end - 40, end)]
    edits = [change(codes, at) for at in starts]
    effect = assert_as_dense(model, codes, edits, open_window(model, codes, reverse=reverse).edited(edits), reverse)
    assert effect > 1e-2  # one base moves the output a thousand times more than is tolerated


@pytest.mark.parametrize("length", [2, 7, 25, 200])
def test_edits_of_several_lengths_in_one_batch(length):
    model, codes = lively(DEEP), random_codes(DEEP.context)
    edits = [change(codes, at, length) for at in (0, 333, 334, DEEP.context - length)]
    edits += [change(codes, 500), change(codes, DEEP.context - 1), change(codes, 0, DEEP.context)]
    assert_as_dense(model, codes, edits, open_window(model, codes).edited(edits))


def test_edits_in_and_beside_unknown_bases():
    model = lively(DEEP)
    codes = random_codes(DEEP.context, unknown=200)
    codes[600:640] = 4
    edits = [change(codes, at, 3) for at in (0, 100, 197, 198, 200, 598, 610, 638, 640)]
    assert_as_dense(model, codes, edits, open_window(model, codes).edited(edits))


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("bins", [(0, 1), (0, 9), (BINS - 1, BINS), (BINS - 9, BINS), (BINS // 2, BINS // 2 + 3)])
def test_ranges_of_bins(bins, reverse):
    """Near the edit, far from it, at both edges; embeddings are those that the head turns into coverage."""
    model, codes = lively(DEEP), random_codes(DEEP.context)
    window = open_window(model, codes, bins=bins, reverse=reverse)
    edits = [change(codes, at) for at in (1, 300, 512, 1000)]
    found = window.edited(edits)
    assert_as_dense(model, codes, edits, found, reverse, bins)
    pair = model.strand_pair if reverse else slice(None)
    with torch.no_grad():
        torch.testing.assert_close(model.head(window.embedding)[:, pair], window.coverage)
    assert window.embedding.shape == (bins[1] - bins[0], DEEP.width)


def test_the_last_block_and_the_decoder_see_little_more_than_the_bins():
    model, codes = lively(DEEP.model_copy(update={"context": 4096})), random_codes(4096)
    window, sizes = open_window(model, codes, bins=(500, 504)), {}
    layers = {"mlp": model.trunk.transformer[1].mlp_in, "up": model.trunk.unet[1], "final": model.trunk.final}
    for name, layer in layers.items():
        layer.register_forward_hook(lambda _, given, made, name=name: sizes.update({name: made.shape}))
    window.edited([change(codes, 2048)])
    assert sizes["mlp"][1] <= 6 and sizes["up"][2] <= 12 and sizes["final"][2] == 4


@pytest.mark.parametrize("name", [name for name in RUNS if name not in ("squeeze_excite", "together")])
def test_adapters_are_in_the_slivers(name):
    model = adapted_model(RUNS[name])
    assert unsupported(model) is None
    codes = random_codes(SHAPE.context)
    edits = [change(codes, at, 3) for at in (0, 100, 255, 509)]
    plain = dense(adapted_model(RUNS[name], stirred=False), codes)
    assert (dense(model, codes) - plain).abs().max() > 1e-3
    assert_as_dense(model, codes, edits, open_window(model, codes, reverse=True).edited(edits), reverse=True)


def test_parts_that_look_at_all_tokens_may_stand_in_the_transformer():
    """There the last block gives all tokens, or a squeeze-and-excite would take the mean of some."""
    run = AdaptRun(
        name="x", kind="squeeze_excite", rank=3, targets=("transformer.*.slot_*",),
        also=(Adapter(kind="houlsby", rank=2, targets=("tower.*.slot",)),),
    )  # fmt: skip
    model = adapted_model(run)
    assert unsupported(model) is None
    codes = random_codes(SHAPE.context)
    edits = [change(codes, 200), change(codes, 10, 9)]
    assert_as_dense(model, codes, edits, open_window(model, codes, bins=(5, 9)).edited(edits), bins=(5, 9))


def enformer():
    torch.manual_seed(0)
    trunk = Enformer(
        EnformerShape(context=512, crop=3, stem_width=4, tower_widths=(4, 6), depth=2, heads=2, key_size=3)
    )
    for block in trunk.transformer:
        torch.nn.init.normal_(block.attention.features)
    return SequenceModel(trunk, Head(trunk.width, 3), ["a+", "a-", "b"], np.array([1, 0, 2]))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (enformer, "the tower of Enformer"),
        (lambda: adapted_model(RUNS["squeeze_excite"]), "SqueezeExcite in tower.0.slot"),
        (lambda: adapted_model(RUNS["together"]), "SqueezeExcite in tower.0.slot"),
    ],
)
@pytest.mark.parametrize("bins", [None, (2, 7)])
def test_unsupported_models_go_the_dense_way(make, reason, bins):
    model = make()
    assert unsupported(model).startswith(reason)
    codes = random_codes(512)
    edits = [change(codes, 5), change(codes, 250, 4)]
    window = open_window(model, codes, reverse=True, bins=bins)
    assert_as_dense(model, codes, edits, window.edited(edits), reverse=True, bins=bins or (None, None))


def test_switched_off_it_is_the_plain_forward_pass_to_the_bit():
    model, codes = lively(), random_codes(SHAPE.context)
    edits = [change(codes, 5), change(codes, 250, 4)]
    window = open_window(model, codes, sparse=False)
    assert torch.equal(window.coverage, dense(model, codes))
    with torch.no_grad():
        expected = window.whole(np.stack([applied(codes, edit) for edit in edits]))
    assert torch.equal(window.edited(edits), expected)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
def test_other_sequences_on_the_same_bins(sparse, reverse):
    """An indel shifts everything on one side, so it is no edit."""
    model, codes = lively(), random_codes(SHAPE.context)
    deleted = np.concatenate([codes[:100], codes[103:], codes[:3]])
    window = open_window(model, codes, reverse=reverse, bins=(4, 20), sparse=sparse)
    found = window.whole(np.stack([deleted, codes]))
    largest = window.coverage.max()
    assert (found[0] - dense(model, deleted, reverse)[4:20]).abs().max() < 1e-5 * largest
    assert (found[1] - window.coverage).abs().max() < 1e-5 * largest


@pytest.mark.parametrize("sparse", [False, True])
def test_edits_that_change_nothing_cost_nothing(sparse):
    model, codes = lively(), random_codes(SHAPE.context)
    window, calls = open_window(model, codes, reverse=True, sparse=sparse), []
    for layer in (model.trunk.stem, *model.trunk.tower, *model.trunk.transformer, *model.trunk.unet):
        layer.register_forward_hook(lambda *_: calls.append(1))
    same = [Edit(9, codes[9:10]), Edit(100, codes[100:120]), Edit(0, codes[:0])]
    found = window.edited(same)
    assert not calls
    assert all(torch.equal(own, window.coverage) for own in found)
    assert window.edited([]).shape == (0, *window.coverage.shape)
    mixed = window.edited([same[0], change(codes, 40), same[1]])
    assert torch.equal(mixed[0], window.coverage) and torch.equal(mixed[2], window.coverage)
    assert (mixed[1] - window.edited([change(codes, 40)])[0]).abs().max() < 1e-6 * window.coverage.max()
    assert not torch.equal(mixed[1], window.coverage)


def test_a_window_is_as_it_was_after_its_edits():
    model, codes = lively(DEEP), random_codes(DEEP.context)
    window, before = open_window(model, codes), codes.copy()
    edit = change(codes, 77)
    first = window.edited([edit])
    window.edited([change(codes, at, 9) for at in range(70, 90)])
    assert torch.equal(window.edited([edit]), first)
    assert np.array_equal(codes, before)


def test_under_autocast_it_is_as_near_as_half_precision_is():
    model, codes = lively(DEEP), random_codes(DEEP.context)
    edits = [change(codes, 300), change(codes, 512, 6)]
    with torch.autocast("cpu", torch.bfloat16):
        window = open_window(model, codes, bins=(10, 200))
        found = window.edited(edits)
    assert found.dtype == window.coverage.dtype == window.embedding.dtype == torch.float32
    expected = torch.stack([dense(model, applied(codes, edit))[10:200] for edit in edits])
    assert (found - expected).abs().max() < 0.05 * expected.max()


@pytest.mark.parametrize(
    ("codes", "bins", "what"),
    [
        (random_codes(SHAPE.context - 1), None, "expected"),
        (random_codes(SHAPE.context), (3, 3), "bins"),
        (random_codes(SHAPE.context), (-1, 3), "bins"),
        (random_codes(SHAPE.context), (0, SHAPE.out_bins + 1), "bins"),
    ],
)
def test_windows_that_do_not_fit(codes, bins, what):
    with pytest.raises(ValueError, match=what):
        open_window(lively(), codes, bins=bins)


def test_a_model_in_training_is_put_into_eval_mode():
    model, codes = lively(), random_codes(SHAPE.context)
    expected = dense(model, codes)
    model.frozen = False
    window = open_window(model.train(), codes)
    assert (window.coverage - expected).abs().max() < 1e-5 * expected.max()


def test_the_real_mini_borzoi(real_data, tmp_path):
    """Real weights and a real sequence that starts beside N: edits in the middle, at the ends, beside the N."""
    from presage.sequence.model.keras import load_keras_h5
    from presage.sequence.reference.genome import prepare_fasta

    folder = real_data / "mini_borzoi"
    model = load_keras_h5(folder / "model.h5", folder / "params.json", folder / "targets.txt")
    genome = prepare_fasta(folder / "hg38_chr1_1m.fa.gz", tmp_path / "genome.fa")
    codes = genome.codes("chr1", 9_000, 9_000 + model.trunk.context)
    assert (codes == 4).any()
    middle = len(codes) // 2
    edits = [change(codes, at, length) for at, length in ((middle, 1), (middle + 77, 21), (999, 1), (1000, 4))]
    for reverse, bins in ((False, (None, None)), (True, (1000, 1040))):
        window = open_window(model, codes, reverse=reverse, bins=bins if reverse else None)
        assert assert_as_dense(model, codes, edits, window.edited(edits), reverse, bins) > 1e-3
