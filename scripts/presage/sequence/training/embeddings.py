"""Outputs of the frozen trunk on disk, shared by all fits on the same trunk and windows.

A zarr group (format 3) with one array for each part of a stage's output, ``part0``, ``part1``, ...: [views, *shape of
one], a view to a chunk. ``row`` and ``flip`` say which view lies where. Test windows are not in it: no fit sees them.
"""

import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import zarr

from presage.errors import UserError
from presage.progress import bar
from presage.provenance import content_hash
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.targets.target_set import TargetSet
from presage.sequence.training.precision import Precision
from presage.sequence.training.views import Views

log = logging.getLogger("presage")

CacheDtype = Literal["float32", "float16"]
_DONE = "done"  # how many views are written: replaced whole after each batch, so that a kill costs one batch


@dataclass(frozen=True)
class Embeddings:
    """What goes into the model after its first ``stage`` stages, for each window of train and valid."""

    stage: int
    parts: list[Any]
    place: dict[tuple[int, bool], int]

    @staticmethod
    def open(path: str | Path, model: SequenceModel, data: TargetSet) -> "Embeddings":
        """Open what :func:`write_embeddings` wrote.

        Raises :class:`UserError` when it was made from another trunk or other windows, or is not whole.
        """
        path = Path(path)
        group = zarr.open_group(str(path), mode="r")
        wanted = _identity(model, data)
        if any(group.attrs.get(key) != value for key, value in wanted.items()):
            raise UserError(path, "was made from another trunk or other windows", "delete it and run again")
        rows, flips = (_array(group, name)[:].tolist() for name in ("row", "flip"))
        place = {(row, bool(flip)): i for i, (row, flip) in enumerate(zip(rows, flips))}
        if _done(path) < len(place):
            raise UserError(path, f"holds {_done(path)} of {len(place)} views", "delete it and run again")
        return Embeddings(int(str(group.attrs["stage"])), _parts(group), place)

    def read(self, row: int, flip: bool) -> tuple[torch.Tensor, ...] | None:
        """The parts of one view, float32 on the CPU; None for a view that is not here."""
        at = self.place.get((row, flip))
        return None if at is None else tuple(torch.from_numpy(p[at].astype(np.float32)) for p in self.parts)


def write_embeddings(
    path: Path,
    model: SequenceModel,
    data: TargetSet,
    stage: int,
    *,
    rc: bool,
    batch_size: int,
    dtype: CacheDtype = "float32",
    precision: Precision | None = None,
) -> None:
    """Run the first ``stage`` stages over the train windows (both strands with ``rc``) and the valid ones.

    A killed run goes on where it was, if it is called again with the same arguments.

    Raises :class:`UserError` when the disk has no room for it.
    """
    precision = precision or Precision("fp32", model.device)
    views = Views(model, data, 0.0)
    model.eval()
    wanted = [(int(row), flip) for row in data.fold("train") for flip in range(1 + rc)]
    wanted += [(int(row), 0) for row in data.fold("valid")]
    # Torch takes another convolution for a single small window than for several, with other last bits.
    batch_size = max(2, batch_size)

    def outputs(keys: list[tuple[int, int]]) -> list[np.ndarray]:
        rows, flips = np.array(keys).T
        with torch.no_grad(), precision.autocast(), precision.norms_and_head_in_fp32(model):
            parts = views.at_stage(stage, rows, flips, np.zeros(len(keys), int))
        return [part.float().cpu().numpy().astype(dtype) for part in parts]

    if not (path / _DONE).exists():
        shutil.rmtree(path, ignore_errors=True)
        _create(path, outputs([wanted[0]] * 2), wanted, {"stage": stage, **_identity(model, data)})
    arrays = _parts(zarr.open_group(str(path), mode="r+"))
    with bar(len(wanted), "embed", "window", _done(path)) as shown:
        for start, keys in _batches(wanted, _done(path), batch_size):
            for array, values in zip(arrays, outputs(keys if len(keys) > 1 else keys * 2)):
                array[start : start + len(keys)] = values[: len(keys)]
            _set_done(path, start + len(keys))
            shown.update(len(keys))


def _create(path: Path, first: list[np.ndarray], wanted: list[tuple[int, int]], attrs: dict[str, Any]) -> None:
    size, room = len(wanted) * sum(part[0].nbytes for part in first), _free(path)
    log.info("embeddings of %d views take %.2f GB", len(wanted), size / 1e9)
    if size > room:
        where = f"embeddings of {len(wanted)} views"
        todo = "set cache_dtype: float16, or cached_trunk: false"
        raise UserError(where, f"take {size / 1e9:.1f} GB, the disk has {room / 1e9:.1f} GB left", todo)
    group = zarr.create_group(str(path), attributes={**attrs, "parts": len(first)})
    for name, column in zip(("row", "flip"), np.array(wanted, np.int64).T):
        group.create_array(name, data=column)
    for i, part in enumerate(first):
        shape = part.shape[1:]
        group.create_array(f"part{i}", shape=(len(wanted), *shape), chunks=(1, *shape), dtype=part.dtype)
    _set_done(path, 0)


def _identity(model: SequenceModel, data: TargetSet) -> dict[str, str]:
    return {"trunk_hash": model.trunk_hash, "windows": content_hash(data.windows.to_csv(index=False))}


def _parts(group: zarr.Group) -> list[Any]:
    return [_array(group, f"part{i}") for i in range(int(str(group.attrs["parts"])))]


def _array(group: zarr.Group, name: str) -> Any:
    return group[name]


def _batches(keys: list[tuple[int, int]], start: int, size: int) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    return ((i, keys[i : i + size]) for i in range(start, len(keys), size))


def _done(path: Path) -> int:
    return int((path / _DONE).read_text())


def _set_done(path: Path, count: int) -> None:
    part = path / f"{_DONE}.part"
    part.write_text(str(count))
    part.replace(path / _DONE)


def _free(path: Path) -> int:
    there = next(folder for folder in path.absolute().parents if folder.exists())
    return shutil.disk_usage(there).free
