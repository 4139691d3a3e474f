"""Small models and target sets that the tests of this folder share."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from presage.config.trunk import TrunkShape
from presage.sequence.model.heads import Head
from presage.sequence.model.sequence_model import SequenceModel, base_state, tensor_hash
from presage.sequence.targets.target_set import TargetSet, onehot
from presage.sequence.trunk.borzoi import Borzoi, new_trunk

SHAPE = TrunkShape(
    context=512,
    crop=2,
    stem_width=8,
    stem_kernel=7,
    tower_widths=(8, 12, 16),
    depth=1,
    heads=2,
    key_size=4,
    value_size=8,
    position_features=8,
    dropout=0.1,
    ups=1,
)
TRACKS = ["a+", "a-", "b"]


def lively_trunk(shape: TrunkShape = SHAPE, seed: int = 0) -> Borzoi:
    """A trunk in which every tensor matters: no zeros, BatchNorm statistics away from their start."""
    torch.manual_seed(seed)
    trunk = new_trunk(shape)
    for name, tensor in trunk.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 2)
        elif tensor.is_floating_point():
            tensor.add_(0.1 * torch.randn_like(tensor))
    return trunk.eval()


def lively_model(frozen: bool = True, seed: int = 0) -> SequenceModel:
    """A model on :func:`lively_trunk` with three tracks, two of which are the strands of one."""
    trunk = lively_trunk(seed=seed)
    head = Head(trunk.width, len(TRACKS))
    return SequenceModel(
        trunk, head, TRACKS, np.array([1, 0, 2]), trunk_hash=tensor_hash(base_state(trunk)), frozen=frozen
    )


def random_onehot(batch: int, length: int = SHAPE.context, seed: int = 0) -> torch.Tensor:
    """Random sequence with some N: float32 [batch, 4, length]."""
    return torch.from_numpy(onehot(np.random.default_rng(seed).integers(0, 5, (batch, length)).astype(np.uint8)))


def target_set(path: Path, windows: int = 12, seed: int = 0, shape: TrunkShape = SHAPE) -> TargetSet:
    """A target set whose coverage follows the sequence: ``a+`` counts A, ``a-`` T, ``b`` G and C of each bin."""
    rng = np.random.default_rng(seed)
    # Base composition drifts along a window, or there would be nothing to learn in so few.
    drift = rng.dirichlet([0.5] * 4, (windows, shape.context // 64)).repeat(64, axis=1)
    sequence = (rng.random((windows, shape.context, 1)) > drift.cumsum(2)[..., :3]).sum(2).astype(np.uint8)
    edge = shape.crop * shape.bin_size
    bins = sequence[:, edge : shape.context - edge].reshape(windows, shape.out_bins, shape.bin_size)
    counts = np.stack([(bins == 0).sum(2), (bins == 3).sum(2), ((bins == 1) | (bins == 2)).sum(2)], axis=2)
    start = np.arange(windows) * shape.context
    table = pd.DataFrame(
        {
            "window": np.arange(windows),
            "chrom": "chr1",
            "start": start,
            "end": start + shape.context,
            "out_start": start + edge,
            "out_end": start + shape.context - edge,
            "fold": np.resize(["train", "train", "valid", "test"], windows),
            "padded": 0,
        }
    )
    return TargetSet.write(
        path, counts / 4, table, TRACKS, shape.bin_size, "counts / 4", sequence=sequence, simulated=True
    )
