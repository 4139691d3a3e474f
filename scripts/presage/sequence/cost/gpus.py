"""Cards and what their data sheets promise: ``resources/gpus.tsv``."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from presage.data_registry import ROOT
from presage.errors import UserError

TABLE = ROOT / "resources" / "gpus.tsv"


@dataclass(frozen=True)
class Gpu:
    """A card (or a CPU): memory in GB (10^9 bytes), dense peak TFLOP/s of the precisions that it has units for."""

    name: str
    memory_gb: float
    tflops: dict[str, float]

    def hours(self, flops: float, precision: str, share: float) -> float:
        """Hours that ``flops`` take at ``share`` of the peak. What a card has no units for runs as fp32."""
        return flops / (self.tflops.get(precision, self.tflops["fp32"]) * 1e12 * share) / 3600


@lru_cache(maxsize=1)
def known() -> dict[str, Gpu]:
    """All cards of the table, by name."""
    with TABLE.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    speeds = ("bf16", "fp16", "tf32", "fp32")
    return {r["name"]: Gpu(r["name"], float(r["memory_gb"]), {s: float(r[s]) for s in speeds if r[s]}) for r in rows}


def chosen(names: Sequence[str]) -> list[Gpu]:
    """The cards of these names. Raises :class:`UserError` for one that the table lacks."""
    table = known()
    for name in names:
        if name not in table:
            raise UserError("config key cost.gpus", f"{name!r} is not in resources/gpus.tsv", f"use {', '.join(table)}")
    return [table[name] for name in names]
