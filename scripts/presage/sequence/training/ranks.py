"""One fit in several processes of one node: each takes its share of every batch, and gradients are summed over all.

The sum of the shares' gradients is the gradient of the batch, so the result is that of one process up to rounding.
"""

import logging
import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from logging.handlers import QueueHandler, QueueListener
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import Tensor
from torch.multiprocessing.spawn import ProcessException, spawn

from presage.errors import UserError

T = TypeVar("T")
log = logging.getLogger("presage")


@dataclass(frozen=True)
class Ranks:
    """This process among ``count`` that fit the same model; alone, everything below costs nothing."""

    rank: int = 0
    count: int = 1

    @property
    def leads(self) -> bool:
        """Is this the process that writes and logs?"""
        return self.rank == 0

    def share(self, rows: np.ndarray) -> np.ndarray:
        """This process' part of ``rows``: each row is in exactly one share."""
        return rows[self.rank :: self.count]

    def add(self, tensors: Iterable[Tensor]) -> None:
        """Replace each tensor by its sum over all processes, in one message."""
        if self.count == 1:
            return
        found = list(tensors)
        together = torch.cat([tensor.flatten() for tensor in found])
        dist.all_reduce(together)
        for tensor, summed in zip(found, together.split([tensor.numel() for tensor in found])):
            tensor.copy_(summed.view_as(tensor))

    def gather(self, value: T) -> list[T]:
        """The values of all processes, in their order."""
        if self.count == 1:
            return [value]
        values: list[Any] = [None] * self.count
        dist.all_gather_object(values, value)
        return values

    def seed(self, seed: int, step: int) -> None:
        """Give each process random numbers of its own (dropout), which do not depend on what was drawn before."""
        if self.count > 1:
            torch.manual_seed(int(np.random.SeedSequence([seed, step, self.rank]).generate_state(1, np.uint64)[0]))


ALONE = Ranks()


def launch(function: Callable[..., None], count: int, device: str, *args: Any) -> None:
    """Run ``function(ranks, *args)`` in ``count`` new processes: on a GPU each (nccl), or on the CPU (gloo).

    Log records come to the caller's handlers. ``function`` and ``args`` must be picklable.

    Raises
    ------
    UserError
        As raised by the process that failed first; also when there are fewer GPUs than processes.
    """
    if device == "cuda" and torch.cuda.device_count() < count:
        raise UserError(f"gpus: {count}", f"this node shows {torch.cuda.device_count()}", "lower gpus")
    records = mp.get_context("spawn").Queue()
    listener = QueueListener(records, *log.handlers)
    listener.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            try:
                spawn(_run, (count, device, folder, records, log.getEffectiveLevel(), function, args), count)
            except ProcessException:
                said = sorted(Path(folder).glob("error-*"))
                if not said:
                    raise
                raise UserError(*said[0].read_text(encoding="utf-8").split("\0")) from None
    finally:
        listener.stop()


def _run(
    rank: int,
    count: int,
    device: str,
    folder: str,
    records: Any,
    level: int,
    function: Callable[..., None],
    args: tuple[Any, ...],
) -> None:
    """One process: join the others, run, and leave what a user should read where :func:`launch` finds it."""
    log.setLevel(level if rank == 0 else logging.ERROR)
    log.handlers[:], log.propagate = [QueueHandler(records)], False
    if device == "cuda":
        torch.cuda.set_device(rank)
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # one node: no need of a name that resolves
    store = dist.FileStore(f"{folder}/store", count)  # type: ignore[attr-defined]
    dist.init_process_group("nccl" if device == "cuda" else "gloo", store=store, rank=rank, world_size=count)
    try:
        function(Ranks(rank, count), *args)
    except UserError as error:
        text = "\0".join((error.where, error.what, error.todo))
        Path(folder, f"error-{rank}").write_text(text, encoding="utf-8")
        raise
    finally:
        dist.destroy_process_group()
