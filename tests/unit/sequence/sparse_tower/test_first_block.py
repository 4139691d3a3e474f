"""The first block with shared attention against the block itself on each edit's tokens."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from presage.sequence.sparse_tower.first_block import FirstBlock
from presage.sequence.sparse_tower.tower import Changed
from tests.unit.sequence.model_cases import SHAPE, lively_trunk

TOKENS, WIDTH = 32, 16
SHAPES = {
    "relative": SHAPE,
    "rotary": SHAPE.model_copy(update={"attention": "rotary", "key_value_heads": 1, "rotary_size": 2}),
}


def block_of(kind, sharpness=1.0):
    block = lively_trunk(SHAPES[kind]).transformer[0]
    block.attention.query.weight.data *= sharpness
    return block.double()


def assert_as_block(block, first, tokens, changed):
    with torch.no_grad():
        expected = block(changed.over(tokens).mT)
        torch.testing.assert_close(first.edited(changed), expected, atol=1e-9, rtol=1e-9)
        assert (expected - block(tokens.T[None])).abs().max() > 1e-3


@given(
    kind=st.sampled_from(list(SHAPES)),
    width=st.integers(1, 6),
    starts=st.lists(st.integers(0, TOKENS - 6), min_size=1, max_size=5),
    sharpness=st.sampled_from([0.1, 1.0, 100.0]),
)
def test_any_edits(kind, width, starts, sharpness):
    """Also far apart, and where nearly all attention goes to a token that an edit changes."""
    torch.manual_seed(0)
    block, tokens = block_of(kind, sharpness), torch.randn(WIDTH, TOKENS).double()
    with torch.no_grad():
        first = FirstBlock(block, tokens)
    for seed in (1, 2):  # the second batch finds what the first one shared
        torch.manual_seed(seed)
        values = 3 * torch.randn(len(starts), WIDTH, width).double()
        assert_as_block(block, first, tokens, Changed(values, np.array(starts)))
    assert_as_block(block, first, tokens, Changed(values[:1], np.array([TOKENS - width])))


@pytest.mark.parametrize("kind", SHAPES)
def test_edits_that_change_every_token_share_nothing(kind):
    torch.manual_seed(0)
    block, tokens = block_of(kind), torch.randn(WIDTH, TOKENS).double()
    with torch.no_grad():
        first = FirstBlock(block, tokens)
    assert_as_block(block, first, tokens, Changed(torch.randn(2, WIDTH, TOKENS).double(), np.array([0, 0])))


def test_what_edits_share_is_computed_once():
    block, tokens = block_of("relative").float(), torch.randn(WIDTH, TOKENS)
    with torch.no_grad():
        first, sizes = FirstBlock(block, tokens), []
        logits = block.attention.logits
        block.attention.logits = lambda query, key, *rest: (
            sizes.append(len(query) * query.shape[2] * key.shape[2]) or logits(query, key, *rest)
        )
        for starts in ([3, 4], [4, 3], [3, 3]):
            first.edited(Changed(torch.randn(2, WIDTH, 2), np.array(starts)))
    whole, of_each = TOKENS * (TOKENS - 3), 2 * 3 * (TOKENS - 3) + 2 * TOKENS * 3
    fewer = TOKENS * (TOKENS - 2) + 2 * 2 * (TOKENS - 2) + 2 * TOKENS * 2
    assert sum(sizes) == whole + of_each + of_each + fewer < 3 * 2 * TOKENS**2
