"""The trunk: geometry, relative positions, reverse-complement alignment, the published size."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from presage.config.trunk import TrunkShape
from presage.sequence.trunk.attention import RelativeAttention, central_mask_features, position_classes
from presage.sequence.trunk.borzoi import count_parameters, gelu, new_trunk
from presage.sequence.trunk.presets import BORZOI
from presage.sequence.trunk.rotary import rotate, rotations
from tests.unit.sequence.model_cases import SHAPE, lively_trunk, random_onehot


def test_published_model_has_the_published_size():
    assert BORZOI.bin_size == 32
    assert BORZOI.out_bins == 6144
    assert BORZOI.width == 1920
    human_head = 7611 * 1921
    mouse_head = 2608 * 1921
    total = count_parameters(BORZOI) + human_head + mouse_head
    assert total == pytest.approx(186e6, rel=0.03)


def test_lora_on_query_and_value_of_the_published_size_is_the_published_count():
    with torch.device("meta"):
        from presage.sequence.trunk.borzoi import Borzoi

        trunk = Borzoi(BORZOI)
    shapes = [m.weight.shape for n, m in trunk.named_modules() if n.endswith(("attention.query", "attention.value"))]
    assert sum(8 * (a + b) for a, b in shapes) == 327_680


@settings(max_examples=15, deadline=None)
@given(
    blocks=st.integers(1, 4),
    ups=st.integers(0, 2),
    crop=st.integers(0, 5),
    depth=st.integers(0, 1),
    final=st.booleans(),
)
def test_output_has_the_shape_that_the_card_says(blocks, ups, crop, depth, final):
    ups = min(ups, blocks)
    shape = TrunkShape(
        context=512, crop=min(crop, 2), stem_width=4, stem_kernel=3, tower_widths=(4,) * blocks, depth=depth, heads=1,
        key_size=2, value_size=4, position_features=4, ups=ups, final_width=6 if final else None,
    )  # fmt: skip
    with torch.no_grad():
        out = new_trunk(shape).eval()(random_onehot(2))
    assert out.shape == (2, shape.out_bins, shape.width)


@pytest.mark.parametrize("crop", [0, 1, 2, 3, 5, 8, 11])
def test_skipping_the_margin_changes_nothing(crop):
    wide = SHAPE.model_copy(update={"crop": 0, "ups": 2, "tower_widths": (8, 12, 16, 16)})
    narrow = wide.model_copy(update={"crop": crop})
    whole, part = lively_trunk(wide).double(), lively_trunk(narrow).double()
    part.load_state_dict(whole.state_dict())
    x = random_onehot(2).double()
    with torch.no_grad():
        expected = whole(x)[:, crop : wide.out_bins - crop]
        np.testing.assert_allclose(part(x), expected, atol=1e-12)
    if crop >= 4:
        assert part.spans()[-2][0] > 0  # something was skipped indeed


@settings(max_examples=25, deadline=None)
@given(
    ups=st.integers(0, 4),
    crop=st.integers(0, 3),
    depth=st.integers(0, 2),
    final=st.none() | st.just(6),
    attention=st.sampled_from(["relative", "rotary"]),
    bounds=st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted),
)
def test_a_range_of_bins_is_that_part_of_the_whole(ups, crop, depth, final, attention, bounds):
    change = {"crop": crop, "ups": ups, "depth": depth, "final_width": final, "attention": attention}
    trunk = lively_trunk(SHAPE.model_copy(update={**change, "tower_widths": (8, 12, 16, 16)})).double()
    first, last = (round(bound * (trunk.out_bins - 1)) for bound in bounds)
    with torch.no_grad():
        encoded = trunk.encode(random_onehot(2).double())
        part = trunk.decode(*encoded, bins=(first, last + 1))
        np.testing.assert_allclose(part, trunk.decode(*encoded)[:, first : last + 1], atol=1e-12)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"context": 500}, "multiple"),
        ({"crop": 99}, "no output bin"),
        ({"ups": 9}, "ups"),
        ({"stem_kernel": 4}, "odd"),
        ({"key_value_heads": 3}, "key_value_heads"),
        ({"attention": "rotary", "rotary_size": 6}, "rotary_size"),
        ({"attention": "rotary", "key_size": 3}, "pairs"),
    ],
)
def test_impossible_shapes_are_refused(change, word):
    with pytest.raises(ValidationError, match=word):
        TrunkShape(**{**SHAPE.model_dump(), **change})


def test_another_length_is_refused():
    with pytest.raises(ValueError, match="256"):
        lively_trunk()(random_onehot(1, 256))


@pytest.mark.parametrize("tokens", [1, 2, 7, 64])
def test_position_classes_spell_out_every_relative_position(tokens):
    features, number = position_classes(tokens, 16, torch.device("cpu"))
    for query in range(tokens):
        offsets = torch.arange(tokens) - query
        assert torch.equal(features[number[query]], central_mask_features(offsets, tokens, 16))
    assert len(features) <= 32


def test_attention_is_what_its_equation_says():
    torch.manual_seed(0)
    attention = RelativeAttention(6, 2, 3, 4, 8)
    for parameter in attention.parameters():
        torch.nn.init.normal_(parameter)
    x = torch.randn(1, 5, 6)
    heads = []
    for h in range(2):
        query = (x[0] @ attention.query.weight[3 * h : 3 * h + 3].T) * 3**-0.5
        key = x[0] @ attention.key.weight[3 * h : 3 * h + 3].T
        value = x[0] @ attention.value.weight[4 * h : 4 * h + 4].T
        logits = torch.zeros(5, 5)
        for i in range(5):
            for j in range(5):
                position = central_mask_features(torch.tensor([j - i]), 5, 8)[0]
                relative = attention.position.weight[3 * h : 3 * h + 3] @ position
                logits[i, j] = (query[i] + attention.content_bias[0, h, 0]) @ key[j]
                logits[i, j] += (query[i] + attention.position_bias[0, h, 0]) @ relative
        heads.append(logits.softmax(1) @ value)
    expected = torch.cat(heads, dim=1) @ attention.out.weight.T + attention.out.bias
    torch.testing.assert_close(attention(x)[0], expected, atol=1e-4, rtol=1e-4)


def _borzoi_pytorch_transformer() -> ModuleType:
    """Their attention's file alone: the package imports transformers, which takes longer than all tests here."""
    package = importlib.util.find_spec("borzoi_pytorch")
    if package is None:
        pytest.skip("borzoi-pytorch is not installed")
    path = Path(package.submodule_search_locations[0]) / "pytorch_borzoi_transformer.py"
    spec = importlib.util.spec_from_file_location("their_transformer", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_attention_equals_borzoi_pytorch():
    transformer = _borzoi_pytorch_transformer()
    torch.manual_seed(0)
    theirs = transformer.Attention(
        16, num_rel_pos_features=8, heads=2, dim_key=4, dim_value=8, dropout=0.0, pos_dropout=0.0
    ).eval()
    ours = RelativeAttention(16, 2, 4, 8, 8)
    for parameter in theirs.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    names = {"query": "to_q", "key": "to_k", "value": "to_v", "out": "to_out", "position": "to_rel_k"}
    with torch.no_grad():
        for mine, other in names.items():
            getattr(ours, mine).weight.copy_(getattr(theirs, other).weight)
        ours.out.bias.copy_(theirs.to_out.bias)
        ours.content_bias.copy_(theirs.rel_content_bias)
        ours.position_bias.copy_(theirs.rel_pos_bias)
        x = torch.randn(1, 4096, 16)  # their positions are made for Borzoi's 4,096 tokens
        torch.testing.assert_close(ours(x), theirs(x), atol=2e-5, rtol=1e-4)


def test_gelu_is_the_tanh_one():
    x = torch.linspace(-4, 4, 101)
    expected = 0.5 * x * (1 + torch.tanh((2 / torch.pi) ** 0.5 * (x + 0.044715 * x**3)))
    torch.testing.assert_close(gelu(x), expected)


def test_rotary_products_depend_on_distance_only():
    torch.manual_seed(0)
    query, key = torch.randn(6).double(), torch.randn(6).double()
    turn = [t.double() for t in rotations(9, 4, 20.0, torch.device("cpu"))]
    products = rotate(query.expand(9, 6), *turn) @ rotate(key.expand(9, 6), *turn).T
    for distance in range(-8, 9):
        diagonal = products.diagonal(distance)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal), atol=1e-6, rtol=0)
    assert (products[0, 1:] - products[0, 0]).abs().min() > 1e-3
    angle = torch.tensor(20.0).double() ** -0.5  # of the second pair, a token
    assert rotate(query[None].expand(2, 6), *(t[:2] for t in turn))[1, 1].item() == pytest.approx(
        (query[1] * angle.cos() - query[3] * angle.sin()).item(), abs=1e-6
    )


@pytest.mark.parametrize("attention", ["relative", "rotary"])
def test_a_prediction_first_does_not_spoil_a_fit_later(attention):
    shape = SHAPE.model_copy(update={"attention": attention, "context": 768})  # a length that no other test caches
    trunk = lively_trunk(shape)
    with torch.inference_mode():
        trunk(random_onehot(1, 768))
    trunk(random_onehot(1, 768)).sum().backward()
    assert trunk.transformer[0].attention.query.weight.grad.abs().sum() > 0
