"""How many sequences fit into one pass."""

import torch

from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.trace import fake_model, inference

_MOST = 64  # more gain nothing, even on a large card with a small model
_CPU = 2_000_000_000  # bytes; larger batches are no faster there
_SHARE = 0.7  # of a card's free memory: allocators leave gaps


def fitting_batch(model: SequenceModel) -> int:
    """Sequences in one forward pass that fit into the free memory of the model's GPU, or into 2 GB on a CPU.

    At least 1. Known from the model's shape, by running it on tensors without data.
    """
    room = _SHARE * torch.cuda.mem_get_info(model.device)[0] if model.device.type == "cuda" else _CPU
    return batch_within(fake_model(model.trunk.shape, len(model.tracks)), room)


def batch_within(twin: SequenceModel, room: float = _CPU) -> int:
    """The same for so many bytes, of a model without data (``trace.fake_model``)."""
    one, two = (inference(twin, batch).peak for batch in (1, 2))
    return min(_MOST, max(1, int((room - one) // max(1, two - one)) + 1))
