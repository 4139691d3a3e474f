"""Out of memory: told in one line, with the sizes and what to lower."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from presage.config.training import Training
from presage.errors import UserError
from presage.sequence.model.sequence_model import SequenceModel

_SAID = ("out of memory", "can't allocate memory", "not enough memory")  # CUDA, torch's CPU allocator


@contextmanager
def out_of_memory_explained(model: SequenceModel, training: Training) -> Iterator[None]:
    """Turn running out of memory, on GPU or CPU, into a :class:`UserError` that says what would take less."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        windows = -(-training.batch_size // training.accumulate)
        where = f"{windows} window(s) of {model.trunk.context:,d} bp at a time on {model.device.type}"
        held = f"precision {training.precision}, cache_gb {training.cache_gb:g}"
        first = " ".join(str(error).split())[:160]
        raise UserError(where, f"out of memory ({held}: {first})", f"try {', or '.join(remedies(training))}") from error


def is_out_of_memory(error: Exception) -> bool:
    """Is it one of the ways in which Python, torch and CUDA say so?"""
    said = str(error)
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(words in said for words in _SAID)


def remedies(training: Training) -> list[str]:
    """What can still be lowered, what costs least first."""
    possible = {
        f"accumulate: {min(training.batch_size, 2 * training.accumulate)}": training.accumulate < training.batch_size,
        "checkpoint: true": not training.checkpoint,
        "precision: bf16": training.precision == "fp32",
        f"cache_gb: {training.cache_gb / 2:g}": training.cache_gb > 0,
        f"batch_size: {training.batch_size // 2}": training.batch_size > 1,
        "a trunk with a shorter context": True,
    }
    return [words for words, helps in possible.items() if helps]
