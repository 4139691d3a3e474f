"""What a killed fit goes on from: undeclared files, since Snakemake deletes the declared outputs of a killed job.

They lie in ``<root>/<hash>/``, where the hash covers all that the fit depends on, so that a fit with another setting,
other data or other code never goes on from them.
"""

import contextlib
import hashlib
import json
import logging
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from presage.provenance import closure_hash, content_hash
from presage.sequence.targets.target_set import TargetSet

log = logging.getLogger("presage")


class Saved(NamedTuple):
    """Tensors by name, and whatever JSON can say beside them (floats come back to the bit)."""

    tensors: dict[str, Tensor]
    facts: dict[str, Any]


@dataclass
class Resume:
    """Saves of one fit in ``folder``; a fit of several phases has one file for each.

    ``every_s``: seconds between saves inside an epoch (0 = each step).
    """

    folder: Path
    every_s: float = 600.0
    name: str = "fit"
    _last: float = field(default_factory=time.monotonic, repr=False, compare=False)

    def phase(self, name: str) -> "Resume":
        """The same folder for one phase of the fit."""
        return Resume(self.folder, self.every_s, name)

    @property
    def path(self) -> Path:
        """The file of this phase."""
        return self.folder / f"{self.name}.safetensors"

    def due(self) -> bool:
        """Is it time for another save?"""
        return time.monotonic() - self._last >= self.every_s

    def save(self, saved: Saved) -> None:
        """Replace the last save; a kill at any moment leaves the old one or the new one whole."""
        write(self.path, saved)
        self._last = time.monotonic()

    def load(self) -> Saved | None:
        """The last save, on the CPU; None where there is none (or one that is not readable: the fit starts anew)."""
        try:
            with safe_open(self.path, "pt") as file:
                told = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
                if told["digest"] != _digest(tensors, told["facts"]):
                    log.warning("%s is damaged: the fit starts anew", self.path)
                    return None
                return Saved(tensors, json.loads(told["facts"]))
        except FileNotFoundError:
            return None
        except (SafetensorError, KeyError, ValueError, OSError) as error:
            log.warning("%s cannot be read (%s): the fit starts anew", self.path, error)
            return None

    def clear(self) -> None:
        """Remove the folder, and its root if no other fit has one there."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            self.folder.parent.rmdir()


def write(path: Path, saved: Saved) -> None:
    """Write a safetensors file that appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in saved.tensors.items()}
    facts = json.dumps(saved.facts)
    save_file(tensors, part, metadata={"facts": facts, "digest": _digest(tensors, facts)})
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)


def _digest(tensors: Mapping[str, Tensor], facts: str) -> str:
    """Of all that a save holds: safetensors has no checksum, and one flipped bit would become part of the result."""
    digest = hashlib.sha256(facts.encode())
    for name in sorted(tensors):
        tensor = tensors[name].clone(memory_format=torch.contiguous_format)
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def resume_in(
    root: str | Path | None, module: str, data: TargetSet, save_minutes: float, **facts: Any
) -> Resume | None:
    """The saves of a fit under ``root``; None without a root.

    The hash covers ``facts`` (settings, seed, hash of the trunk, ...), the data with its sequence, the code that
    ``module`` (a file) imports, and torch's version.
    """
    if root is None:
        return None
    made_from = {**facts, "data": data.hash(), "sequence": _sequence_hash(data), "torch": torch.__version__}
    return Resume(Path(root) / content_hash({**made_from, "code": closure_hash(module)}), 60 * save_minutes)


def _sequence_hash(data: TargetSet) -> str:
    digest = hashlib.sha256()
    for row in range(len(data)):
        digest.update(data.sequence([row])[0].tobytes())
    return digest.hexdigest()
