"""Cards and what their data sheets promise: ``resources/gpus.tsv``."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from presage.data_registry import ROOT
from presage.errors import UserError
from presage.sequence.cost.measured import CPU_SHARE, START_S

TABLE = ROOT / "resources" / "gpus.tsv"
CPU = "CPU"  # the line of the table whose speed is that of one core


@dataclass(frozen=True)
class Gpu:
    """A card, or the ``cores`` of a CPU that a job uses (0: it is a card).

    Memory is in GB (10^9 bytes), speed the dense peak in TFLOP/s of the precisions that there are units for.
    """

    name: str
    memory_gb: float
    tflops: dict[str, float]
    cores: int = 0

    def hours(self, flops: float, precision: str, share: float, jobs: int = 0) -> float:
        """Hours that ``flops`` take at ``share`` of the peak (a CPU: at its own), and the start of so many jobs.

        What a card has no units for runs as fp32.
        """
        reached = CPU_SHARE if self.cores else share
        return (flops / (self.tflops.get(precision, self.tflops["fp32"]) * 1e12 * reached) + jobs * START_S) / 3600


@lru_cache(maxsize=1)
def known() -> dict[str, Gpu]:
    """All cards of the table, by name."""
    with TABLE.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    speeds = ("bf16", "fp16", "tf32", "fp32")
    return {r["name"]: Gpu(r["name"], float(r["memory_gb"]), {s: float(r[s]) for s in speeds if r[s]}) for r in rows}


def chosen(names: Sequence[str], threads: int) -> list[Gpu]:
    """The cards of these names; a CPU with ``threads`` cores. Raises :class:`UserError` for one that the table lacks.

    Jobs compute with ``torch_threads`` whatever ``--cores`` says, as results hang on it.
    """
    table = known()
    for name in names:
        if name not in table:
            raise UserError("config key cost.gpus", f"{name!r} is not in resources/gpus.tsv", f"use {', '.join(table)}")
    return [_with_cores(table[name], threads) if name == CPU else table[name] for name in names]


def _with_cores(core: Gpu, count: int) -> Gpu:
    speeds = {precision: count * tflops for precision, tflops in core.tflops.items()}
    return replace(core, name=f"{core.name} {count} core{'s' * (count > 1)}", tflops=speeds, cores=count)
