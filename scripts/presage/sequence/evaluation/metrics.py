"""Rows of the `metrics` table, collected, with the paired replicates by which models are compared."""

import numpy as np
import pandas as pd

from presage.sequence.evaluation.estimates import Estimate, interval
from presage.tables import SCHEMAS


class Metrics:
    """Collects rows of one split. Undefined values are NaN and must come with their reason as ``note``."""

    def __init__(self, split: str, simulated: bool) -> None:
        self.split, self.simulated = split, simulated
        self._rows: list[dict[str, object]] = []
        self._compared: dict[tuple[str, str], tuple[Estimate, np.ndarray]] = {}

    def add(
        self,
        metric: str,
        model: str,
        estimate: Estimate,
        *,
        group: str = "all",
        seed: int | None = None,
        note: str | None = None,
    ) -> None:
        """One row."""
        row: dict[str, object] = {
            "metric": metric,
            "model": model,
            "seed": seed,
            "split": self.split,
            "group": group,
            "note": note,
        }
        row |= {"value": estimate.value, "ci_low": estimate.low, "ci_high": estimate.high, "n": estimate.n}
        self._rows.append({**row, "simulated": self.simulated})

    def add_mean(self, metric: str, model: str, seeds: dict[int, tuple[Estimate, np.ndarray]], note: str) -> None:
        """A row per seed (estimate, replicates), and one, with seed null, of their mean, which is compared."""
        for seed, (estimate, _) in seeds.items():
            self.add(metric, model, estimate, seed=seed, note=note)
        estimates, replicates = zip(*seeds.values())
        drawn = np.mean(replicates, axis=0)
        mean = interval(float(np.mean([e.value for e in estimates])), drawn, estimates[0].n)
        self.add(metric, model, mean, note=f"{note}; mean of {len(seeds)} seeds")
        self._compared[metric, model] = mean, drawn

    def add_differences(self, reference: str, note: str) -> None:
        """For every model of :meth:`add_mean`: its mean minus that of ``reference``, from paired replicates."""
        for (metric, model), (mean, drawn) in self._compared.items():
            if model != reference and (metric, reference) in self._compared:
                other, theirs = self._compared[metric, reference]
                difference = interval(mean.value - other.value, drawn - theirs, mean.n)
                self.add(f"{metric}_difference", model, difference, note=f"minus {reference}; {note}")

    def table(self) -> pd.DataFrame:
        """All rows in the order of their coming."""
        return pd.DataFrame(self._rows, columns=SCHEMAS["metrics"].names).astype({"seed": "Int32"})
