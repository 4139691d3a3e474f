"""One run of each kind of adapter on the small trunk, and models that carry them."""

import numpy as np
import torch
from torch import nn

from presage.config.adapt import Adapter, AdaptRun
from presage.sequence.adapters import attach
from presage.sequence.adapters.parts import placed
from presage.sequence.model.heads import Head
from presage.sequence.model.sequence_model import SequenceModel, base_state, tensor_hash
from tests.unit.sequence.model_cases import TRACKS, lively_trunk

EVERYWHERE = ("stem", "tower.*.conv", "transformer.*", "unet.*.dense", "unet.*.pointwise")
RUNS = {
    run.name: run
    for run in (
        AdaptRun(name="lora", kind="lora", rank=2, alpha=6, targets=EVERYWHERE),
        AdaptRun(name="dora", kind="dora", rank=2, alpha=6, targets=EVERYWHERE),
        AdaptRun(name="locon", kind="locon", rank=2, targets=("tower.*.conv[-2:]",)),
        AdaptRun(name="ia3", kind="ia3", targets=("*.attention.key", "*.mlp_in", "tower.*.conv")),
        AdaptRun(name="houlsby", kind="houlsby", rank=3, targets=("*slot*",)),
        AdaptRun(name="squeeze_excite", kind="squeeze_excite", rank=3, targets=("tower.*.slot",)),
        AdaptRun(name="bitfit", kind="bitfit"),
        AdaptRun(name="norm", kind="norm", targets=("*norm",)),
        AdaptRun(name="full", kind="full"),
        AdaptRun(
            name="together",
            kind="locon",
            rank=2,
            targets=("tower.*.conv",),
            also=(
                Adapter(kind="lora", rank=2, targets=("transformer.*",)),
                Adapter(kind="ia3", targets=("transformer.*", "tower.*.conv")),
                Adapter(kind="houlsby", rank=2),
                Adapter(kind="squeeze_excite", rank=6, targets=("tower.*.slot",)),
                Adapter(kind="norm"),
            ),
        ),
    )
}
MERGEABLE = [name for name in RUNS if name not in ("houlsby", "squeeze_excite", "together")]


def stir(trunk: nn.Module) -> None:
    """Move every part away from its start, as a fit would."""
    torch.manual_seed(7)
    with torch.no_grad():
        for spot in placed(trunk):
            for parameter in spot.part.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))


def adapted_model(run: AdaptRun = RUNS["lora"], stirred: bool = True) -> SequenceModel:
    """A small model with adapters."""
    trunk = lively_trunk()
    hash_ = tensor_hash(base_state(trunk))
    attach(trunk, run)
    if stirred:
        stir(trunk)
    torch.manual_seed(1)
    return SequenceModel(trunk, Head(trunk.width, 3), TRACKS, np.array([1, 0, 2]), trunk_hash=hash_)
