"""Every kind: no-op at the start, frozen stays frozen, exact merge and detach, closed counts, bad requests."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import nn

from presage.config.adapt import DEFAULTS, Adapter, AdaptRun
from presage.config.trunk import TrunkShape
from presage.errors import UserError
from presage.sequence.adapters import KINDS, attach
from presage.sequence.adapters.parts import detach, merge, placed
from presage.sequence.adapters.places import match, places
from presage.sequence.adapters.table import adapter_parameters, resolved, resolved_text, trainable_fraction
from presage.sequence.model.sequence_model import SequenceModel, base_state, is_adapter, tensor_hash
from presage.sequence.trunk.borzoi import Borzoi, parameters
from presage.sequence.trunk.presets import BORZOI
from tests.unit.sequence.adapters.cases import MERGEABLE, RUNS, adapted_model, stir
from tests.unit.sequence.model_cases import TRACKS, lively_trunk, random_onehot

every_run = pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)


def test_every_kind_has_a_case_and_defaults():
    assert {run.kind for run in RUNS.values()} == set(KINDS) == set(DEFAULTS) - {"probe", "ridge"}


@every_run
def test_untrained_adapters_change_no_bit(run):
    x, plain = random_onehot(2), lively_trunk()
    model = adapted_model(run, stirred=False)
    with torch.no_grad():
        expected = plain(x)
        assert torch.equal(model.trunk(x), expected)
        stir(model.trunk)
        assert (model.trunk(x) - expected).abs().max() > 1e-3
    assert tensor_hash(base_state(model.trunk)) == model.trunk_hash == tensor_hash(plain.state_dict())


@every_run
def test_every_part_gets_a_gradient_and_no_frozen_tensor_does(run):
    model = adapted_model(run).train()
    (model(random_onehot(2)) ** 2).sum().backward()
    for name, parameter in model.named_parameters():
        trained = name.startswith("head.") or is_adapter(name)
        assert parameter.requires_grad == trained
        assert (parameter.grad is not None and bool(parameter.grad.abs().max() > 0)) == trained, name


@every_run
def test_detached_trunk_is_the_trunk(run):
    model, plain = adapted_model(run), lively_trunk()
    detach(model.trunk)
    assert not placed(model.trunk)
    assert set(model.trunk.state_dict()) == set(plain.state_dict())
    assert torch.equal(model.trunk(random_onehot(1)), plain(random_onehot(1)))


@pytest.mark.parametrize("name", MERGEABLE)
def test_merge_keeps_the_output_and_unmerge_takes_it_back(name):
    model, x = adapted_model(RUNS[name]), random_onehot(2)
    with torch.no_grad():
        expected = model(x)
        state = {key: tensor.clone() for key, tensor in model.trunk.state_dict().items()}
        unmerge = merge(model.trunk)
        assert not placed(model.trunk)
        assert set(model.trunk.state_dict()) == set(lively_trunk().state_dict())
        torch.testing.assert_close(model(x), expected, atol=1e-5, rtol=0)
        unmerge()
        assert torch.equal(model(x), expected)
    after = model.trunk.state_dict()
    assert set(after) == set(state) and all(torch.equal(after[key], state[key]) for key in state)


def test_what_stands_between_layers_is_not_merged():
    for name in ("houlsby", "squeeze_excite", "together"):
        model = adapted_model(RUNS[name])
        before = placed(model.trunk)
        with pytest.raises(ValueError, match=r"slot.*stands between layers"):
            merge(model.trunk)
        assert placed(model.trunk) == before


@every_run
def test_a_frozen_trunk_stays_in_eval_through_train_and_eval(run):
    model, x = adapted_model(run), random_onehot(4)
    before, expected = tensor_hash(base_state(model.trunk)), model(x)
    for mode in (True, False, True):
        model.train(mode)
        assert torch.equal(model(x), expected)
        assert not any(m.training for m in model.trunk.modules() if isinstance(m, nn.BatchNorm1d | nn.Dropout))
    assert tensor_hash(base_state(model.trunk)) == before
    asked = SequenceModel(model.trunk, model.head, TRACKS, model.strand_pair, trunk_dropout=True).train()
    assert [m.training for m in asked.trunk.modules() if isinstance(m, nn.Dropout)] == [True]
    assert not any(m.training for m in asked.trunk.modules() if isinstance(m, nn.BatchNorm1d))


# ---- counts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("run", "count"),
    [
        (AdaptRun(name="x", kind="lora"), 327_680),
        (AdaptRun(name="x", kind="dora"), 327_680 + 8 * (512 + 1536)),
        (AdaptRun(name="x", kind="ia3"), 40_960),
        (AdaptRun(name="x", kind="locon", also=(Adapter(kind="lora"),)), 426_112),
        (AdaptRun(name="x", kind="houlsby"), 16 * (2 * 1536 * 8 + 1536 + 8)),
        (AdaptRun(name="x", kind="norm"), 8 * 2 * 2 * 1536),
        (AdaptRun(name="x", kind="squeeze_excite"), sum(2 * c * 16 + 16 + c for c in (896, 1056, 1280, 1536))),
    ],
    ids=lambda value: value.kind if isinstance(value, AdaptRun) else str(value),
)
def test_counts_on_the_published_size(run, count):
    with torch.device("meta"):
        trunk = Borzoi(BORZOI)
        attach(trunk, run)
    assert adapter_parameters(trunk) == count


@settings(max_examples=15, deadline=None)
@given(
    rank=st.integers(1, 8),
    widths=st.lists(st.integers(8, 24), min_size=2, max_size=4),
    depth=st.integers(1, 2),
    heads=st.integers(1, 3),
    key=st.integers(4, 8),
    value=st.integers(4, 8),
)
def test_counts_equal_closed_formulas(rank, widths, depth, heads, key, value):
    shape = TrunkShape(
        context=512,
        crop=2,
        stem_width=8,
        tower_widths=widths,
        depth=depth,
        heads=heads,
        key_size=key,
        value_size=value,
        ups=1,
    )
    rank = min(rank, heads * key, heads * value)
    width, inner = widths[-1], (8, *widths)

    def count(**run):
        with torch.device("meta"):
            trunk = Borzoi(shape)
            attach(trunk, AdaptRun(name="x", **run))
        return adapter_parameters(trunk)

    qv = rank * (2 * width + heads * key + heads * value)
    assert count(kind="lora", rank=rank) == depth * qv
    assert count(kind="dora", rank=rank) == depth * (qv + heads * (key + value))
    assert count(kind="ia3") == depth * (heads * (key + value) + 2 * width)
    assert count(kind="houlsby", rank=rank) == depth * 2 * (2 * width * rank + rank + width)
    assert count(kind="squeeze_excite", rank=rank) == sum(2 * c * rank + rank + c for c in widths[-4:])
    last = list(zip(inner, widths))[-4:]
    assert count(kind="locon", rank=rank) == sum(rank * (5 * a + b) for a, b in last)
    assert count(kind="norm") == depth * 4 * width
    with torch.device("meta"):
        plain = Borzoi(shape)
    biases = [tensor for name, tensor in plain.named_parameters() if name.endswith(".bias")]
    assert count(kind="bitfit") == sum(tensor.numel() for tensor in biases)
    assert count(kind="full") == parameters(plain)


def test_table_names_what_is_trained():
    model = adapted_model(AdaptRun(name="x", kind="lora", rank=2))
    rows = resolved(model)
    assert [(row.place, row.label, row.shape, row.trainable) for row in rows] == [
        ("transformer.0.attention.query.weight", "lora", (8, 16), 2 * (8 + 16)),
        ("transformer.0.attention.value.weight", "lora", (16, 16), 2 * (16 + 16)),
        ("head", "head", (3, 16), 3 * 17),
    ]
    adapter = 2 * (8 + 16) + 2 * (16 + 16)
    own = parameters(lively_trunk())
    assert trainable_fraction(model) == pytest.approx(adapter / own)
    assert f"{adapter} trainable in a trunk of {own:,d}" in resolved_text(model)
    for run in RUNS.values():
        model = adapted_model(run)
        trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
        assert sum(row.trainable for row in resolved(model)) == trained


# ---- places -------------------------------------------------------------------------------------------------------


def test_patterns_match_whole_names_and_slices():
    names = ["a.query", "a.query_norm", "b.query", "c.query"]
    assert match(names, ["*.query"], "x") == ["a.query", "b.query", "c.query"]
    assert match(names, ["b.*", "a.query"], "x") == ["a.query", "b.query"]
    assert match(names, ["*.query[-2:]"], "x") == ["b.query", "c.query"]
    assert match(names, ["[bc].query[:1]"], "x") == ["b.query"]


def test_places_are_everything_with_parameters_and_the_slots():
    trunk = lively_trunk()
    found = places(trunk)
    own = {name.rpartition(".")[0] for name, _ in trunk.named_parameters()}
    assert set(found) == own | {name for name, _ in trunk.named_modules() if "slot" in name}


def test_a_pattern_that_fits_nothing_is_refused():
    with pytest.raises(UserError, match=r"run x: target 'transformer.*.q_proj' fits no layer; layers are .*query"):
        attach(lively_trunk(), AdaptRun(name="x", kind="lora", targets=("stem", "transformer.*.q_proj")))
    with pytest.raises(UserError, match=r"target 'stem' fits no layer; layers are tower.\*.slot"):
        attach(lively_trunk(), AdaptRun(name="x", kind="houlsby", targets=("stem",)))
    with pytest.raises(UserError, match=r"target 'transformer.\*.ffn' fits no layer"):
        attach(lively_trunk(), AdaptRun(name="x", kind="ia3", inputs=("transformer.*.ffn",)))


def test_what_a_place_cannot_carry_is_refused():
    with pytest.raises(UserError, match="rank 99 does not fit"):
        attach(lively_trunk(), AdaptRun(name="x", kind="lora", rank=99))
    with pytest.raises(UserError, match=r"unet.0.depthwise: a grouped convolution"):
        attach(lively_trunk(), AdaptRun(name="x", kind="lora", rank=1, targets=("unet.*",)))
    twice = AdaptRun(name="x", kind="lora", rank=1, also=(Adapter(kind="lora", rank=2),))
    with pytest.raises(UserError, match=r"query: has lora on its weight already"):
        attach(lively_trunk(), twice)
    slots = AdaptRun(name="x", kind="houlsby", targets=("tower.*.slot",), also=(Adapter(kind="squeeze_excite"),))
    with pytest.raises(UserError, match=r"tower.0.slot: is taken by another adapter"):
        attach(lively_trunk(), slots)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "ia3", "rank": 4}, "kind ia3 has no key rank"),
        ({"kind": "probe", "targets": ["stem"]}, "kind probe has no key targets"),
        ({"kind": "lora", "inputs": ["stem"]}, "kind lora has no key inputs"),
        ({"kind": "ridge", "also": [{"kind": "lora"}]}, "nothing beside it"),
        ({"kind": "lorra"}, "is none of lora"),
    ],
)
def test_settings_that_a_kind_does_not_know_are_refused(settings, message):
    with pytest.raises(ValidationError, match=message):
        AdaptRun(name="x", **settings)


def test_settings_survive_a_card():
    for run in RUNS.values():
        assert AdaptRun(**run.model_dump(mode="json")) == run
