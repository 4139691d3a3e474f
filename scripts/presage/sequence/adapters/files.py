"""Adapter files: adapters and head without the trunk (a few MB), and a card that says what they belong to."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import save_file
from torch import Tensor

from presage.config.adapt import AdaptRun
from presage.errors import UserError, damaged
from presage.sequence.adapters import attach
from presage.sequence.adapters.parts import placed
from presage.sequence.adapters.table import adapter_parameters, trainable_fraction
from presage.sequence.model.heads import Head
from presage.sequence.model.outputs import outputs_of
from presage.sequence.model.sequence_model import SequenceModel, tensor_hash
from presage.sequence.model.shape import CARD, read_card
from presage.sequence.model.weights import load_strictly, prefixed, read_tensors, unprefixed, write_card
from presage.sequence.trunk.borzoi import parameters

WEIGHTS = "adapter.safetensors"
FORMAT = 3


def adapter_tensors(model: SequenceModel) -> dict[str, Tensor]:
    """Adapters and head under plain names: ``trunk.<layer>.<tensor>.lora.A``, ``head.linear.weight``."""
    tensors = prefixed("head", model.head.state_dict())
    for spot in placed(model.trunk):
        tensors |= prefixed(f"trunk.{spot.name}", spot.part.state_dict())
    return tensors


def save_adapter(folder: str | Path, model: SequenceModel, run: AdaptRun, card: Mapping[str, Any]) -> dict[str, Any]:
    """Write ``adapter.safetensors`` (adapters and head, no trunk) and ``card.json``; return the card."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = adapter_tensors(model)
    full = {
        **card,
        "format": FORMAT,
        "run": run.model_dump(mode="json"),
        "trunk_hash": model.trunk_hash,
        "adapter_hash": tensor_hash(tensors),
        "tracks": model.tracks,
        "strand_pair": model.strand_pair.tolist(),
        "parts": [spot.name for spot in placed(model.trunk)],
        "trainable_fraction": trainable_fraction(model),
        "adapter_parameters": adapter_parameters(model),
        "head": model.head.activation,
        "head_parameters": parameters(model.head),
    }
    full["card_hash"] = _card_hash(full)
    save_file(tensors, folder / WEIGHTS)
    write_card(folder, full)
    return full


def _card_hash(card: Mapping[str, Any]) -> str:
    """Hash (16 hex digits) of all that a card says, so that a changed number is noticed as a changed weight is."""
    said = {key: value for key, value in card.items() if key != "card_hash"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def load_adapter(model: SequenceModel, folder: str | Path) -> SequenceModel:
    """Put the adapters and head of ``folder`` on the trunk of ``model`` (which is used up).

    Raises :class:`UserError` when the adapter was fitted on another trunk, or its files are not whole.
    """
    with damaged(folder, "copy the folder again"):
        return _load(model, Path(folder))


def check_adapter(folder: str | Path, trunk_hash: str) -> dict[str, Any]:
    """The card of an adapter whose files are whole and which belongs on the trunk with ``trunk_hash``.

    Raises :class:`UserError` as :func:`load_adapter`; layers are not looked at, for the trunk is not loaded.
    """
    folder = Path(folder)
    with damaged(folder, "copy the folder again"):
        card, tensors = _read(folder, trunk_hash)
        _require(tensor_hash(tensors), card, folder)
        outputs_of([folder / WEIGHTS])
    return card


def _read(folder: Path, trunk_hash: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    card, tensors = read_card(folder), read_tensors(folder / WEIGHTS)
    if card.get("format") != FORMAT:
        raise UserError(folder, f"has format {card.get('format')}, this is {FORMAT}", "fit the adapter again")
    if card["trunk_hash"] != trunk_hash:
        raise UserError(
            folder,
            f"was fitted on trunk {card['trunk_hash']}, this is {trunk_hash}",
            "give its own trunk or fit it again",
        )
    if card.get("card_hash") != _card_hash(card):
        raise UserError(folder / CARD, "is not as it was written: something in it was changed", "copy both files again")
    return card, tensors


def _require(found: str, card: Mapping[str, Any], folder: Path) -> None:
    if found != card["adapter_hash"]:
        raise UserError(
            folder / WEIGHTS, f"has hash {found}, its card says {card['adapter_hash']}", "copy both files again"
        )


def _load(model: SequenceModel, folder: Path) -> SequenceModel:
    card, tensors = _read(folder, model.trunk_hash)
    head = Head(model.trunk.width, len(card["tracks"]), card["head"])
    load_strictly(head, unprefixed("head", tensors), folder / WEIGHTS)
    try:
        spots = attach(model.trunk, AdaptRun(**card["run"]))
    except UserError as error:  # names a key of the configuration, but it is the card that is wrong
        raise UserError(folder / CARD, f"{error.where}: {error.what}", "copy the folder again") from None
    for spot in spots:
        load_strictly(spot.part, unprefixed(f"trunk.{spot.name}", tensors), folder / WEIGHTS)
    adapted = SequenceModel(
        model.trunk,
        head,
        card["tracks"],
        np.asarray(card["strand_pair"]),
        trunk_hash=model.trunk_hash,
        adapter_hash=card["adapter_hash"],
        card=card,
    )
    _require(tensor_hash(tensors), card, folder)  # a tensor that no part took shows here,
    _require(tensor_hash(adapter_tensors(adapted)), card, folder)  # and one that is none of the file's there
    return adapted
