"""The shape of a trunk before it is loaded: windows are cut for it long before its weights, or torch, are needed."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from presage.config.trunk import Trunk, TrunkShape
from presage.errors import UserError

CARD = "card.json"


def shape_of(settings: Trunk) -> TrunkShape:
    """Widths, context and crop of the trunk that ``settings`` names.

    Raises :class:`UserError` when its files are not there.
    """
    if settings.kind == "keras_h5":
        return read_params(settings.params or "")[0]
    if settings.kind == "presage":
        path = Path(settings.path or "")
        return TrunkShape(**read_card(path if path.is_dir() else path.parent)["shape"])
    return settings.shape


def read_card(folder: str | Path) -> dict[str, Any]:
    """Read ``card.json`` of a trunk or adapter folder. Raises :class:`UserError` when it is missing or broken."""
    path = Path(folder) / CARD
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise UserError(path, "is missing", "give a folder that presage wrote") from None
    except json.JSONDecodeError as error:
        raise UserError(path, f"is not JSON ({error})", "copy the folder again") from None


def read_params(params_json: str | Path, head: str = "head_human") -> tuple[TrunkShape, int]:
    """Shape of the trunk and units of the head from a baskerville ``params.json``.

    Raises :class:`UserError` when it describes another kind of network.
    """
    try:
        model = json.loads(Path(params_json).read_text())["model"]
        blocks = model["trunk"]
        kinds = [block["name"] for block in blocks]
        ups = kinds.count("unet_conv")
        attention = blocks[2] if "transformer_tower" in kinds else {}
        expected = [
            "conv_dna",
            "res_tower",
            *["transformer_tower"] * bool(attention),
            *["unet_conv"] * ups,
            "Cropping1D",
        ]
        final = blocks[len(expected) :]
        if kinds[: len(expected)] != expected or [b["name"] for b in final] not in ([], ["conv_nac"]):
            raise UserError(params_json, f"trunk {kinds} is not of the Borzoi family", f"expected {expected}")
        tower = blocks[1]
        widths = _tower_widths(tower)
        heads = int(attention.get("heads", 1))
        shape = TrunkShape(
            context=model["seq_length"],
            crop=blocks[len(expected) - 1]["cropping"],
            stem_width=blocks[0]["filters"],
            stem_kernel=blocks[0]["kernel_size"],
            tower_widths=widths,
            tower_kernel=tower["kernel_size"],
            depth=int(attention.get("repeat", 1)) if attention else 0,
            heads=heads,
            key_size=attention.get("key_size", 64),
            value_size=widths[-1] // heads,
            position_features=attention.get("num_position_features", 32),
            dropout=attention.get("dropout", 0.0),
            ups=ups,
            final_width=final[0]["filters"] if final else None,
        )
        return shape, int(model[head]["units"])
    except FileNotFoundError:
        raise UserError(params_json, "is missing", "give the params.json of the model") from None
    except (KeyError, IndexError, json.JSONDecodeError) as error:
        raise UserError(params_json, f"is not a baskerville params.json ({error!r})", "give the model's own") from None


def _tower_widths(tower: Mapping[str, Any]) -> tuple[int, ...]:
    """Filters of each block: a geometric series, rounded to a multiple, as baskerville makes it."""
    first, last, repeat = tower["filters_init"], tower["filters_end"], tower["repeat"]
    multiple = tower.get("divisible_by", 1)
    factor = (last / first) ** (1 / (repeat - 1)) if repeat > 1 else 1.0
    return tuple(int(np.round(first * factor**i / multiple) * multiple) for i in range(repeat))
