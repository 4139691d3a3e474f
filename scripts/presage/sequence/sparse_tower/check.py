"""The self-check: a run compares its first edits with the dense forward pass before it relies on the sparse one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch

from presage.errors import UserError
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.sparse_tower.edits import Edit
from presage.sequence.sparse_tower.window import open_window

TOLERANCE = 1e-5  # of the largest output for the reference


class SparseMismatch(UserError):
    """Sparse and dense evaluation of the same edits differ by more than rounding."""


def check_window(
    model: SequenceModel,
    codes: np.ndarray,
    edits: Sequence[Edit],
    *,
    reverse: bool = False,
    bins: tuple[int, int] | None = None,
) -> float:
    """Evaluate a window and edits of it sparsely and densely, in fp32 without TF32, whatever runs around it.

    Arguments are those of :func:`presage.sequence.sparse_tower.window.open_window`. The dense side is the model's plain
    forward pass on all bins. Returns the largest difference of coverage, over the largest coverage of the reference.

    Raises :class:`SparseMismatch` when that is more than 1e-5.
    """
    with _plain_fp32(model.device):
        dense = open_window(model, codes, reverse=reverse, sparse=False)
        sparse = open_window(model, codes, reverse=reverse, bins=bins)
        part = slice(*(bins or (None,)))
        apart = (sparse.coverage - dense.coverage[part]).abs().max()
        if len(edits):
            apart = apart.maximum((sparse.edited(edits) - dense.edited(edits)[:, part]).abs().max())
    largest = float(dense.coverage.abs().max())
    share = float(apart) / max(largest, torch.finfo(torch.float32).tiny)
    if not share <= TOLERANCE:
        raise SparseMismatch(
            "sparse tower",
            f"differs from the dense forward pass by {share:.1e} of the largest output (at most {TOLERANCE:.0e})",
            "set sparse: false",
        )
    return share


@contextmanager
def _plain_fp32(device: torch.device) -> Iterator[None]:
    """No autocast and no TF32 inside."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        cudnn = torch.backends.cudnn
        kept = {"enabled": cudnn.enabled, "benchmark": cudnn.benchmark, "deterministic": cudnn.deterministic}
        with torch.autocast(device.type, enabled=False), cudnn.flags(**kept, allow_tf32=False):
            yield
    finally:
        torch.set_float32_matmul_precision(before)
