"""Trunk files of presage's own: safetensors and a card."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from presage.errors import UserError, damaged
from presage.sequence.model.heads import Head
from presage.sequence.model.sequence_model import SequenceModel, base_state, tensor_hash
from presage.sequence.model.shape import CARD, as_shape, read_card
from presage.sequence.trunk.borzoi import parameters
from presage.sequence.trunk.family import network

WEIGHTS = "trunk.safetensors"


def save_trunk(folder: str | Path, model: SequenceModel, card: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Write ``trunk.safetensors`` (trunk and own head) and ``card.json`` into ``folder``; return the card.

    The card holds what it takes to load the file (shape, tracks, strand pairs, hash) and what ``card`` adds: folds,
    metrics, whether the data was simulated.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    trunk = base_state(model.trunk)
    full = {
        **(card or {}),
        "format": 1,
        "shape": model.trunk.shape.model_dump(mode="json"),
        "tracks": model.tracks,
        "strand_pair": model.strand_pair.tolist(),
        "trunk_hash": tensor_hash(trunk),
        "head_hash": tensor_hash(model.head.state_dict()),
        "trunk_parameters": parameters(model.trunk),
        "head": model.head.activation,
        "head_parameters": parameters(model.head),
    }
    tensors = prefixed("trunk", trunk) | prefixed("head", model.head.state_dict())
    save_file(tensors, folder / WEIGHTS)
    write_card(folder, full)
    return full


def load_trunk(path: str | Path) -> SequenceModel:
    """Read what :func:`save_trunk` wrote; ``path`` is the folder or the weights in it. The trunk comes frozen.

    Raises :class:`UserError` when a file is missing, or its weights do not have the hash that the card states.
    """
    folder = Path(path) if Path(path).is_dir() else Path(path).parent
    with damaged(folder, "copy the folder again"):
        return _load(folder)


def _load(folder: Path) -> SequenceModel:
    card, tensors = read_card(folder), read_tensors(folder / WEIGHTS)
    trunk = network(as_shape(card["shape"]))
    head = Head(trunk.width, len(card["tracks"]), card["head"])
    load_strictly(trunk, unprefixed("trunk", tensors), folder / WEIGHTS)
    load_strictly(head, unprefixed("head", tensors), folder / WEIGHTS)
    found = tensor_hash(base_state(trunk))
    if found != card["trunk_hash"]:
        raise UserError(
            folder / WEIGHTS, f"has hash {found}, its card says {card['trunk_hash']}", "copy both files again"
        )
    return SequenceModel(
        trunk,
        head,
        card["tracks"],
        np.asarray(card["strand_pair"]),
        trunk_hash=found,
        adapter_hash=card["head_hash"],
        card=card,
    )


def write_card(folder: Path, card: Mapping[str, Any]) -> None:
    """Write ``card.json``: sorted keys, so that equal cards are equal files."""
    (folder / CARD).write_text(json.dumps(card, indent=2, sort_keys=True) + "\n")


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file. Raises :class:`UserError` when it is missing or broken."""
    try:
        return load_file(path)
    except FileNotFoundError:
        raise UserError(path, "is missing", "give a folder that presage wrote") from None
    except SafetensorError as error:
        raise UserError(path, f"is not a whole safetensors file ({error})", "copy it again") from None


def prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """``{name: tensor}`` -> ``{prefix.name: tensor}``, each in its own contiguous memory, as safetensors wants it."""
    return {f"{prefix}.{name}": tensor.detach().clone().contiguous() for name, tensor in tensors.items()}


def unprefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors under ``prefix.``, without it."""
    return {name.removeprefix(f"{prefix}."): t for name, t in tensors.items() if name.startswith(f"{prefix}.")}


def load_strictly(module: nn.Module, tensors: Mapping[str, Tensor], where: object) -> None:
    """Copy ``tensors`` into ``module``.

    Raises :class:`UserError` that names the first layer that is missing, left over or misshaped.
    """
    own = module.state_dict()
    odd = sorted(set(own) ^ set(tensors))
    if odd:
        what = "is missing" if odd[0] in own else "has no place in this shape"
        raise UserError(where, f"layer {odd[0]} {what}", "check the widths in the card")
    for name, tensor in tensors.items():
        require_shape(where, name, tuple(tensor.shape), tuple(own[name].shape))
    module.load_state_dict(dict(tensors))


def require_shape(where: object, layer: str, found: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    """Raise :class:`UserError` with both shapes where a layer's differs from what its module takes."""
    if found != wanted:
        raise UserError(
            where, f"layer {layer} has shape {found}, the parameters ask for {wanted}", "use the file's own parameters"
        )
