"""How summed coverage becomes a training target, and back, by the conventions of the Borzoi family.

Per bin and track, in this order: depth summed over the bin; times a number; squashed; clipped softly; clipped hard;
divided by a number. Source: ``src/baskerville/scripts/hound_data_read.py`` of calico/baskerville, which has two forms,
told apart here by ``shift``. With p the squash's power and c the soft limit:

* ``shift`` 1, its default: squash -1 + (1 + x)^p, and above c it gives c - 1 + sqrt(x - c + 1).
* ``shift`` 0, ``--transform_old``, the Borzoi manuscript: squash x^p, and above c it gives c + sqrt(x - c).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

POWERS = {"none": 1.0, "sqrt": 0.5, "power_3_4": 0.75}
_NUMBERS = ("times", "clip_soft", "clip", "divided_by")


@dataclass(frozen=True, eq=False)
class Scale:
    """The scale of each track of a target set; every array has one value a track.

    Attributes
    ----------
    squash : names out of ``POWERS``
    times : float64, before the squash
    clip_soft, clip : float64 in squashed units, infinite where there is none
    divided_by : float64, after the clips
    shift : 1 or 0, see the module
    """

    squash: tuple[str, ...]
    times: np.ndarray
    clip_soft: np.ndarray
    clip: np.ndarray
    divided_by: np.ndarray
    shift: int = 1

    def __post_init__(self) -> None:
        unknown = set(self.squash) - set(POWERS)
        if unknown or self.shift not in (0, 1):
            raise ValueError(f"squash {sorted(unknown)}, shift {self.shift}")
        for name in _NUMBERS:
            values = np.asarray(getattr(self, name), np.float64)
            if values.shape != (len(self.squash),) or not (values > 0).all():
                raise ValueError(f"{name} {values} for {len(self.squash)} tracks")
            object.__setattr__(self, name, values)

    @staticmethod
    def plain(tracks: int) -> "Scale":
        """Coverage as it is summed."""
        one, none = np.ones(tracks), np.full(tracks, np.inf)
        return Scale(("none",) * tracks, one, none, none, one)

    @staticmethod
    def by_assay(
        assays: Sequence[str],
        squash: Mapping[Any, str],
        clip_soft: Mapping[Any, float],
        clip: Mapping[Any, float],
        divided_by: float = 1.0,
    ) -> "Scale":
        """The scale of tracks with these assays from settings by assay; what is not set is not done."""
        return Scale(
            tuple(squash.get(assay, "none") for assay in assays),
            np.ones(len(assays)),
            np.array([clip_soft.get(assay, np.inf) for assay in assays], np.float64),
            np.array([clip.get(assay, np.inf) for assay in assays], np.float64),
            np.full(len(assays), float(divided_by)),
        )

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Summed coverage [..., tracks], >= 0, to targets, in the dtype of ``x`` (whole numbers: float64)."""
        y = np.array(x, np.result_type(x, np.float32))
        for i, power in self._bent(y):
            column = y[..., i] * self.times[i]
            if power != 1:
                column = (self.shift + column) ** power - self.shift
            soft, limit = self.clip_soft[i], self.clip[i]
            if np.isfinite(soft):
                over = np.maximum(column - soft, 0)
                column = np.where(over > 0, soft - self.shift + np.sqrt(over + self.shift), column)
            y[..., i] = np.minimum(column, limit)
        # The factors in the dtype of the data: what is only divided is the same number by every way.
        if (self.divided_by != 1).any():
            y /= self.divided_by.astype(y.dtype)
        return y

    def inverse(self, y: np.ndarray) -> np.ndarray:
        """Targets or predictions [..., tracks], >= 0, to summed coverage. What the hard clip cut off is not given back.

        Values above the hard clip, which only a model can give, are continued by the same formula.
        """
        x = np.array(y, np.result_type(y, np.float32))
        if (self.divided_by != 1).any():
            x *= self.divided_by.astype(x.dtype)
        for i, power in self._bent(x):
            column, soft = x[..., i], self.clip_soft[i]
            if np.isfinite(soft):
                over = np.maximum(column - soft, 0)
                column = np.where(over > 0, soft - self.shift + (over + self.shift) ** 2, column)
            if power != 1:
                column = (self.shift + column) ** (1 / power) - self.shift
            x[..., i] = column / self.times[i]
        return x

    @property
    def linear(self) -> bool:
        """Whether targets are coverage times a number, the hard clip aside: then sums may be scaled back as sums."""
        return set(self.squash) <= {"none"} and bool(np.isinf(self.clip_soft).all())

    @property
    def factor(self) -> np.ndarray:
        """float64 [tracks] that gives coverage back where the scale is ``linear``."""
        return self.divided_by / self.times

    @property
    def note(self) -> str:
        """The scale in a line."""
        parts = ["depth summed per bin"]
        if (self.times != 1).any():
            parts.append(f"times {_span(self.times)}")
        squashed = sorted(set(self.squash) - {"none"})
        if squashed:
            some = " on some tracks" if "none" in self.squash else ""
            parts.append(f"squashed by {' and '.join(_formula(name, self.shift) for name in squashed)}{some}")
        if np.isfinite(self.clip_soft).any():
            parts.append(f"clipped softly above {_span(self.clip_soft)}")
        if np.isfinite(self.clip).any():
            parts.append(f"cut off at {_span(self.clip)}")
        if (self.divided_by != 1).any():
            parts.append(f"divided by {_span(self.divided_by)}")
        return ", ".join(parts)

    def select(self, columns: Sequence[int] | np.ndarray) -> "Scale":
        """The scale of some of the tracks."""
        index = np.asarray(columns, np.int64)
        numbers = {name: getattr(self, name)[index] for name in _NUMBERS}
        return replace(self, squash=tuple(self.squash[i] for i in index), **numbers)

    def to_attrs(self) -> dict[str, Any]:
        """JSON that :meth:`from_attrs` reads; a limit that is not there is null."""
        numbers = {n: [float(v) if np.isfinite(v) else None for v in getattr(self, n)] for n in _NUMBERS}
        return {"squash": list(self.squash), "shift": self.shift, **numbers}

    @staticmethod
    def from_attrs(attrs: Mapping[str, Any]) -> "Scale":
        """What :meth:`to_attrs` gave."""
        numbers = {n: np.array([np.inf if v is None else v for v in attrs[n]], np.float64) for n in _NUMBERS}
        return Scale(squash=tuple(attrs["squash"]), shift=int(attrs["shift"]), **numbers)

    def _bent(self, values: np.ndarray) -> Iterable[tuple[int, float]]:
        """Number and power of the tracks that are more than divided."""
        if values.shape[-1:] != (len(self.squash),):
            raise ValueError(f"values {values.shape} for {len(self.squash)} tracks")
        for i, name in enumerate(self.squash):
            if name != "none" or self.times[i] != 1 or min(self.clip_soft[i], self.clip[i]) < np.inf:
                yield i, POWERS[name]


# ``sum_stat`` of a targets.txt: (squash by default, squash with --transform_old, whether the bin is averaged).
_STATS = {
    "sum": ("none", "none", False),
    "sum_sqrt": ("sqrt", "power_3_4", False),  # one name, two powers: the old form calls its 3/4 "sqrt" too
    "sum_exp75": ("power_3_4", "power_3_4", False),
    "mean": ("none", "none", True),
    "avg": ("none", "none", True),
    "mean_sqrt": ("sqrt", "power_3_4", True),
    "avg_sqrt": ("sqrt", "power_3_4", True),
}


def from_targets_txt(rows: Sequence[Mapping[str, str]], bin_size: int, transform_old: bool) -> tuple[Scale, list[str]]:
    """The scale that a baskerville set was made with, and its ``sum_stat`` that cannot be undone (median, max, peak).

    ``rows`` are those of its ``targets.txt`` (columns sum_stat, scale, clip_soft, clip, each optional). The number
    ``scale`` is multiplied before pooling, and with ``transform_old`` at the very end.
    """
    stats = [row.get("sum_stat") or "sum" for row in rows]
    unknown = sorted(set(stats) - set(_STATS))
    forms = [_STATS.get(stat, _STATS["sum"]) for stat in stats]

    def number(name: str, default: float) -> np.ndarray:
        return np.array([float(row.get(name) or default) for row in rows])

    factor = number("scale", 1.0)
    times = np.array([1 / bin_size if mean else 1.0 for _, _, mean in forms])
    return (
        Scale(
            tuple(old if transform_old else new for new, old, _ in forms),
            times if transform_old else times * factor,
            number("clip_soft", np.inf),
            number("clip", np.inf),
            1 / factor if transform_old else np.ones(len(rows)),
            shift=0 if transform_old else 1,
        ),
        unknown,
    )


def _formula(squash: str, shift: int) -> str:
    power = {"sqrt": "1/2", "power_3_4": "3/4"}[squash]
    return f"-1 + (1 + x)^({power})" if shift else f"x^({power})"


def _span(values: np.ndarray) -> str:
    finite = values[np.isfinite(values)]
    low, high = finite.min(), finite.max()
    return f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
