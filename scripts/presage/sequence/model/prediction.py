"""What a model predicts for sequences, read on either strand."""

import numpy as np
import torch
from torch import Tensor

from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.targets.target_set import onehot


def predict(model: SequenceModel, codes: np.ndarray, reverse: bool = False) -> Tensor:
    """Coverage ``[n, bins, tracks]`` of uint8 sequences ``[n, context]``, on the model's device.

    With ``reverse`` the model reads the reverse complement, and its output is turned back: bins flipped, each track
    read from its partner on the other strand.
    """
    device = next(model.parameters()).device
    x = torch.from_numpy(onehot(codes)).to(device)
    with torch.inference_mode():
        if not reverse:
            return model(x)
        # A C G T reversed is T G C A: flipping the channels complements.
        return model(x.flip(1, 2)).flip(1)[..., torch.as_tensor(model.strand_pair, device=device)]
