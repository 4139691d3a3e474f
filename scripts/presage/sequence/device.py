"""Which device a model runs on. A job that was given a GPU and cannot see it must not crawl on the CPU unnoticed."""

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
