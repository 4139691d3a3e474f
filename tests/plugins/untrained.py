"""A trunk: random weights in the shape of ``trunk.shape``, the control that a trained trunk has to beat."""

import numpy as np

from presage.config.trunk import Trunk
from presage.sequence.model.heads import Head
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.trunk.borzoi import new_trunk

PROVIDES = {"trunk": {"untrained": {}}}


def untrained(settings: Trunk) -> SequenceModel:
    """Torch's generator stands at the run's seed; the head of its one track is never used."""
    trunk = new_trunk(settings.shape)
    return SequenceModel(trunk, Head(trunk.width, 1), ["none"], np.zeros(1, np.int64))
