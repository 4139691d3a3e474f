"""Sequences, edits and models for the sparse tower, and the dense way by the book: letters, complement, turn back."""

import numpy as np
import torch
from hypothesis import strategies as st

from presage.config.trunk import TrunkShape
from presage.sequence.model.heads import Head
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.sparse_tower import Edit
from presage.sequence.targets.target_set import onehot
from tests.unit.sequence.model_cases import SHAPE, TRACKS, lively_trunk

TOLERANCE = 1e-5  # of the largest output for the reference


def lively(shape: TrunkShape = SHAPE, seed: int = 0) -> SequenceModel:
    """A small model in which one base moves the output by far more than rounding."""
    trunk = lively_trunk(shape, seed)
    trunk.stem.weight.data *= 3
    torch.manual_seed(seed)
    return SequenceModel(trunk, Head(trunk.width, 3), TRACKS, np.array([1, 0, 2]))


def random_codes(length: int, seed: int = 0, unknown: int = 0) -> np.ndarray:
    """Random bases, with ``unknown`` N at the start, as of a window over a contig's end, and a few more inside."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, length).astype(np.uint8)
    codes[:unknown] = 4
    codes[rng.integers(0, length, unknown // 4)] = 4
    return codes


def change(codes: np.ndarray, start: int, length: int = 1, seed: int = 0) -> Edit:
    """An edit all of whose bases differ from the window's."""
    shift = np.random.default_rng(seed + start).integers(1, 4, length).astype(np.uint8)
    return Edit(start, (codes[start : start + length] % 4 + shift) % 4)


def applied(codes: np.ndarray, edit: Edit) -> np.ndarray:
    sequence = codes.copy()
    sequence[edit.start : edit.start + len(edit.codes)] = edit.codes
    return sequence


def dense(model: SequenceModel, codes: np.ndarray, reverse: bool = False) -> torch.Tensor:
    """Coverage [bins, tracks] of one sequence by the model's plain forward pass."""
    read = np.array([3, 2, 1, 0, 4], np.uint8)[codes][::-1] if reverse else codes
    with torch.no_grad():
        out = model(torch.from_numpy(onehot(read[None])))[0]
    return torch.stack([out.flip(0)[:, partner] for partner in model.strand_pair], 1) if reverse else out


def assert_as_dense(model, codes, edits, found, reverse=False, bins=(None, None)):
    """``found`` [edits, bins, tracks] against one dense pass for each edit; returns the largest effect of an edit."""
    reference = dense(model, codes, reverse)
    largest, effect = reference.abs().max(), 0.0
    assert found.shape == (len(edits), *reference[slice(*bins)].shape)
    for edit, own in zip(edits, found):
        expected = dense(model, applied(codes, edit), reverse)[slice(*bins)]
        assert (own - expected).abs().max() <= TOLERANCE * largest, edit
        effect = max(effect, float((expected - reference[slice(*bins)]).abs().max() / largest))
    return effect


@st.composite
def shapes(draw) -> TrunkShape:
    """Small trunks of all kinds: depths, kernels, U-Net steps, crops, attention, with and without a last block."""
    blocks = draw(st.integers(1, 4))
    shape = {
        "context": draw(st.integers(8, 20)) * 2 ** (1 + blocks) * 16 // 2**blocks,
        "stem_width": draw(st.integers(2, 6)),
        "stem_kernel": draw(st.sampled_from([1, 3, 7, 15])),
        "tower_widths": tuple(draw(st.lists(st.integers(2, 6), min_size=blocks, max_size=blocks))),
        "tower_kernel": draw(st.sampled_from([1, 3, 5, 9])),
        "depth": draw(st.integers(0, 3)),
        "heads": 2,
        "key_size": draw(st.sampled_from([2, 4])),
        "value_size": draw(st.integers(1, 4)),
        "attention": draw(st.sampled_from(["relative", "rotary"])),
        "position_features": 4,
        "key_value_heads": draw(st.sampled_from([None, 1])),
        "ups": draw(st.integers(0, blocks)),
        "final_width": draw(st.none() | st.integers(2, 6)),
        "crop": 0,
    }
    token = 2 ** (1 + blocks)
    shape["context"] = max(256, shape["context"]) // token * token
    bins = shape["context"] // 2 ** (1 + blocks - shape["ups"])
    return TrunkShape(**{**shape, "crop": draw(st.integers(0, (bins - 1) // 2))})
