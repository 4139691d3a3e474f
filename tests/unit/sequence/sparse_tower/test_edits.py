"""Edits: their turn, what they change, and how far a change reaches."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from presage.sequence.sparse_tower.edits import Edit, changes, check, slivers, turned
from presage.sequence.targets.target_set import onehot
from presage.sequence.trunk.borzoi import new_trunk
from presage.sequence.trunk.presets import BORZOI
from tests.unit.sequence.model_cases import SHAPE, lively_trunk
from tests.unit.sequence.sparse_tower.cases import applied, change, random_codes, shapes


def outputs(trunk):
    """A list that fills with the outputs [B, C, L] of the stem and of each tower block while the trunk runs."""
    seen = []
    for layer in (trunk.stem, *trunk.tower):
        layer.register_forward_hook(lambda *given_and_made: seen.append(given_and_made[2]))
    return seen


def onehot_of(sequences):
    return torch.from_numpy(onehot(np.stack(sequences)))


def test_turned_edit_is_the_edit_of_the_turned_window():
    codes = random_codes(40, unknown=4)
    complement = np.array([3, 2, 1, 0, 4], np.uint8)
    edit = change(codes, 7, 5)
    expected = complement[applied(codes, edit)][::-1]
    assert np.array_equal(applied(complement[codes][::-1], turned(edit, 40)), expected)


def test_what_equals_the_window_is_cut_from_both_ends_of_an_edit():
    codes = np.array([0, 1, 2, 3, 4, 0], np.uint8)
    found = changes(Edit(1, np.array([1, 3, 3, 2, 0], np.uint8)), codes)
    assert (found.start, found.codes.tolist()) == (2, [3, 3, 2])
    assert len(changes(Edit(1, codes[1:4]), codes).codes) == 0
    assert len(changes(Edit(6, codes[:0]), codes).codes) == 0


@pytest.mark.parametrize(
    ("edit", "what"),
    [
        (Edit(-1, np.zeros(2, np.uint8)), "leaves the window"),
        (Edit(9, np.zeros(2, np.uint8)), "leaves the window"),
        (Edit(0, np.array([4], np.uint8)), "other than 0..3"),
    ],
)
def test_edits_that_do_not_fit(edit, what):
    with pytest.raises(ValueError, match=what):
        check([edit], 10)
    check([Edit(8, np.zeros(2, np.uint8)), Edit(0, np.zeros(10, np.uint8))], 10)


@given(shapes(), st.data())
def test_nothing_outside_the_slivers_changes(shape, data):
    """Against what a plain pass over both sequences changes, level by level."""
    codes = random_codes(shape.context)
    starts = data.draw(st.lists(st.integers(0, shape.context - 1), min_size=1, max_size=3))
    edits = [change(codes, at, min(1 + number * 9, shape.context - at)) for number, at in enumerate(starts)]
    trunk = lively_trunk(shape).double()
    seen = outputs(trunk)
    with torch.no_grad():
        trunk.encode(onehot_of([codes, *(applied(codes, edit) for edit in edits)]).double())
    for output, where in zip(seen, slivers(shape, edits), strict=True):
        length = output.shape[-1]
        assert where.width % 2 == 0 and (where.starts % 2 == 0).all()
        assert (where.starts >= 0).all() and (where.starts + where.width <= length).all()
        for own, start in zip(output[1:], where.starts):
            moved = (own - output[0]).abs().amax(0)
            moved[start : start + where.width] = 0
            assert moved.max() < 1e-12


def test_one_base_changes_six_tokens_of_the_published_trunk():
    widths = set()
    for at in range(262_144, 262_144 + 128):
        found = slivers(BORZOI, [Edit(at, np.zeros(1, np.uint8))])
        widths.add(found[-1].width // 2)
        assert all(sliver.width <= bound for sliver, bound in zip(found, (16, 14, 12, 12, 12, 12, 12)))
    assert widths == {5, 6}


def test_slivers_are_as_narrow_as_they_can_be():
    """The first and last pair of each sliver's positions do change."""
    codes = random_codes(SHAPE.context)
    edit = change(codes, 251)
    torch.manual_seed(0)
    trunk = new_trunk(SHAPE).eval()
    seen = outputs(trunk)
    with torch.no_grad():
        trunk.encode(onehot_of([codes, applied(codes, edit)]))
    for output, where in zip(seen, slivers(SHAPE, [edit])):
        pairs = (output[1] - output[0]).abs().amax(0).unflatten(0, (-1, 2)).amax(1)
        (changed,) = pairs.nonzero(as_tuple=True)
        assert (2 * int(changed[0]), 2 * len(pairs[changed[0] : changed[-1] + 1])) == (where.starts[0], where.width)
