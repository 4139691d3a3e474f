"""Adapters: small trainable parts inside a frozen trunk. This file is the registry, and reads and writes their files.

A kind is one :class:`Kind`; a new one is a function that puts its parts on named layers.
"""

import fnmatch
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from safetensors.torch import save_file
from torch import Tensor, nn

from presage.config.adapt import AdaptRun
from presage.errors import UserError
from presage.sequence.adapters import lora
from presage.sequence.heads import Activation, Head
from presage.sequence.model import SequenceModel, base_state, tensor_hash
from presage.sequence.trunk.borzoi import layers, parameters
from presage.sequence.trunk.shape import read_card
from presage.sequence.trunk.weights import load_strictly, prefixed, read_tensors, unprefixed, write_card

WEIGHTS = "adapter.safetensors"


@dataclass(frozen=True)
class Kind:
    """How a kind of adapter is put on one layer (``None``: it has no part in the trunk).

    ``activation`` is of its head, for a kind that does not leave it to the configuration.
    """

    attach: Callable[[nn.Module, AdaptRun], nn.Module] | None
    activation: Activation | None = None


KINDS: dict[str, Kind] = {
    "lora": Kind(lambda layer, run: lora.attach(layer, run.rank or 1, run.alpha or 1.0)),
    "probe": Kind(None),
    "ridge": Kind(None, "relu"),
}


def attach(trunk: nn.Module, run: AdaptRun) -> dict[str, nn.Module]:
    """Put ``run``'s adapters on the trunk's layers that fit its patterns; return them by layer name.

    Raises :class:`UserError` when a pattern fits no layer, or a layer cannot carry the adapter.
    """
    kind = KINDS[run.kind]
    if kind.attach is None:
        return {}
    table = layers(trunk)
    attached = {}
    for name in match_layers(list(table), run.targets or (), run.name):
        try:
            attached[name] = kind.attach(table[name], run)
        except ValueError as error:
            raise UserError(f"adapt run {run.name}", f"layer {name}: {error}", "change rank or targets") from None
    return attached


def match_layers(names: Sequence[str], patterns: Sequence[str], run: str) -> list[str]:
    """The layers that fit any of the shell-style patterns, in the trunk's order.

    Raises :class:`UserError` for a pattern without any.
    """
    for pattern in patterns:
        if not fnmatch.filter(names, pattern):
            kinds = sorted({".".join("*" if part.isdigit() else part for part in name.split(".")) for name in names})
            raise UserError(f"adapt run {run}", f"target {pattern!r} fits no layer", f"layers are {', '.join(kinds)}")
    return [name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]


def resolved(model: SequenceModel) -> list[dict[str, Any]]:
    """One row for each layer and the head: its name, shape of its weight, parameters, trainable parameters."""
    rows = []
    for name, layer in [*layers(model.trunk).items(), ("head.linear", model.head.linear)]:
        sizes = [(p.numel(), p.requires_grad) for p in layer.parameters()]
        rows.append(
            {
                "layer": name,
                "shape": "x".join(str(n) for n in cast(Tensor, layer.weight).shape),
                "parameters": sum(size for size, _ in sizes),
                "trainable": sum(size for size, trained in sizes if trained),
            }
        )
    return rows


def resolved_text(model: SequenceModel) -> str:
    """:func:`resolved` as lines, the frozen layers folded into one, for the log before a fit."""
    rows = resolved(model)
    trained = [r for r in rows if r["trainable"]]
    lines = [f"{r['layer']:40s} {r['shape']:>16s} {r['trainable']:>10,d} trainable" for r in trained]
    frozen, own = len(rows) - len(trained), parameters(model.trunk) - adapter_parameters(model)
    return "\n".join([*lines, f"{frozen} other layers frozen; {own:,d} parameters in the trunk"])


def trainable_fraction(model: SequenceModel) -> float:
    """Adapter parameters over the trunk's own, the head in neither."""
    adapter = adapter_parameters(model)
    return adapter / (parameters(model.trunk) - adapter)


def adapter_parameters(model: SequenceModel) -> int:
    """Parameters of the adapters, without the head."""
    return sum(p.numel() for module in lora.adapters(model.trunk).values() for p in module.parameters())


def adapter_tensors(model: SequenceModel) -> dict[str, Any]:
    """Every tensor of adapters and head under its plain name: ``trunk.<layer>.lora.A``, ``head.linear.weight``."""
    tensors = prefixed("head", model.head.state_dict())
    for name, module in lora.adapters(model.trunk).items():
        tensors |= prefixed(f"trunk.{name}.lora", module.state_dict())
    return tensors


def save_adapter(folder: str | Path, model: SequenceModel, run: AdaptRun, card: Mapping[str, Any]) -> dict[str, Any]:
    """Write ``adapter.safetensors`` (adapters and head, no trunk) and ``card.json``; return the card."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = adapter_tensors(model)
    full = {
        **card,
        "format": 1,
        "run": run.model_dump(mode="json"),
        "trunk_hash": model.trunk_hash,
        "adapter_hash": tensor_hash(tensors),
        "tracks": model.tracks,
        "strand_pair": model.strand_pair.tolist(),
        "layers": list(lora.adapters(model.trunk)),
        "trainable_fraction": trainable_fraction(model),
        "head": model.head.activation,
        "head_parameters": parameters(model.head),
    }
    save_file(tensors, folder / WEIGHTS)
    write_card(folder, full)
    return full


def load_adapter(model: SequenceModel, folder: str | Path) -> SequenceModel:
    """Put the adapters and head of ``folder`` on the trunk of ``model`` (which is used up).

    Raises :class:`UserError` when the adapter was fitted on another trunk, or its files are not whole.
    """
    folder = Path(folder)
    card, tensors = read_card(folder), read_tensors(folder / WEIGHTS)
    if card["trunk_hash"] != model.trunk_hash:
        raise UserError(
            folder,
            f"was fitted on trunk {card['trunk_hash']}, this is {model.trunk_hash}",
            "give its own trunk or fit it again",
        )
    run = AdaptRun(**card["run"])
    head = Head(model.trunk.width, len(card["tracks"]), card["head"])
    load_strictly(head, unprefixed("head", tensors), folder / WEIGHTS)
    for name, module in attach(model.trunk, run).items():
        load_strictly(module, unprefixed(f"trunk.{name}.lora", tensors), folder / WEIGHTS)
    adapted = SequenceModel(
        model.trunk,
        head,
        card["tracks"],
        np.asarray(card["strand_pair"]),
        trunk_hash=model.trunk_hash,
        adapter_hash=card["adapter_hash"],
        card=card,
    )
    found = tensor_hash(adapter_tensors(adapted))
    if found != card["adapter_hash"] or set(tensors) != set(adapter_tensors(adapted)):
        raise UserError(
            folder / WEIGHTS, f"has hash {found}, its card says {card['adapter_hash']}", "copy both files again"
        )
    return adapted


def frozen_hash(model: SequenceModel) -> str:
    """Hash of every frozen tensor: the trunk's own weights and its BatchNorm statistics."""
    return tensor_hash(base_state(model.trunk))
