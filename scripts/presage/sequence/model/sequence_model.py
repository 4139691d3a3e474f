"""SequenceModel: trunk, adapters and head as one network from one-hot sequence to tracks."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from presage.progress import progress
from presage.sequence.model.heads import Head
from presage.sequence.targets.target_set import TargetSet
from presage.sequence.trunk.family import TrunkNetwork


class SequenceModel(nn.Module):
    """A trunk (with or without adapters inside) and a head.

    The forward pass has three stages, ``trunk.encode``, ``trunk.decode`` and ``head``. A frozen trunk stays in eval
    mode through every ``.train()``: its BatchNorm statistics never move and its dropout is off, unless
    ``trunk_dropout`` is set.

    Attributes
    ----------
    tracks
        Slugs, in the order of the output's last axis.
    strand_pair
        int64 (track,): the track that each one becomes under reverse complement.
    trunk_hash, adapter_hash
        Hash of the trunk as loaded, and of adapters and head together (the head alone, if there are no adapters).
    card
        What the files said beside the weights.
    """

    def __init__(
        self,
        trunk: TrunkNetwork,
        head: Head,
        tracks: list[str],
        strand_pair: np.ndarray,
        *,
        trunk_hash: str = "",
        adapter_hash: str = "",
        card: Mapping[str, Any] | None = None,
        frozen: bool = True,
        trunk_dropout: bool = False,
    ) -> None:
        super().__init__()
        if head.linear.weight.shape != (len(tracks), trunk.width):
            raise ValueError(f"head {tuple(head.linear.weight.shape)} for {len(tracks)} tracks and width {trunk.width}")
        self.trunk, self.head = trunk, head
        self.tracks, self.strand_pair = list(tracks), np.asarray(strand_pair, np.int64)
        self.trunk_hash, self.adapter_hash, self.card = trunk_hash, adapter_hash, dict(card or {})
        self.frozen, self.trunk_dropout = frozen, trunk_dropout
        if frozen:
            for name, parameter in trunk.named_parameters():
                parameter.requires_grad_(is_adapter(name))
        self.eval()

    def train(self, mode: bool = True) -> "SequenceModel":
        """As in torch, but a frozen trunk stays in eval mode (its dropout apart, where asked for)."""
        super().train(mode)
        if self.frozen:
            self.trunk.eval()
            for module in self.trunk.modules():
                if isinstance(module, nn.Dropout):
                    module.train(mode and self.trunk_dropout)
        return self

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.head.linear.weight.device

    def forward(self, x: Tensor) -> Tensor:
        """One-hot float32 [B, 4, context] -> coverage float32 [B, out_bins, tracks], >= 0."""
        return self.head(self.trunk(x))

    def frozen_stages(self) -> int:
        """How many leading stages (0, 1 or 2 of encode, decode, head) give the same output all through a fit."""
        trained = {n for n, p in self.trunk.named_parameters() if p.requires_grad}
        if not self.frozen or any(name.startswith(("stem", "tower")) for name in trained):
            return 0
        return 1 if trained or self.trunk_dropout else 2

    def run(self, stages: range, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Run some stages, e.g. ``range(0, 1)`` for encode only, on what the stage before gave."""
        steps = (self.trunk.encode, self.trunk.decode, self.head)
        for stage in stages:
            out = steps[stage](*inputs)
            inputs = out if isinstance(out, tuple) else (out,)
        return inputs


def is_adapter(name: str) -> bool:
    """Does this tensor of a trunk belong to an adapter? (It sits in a slot, or is a parametrization of the trunk's.)"""
    in_slot = any(part.startswith("slot") for part in name.split("."))
    return in_slot or (".parametrizations." in name and not name.endswith(".original"))


def base_state(trunk: nn.Module) -> dict[str, Tensor]:
    """The trunk's own tensors under their plain names, running statistics too, whatever adapters sit in it."""
    return {
        name.replace(".parametrizations.", ".").removesuffix(".original"): tensor
        for name, tensor in trunk.state_dict().items()
        if not is_adapter(name)
    }


def tensor_hash(tensors: Mapping[str, Tensor]) -> str:
    """Hash (16 hex digits) of named tensors: names, types, shapes and bytes, in the order of the names."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        array = tensors[name].detach().cpu().contiguous().numpy()
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()[:16]


def predict(
    model: SequenceModel, batches: Iterable[np.ndarray], desc: str = "predict", total: int | None = None
) -> np.ndarray:
    """Predicted coverage of one-hot batches (float32 [B, 4, context]): float32 [windows, out_bins, tracks]."""
    model.eval()
    with torch.inference_mode():
        return np.concatenate(
            [
                model(torch.from_numpy(batch).to(model.device)).cpu().numpy()
                for batch in progress(batches, desc, "batch", total)
            ]
        )


def predict_windows(model: SequenceModel, data: TargetSet, rows: np.ndarray, batch_size: int = 4) -> np.ndarray:
    """Predicted coverage of some windows of ``data``: float32 [windows, out_bins, tracks]."""
    batches: Iterator[np.ndarray] = (data.onehot(rows[i : i + batch_size]) for i in range(0, len(rows), batch_size))
    return predict(model, batches, total=-(-len(rows) // batch_size))
