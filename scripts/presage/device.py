"""Which device a network runs on. A job that was given a GPU and cannot see it must not crawl on the CPU unnoticed."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from presage.errors import UserError


def device(given: int = 0) -> str:
    """``cuda`` where torch sees a GPU, else ``cpu``. ``given``: GPUs that the cluster reserved for this job.

    Raises :class:`UserError` when GPUs were reserved and torch sees none.
    """
    if torch.cuda.is_available():
        return "cuda"
    if given:
        built = torch.version.cuda or "the CPU"
        raise UserError(
            f"{given} GPU(s) of this job", f"torch (built for {built}) sees none", "check the driver, or set gpus: 0"
        )
    return "cpu"


@contextmanager
def deterministic(device: torch.device) -> Iterator[None]:
    """On a CPU, only operations inside whose result repeats to the bit: one that cannot raises ``RuntimeError``."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(before or device.type == "cpu")
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
