"""The shape of a trunk before it is loaded: windows are cut for it long before its weights, or torch, are needed."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import ValidationError

from presage.config.trunk import EnformerShape, Trunk, TrunkShape
from presage.errors import UserError, damaged
from presage.sequence.model.hub import CONFIG, locate
from presage.sequence.trunk.presets import BORZOI, FLASHZOI, PRIME

CARD = "card.json"
Shape = TypeVar("Shape", TrunkShape, EnformerShape)


def shape_of(settings: Trunk) -> TrunkShape | EnformerShape:
    """Widths, context and crop of the trunk that ``settings`` names.

    Raises :class:`UserError` when its files are not there.
    """
    if settings.kind == "keras_h5":
        return read_params(settings.params or "")[0]
    if settings.kind == "presage":
        path = Path(settings.path or "")
        folder = path if path.is_dir() else path.parent
        with damaged(folder / CARD, "copy the folder again"):
            return as_shape(read_card(folder)["shape"])
    if settings.kind == "huggingface":
        return read_config(locate(settings, CONFIG), settings.context, settings.crop)
    if settings.kind == "enformer":
        return read_enformer_config(locate(settings, CONFIG), settings.context, settings.crop)
    return settings.shape


def as_shape(card: Mapping[str, Any]) -> TrunkShape | EnformerShape:
    """The shape that a trunk's card spells out."""
    return EnformerShape(**card) if card.get("family") == "enformer" else TrunkShape(**card)


def read_card(folder: str | Path) -> dict[str, Any]:
    """Read ``card.json`` of a trunk or adapter folder. Raises :class:`UserError` when it is missing or broken."""
    path = Path(folder) / CARD
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(path, "is missing", "give a folder that presage wrote") from None
    except ValueError as error:
        raise UserError(path, f"is not JSON ({error})", "copy the folder again") from None
    if not isinstance(card, dict):
        raise UserError(path, "is no card (a JSON object)", "copy the folder again")
    return card


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
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise UserError(params_json, f"is not a baskerville params.json ({error!r})", "give the model's own") from None


_FLASH = {key: getattr(FLASHZOI, key) for key in ("attention", "key_value_heads", "rotary_size", "rotary_base")}


def read_config(config_json: str | Path, context: int | None = None, crop: int | None = None) -> TrunkShape:
    """Shape of a trunk from the ``config.json`` of borzoi-pytorch, which leaves the tower's first widths unsaid.

    ``context`` and ``crop`` (default: as published, and what leaves the bins that the file says) may be others: the
    position features keep the span of the training.

    Raises :class:`UserError` when it describes another kind of network, or a crop that does not fit.
    """
    config = _config(config_json, ("borzoi", "prime"))
    published = BORZOI if config["model_type"] == "borzoi" else PRIME
    try:
        width, heads = config["dim"], config["heads"]
        sizes: dict[str, Any] = {"key_size": config["attn_dim_key"], "value_size": config["attn_dim_value"]}
        if config.get("flashed"):
            sizes = {**_FLASH, "key_size": width // heads, "value_size": width // heads, "key_value_heads": heads // 2}
        shape = {
            **published.model_dump(),
            **sizes,
            "tower_widths": (*published.tower_widths[:-1], width),
            "depth": config["depth"],
            "heads": heads,
            "context": context or published.context,
            "dropout": config["dropout_rate"],
        }
        # Either 16 bins are left out at each edge of the whole length, or the file says how many stay; -1 is all.
        whole, edges = published.context // published.bin_size, 2 * 16
        bins = config["bins_to_return"] if config["return_center_bins_only"] else whole - edges
    except KeyError as error:
        raise UserError(config_json, f"has no key {error}", "give the config.json that save_pretrained wrote") from None
    shape["crop"] = _crop(shape["context"] // published.bin_size, bins) if crop is None else crop
    return _checked(TrunkShape, shape, config_json)


def read_enformer_config(config_json: str | Path, context: int | None = None, crop: int | None = None) -> EnformerShape:
    """Shape of an Enformer from the ``config.json`` of enformer-pytorch; ``context`` and ``crop`` as above.

    Raises :class:`UserError` when it describes another kind of network, or a crop that does not fit.
    """
    config = _config(config_json, ("enformer",))
    try:
        half, blocks = config["dim"] // 2, config["num_downsamples"] - 1
        tower = {"filters_init": half, "filters_end": config["dim"], "repeat": blocks}
        shape = {
            "context": context or EnformerShape().context,
            "stem_width": half,
            "tower_widths": _tower_widths({**tower, "divisible_by": config["dim_divisible_by"]}),
            "depth": config["depth"],
            "heads": config["heads"],
            "key_size": config["attn_dim_key"],
            "dropout": config["dropout_rate"],
        }
        bins = config["target_length"]
    except KeyError as error:
        raise UserError(config_json, f"has no key {error}", "give the config.json that save_pretrained wrote") from None
    shape["crop"] = _crop(shape["context"] // 2 ** (1 + blocks), bins) if crop is None else crop
    return _checked(EnformerShape, shape, config_json)


def _config(path: str | Path, kinds: tuple[str, ...]) -> dict[str, Any]:
    try:
        config = json.loads(Path(path).read_text())
    except FileNotFoundError:
        raise UserError(path, "is missing", "give the folder that save_pretrained wrote") from None
    except ValueError as error:
        raise UserError(path, f"is not JSON ({error})", "copy the folder again") from None
    found = config.get("model_type") if isinstance(config, dict) else None
    if found not in kinds:
        raise UserError(path, f"describes a model of type {found}", f"expected {' or '.join(kinds)}")
    return config


def _crop(whole: int, bins: int) -> int:
    """Bins left out at each edge when ``bins`` (-1: all) of the middle stay."""
    return 0 if bins == -1 else (whole - bins) // 2


def _checked(kind: type[Shape], shape: dict[str, Any], where: str | Path) -> Shape:
    try:
        return kind(**shape)
    except ValidationError as error:
        reason = error.errors()[0]
        key = ".".join(map(str, reason["loc"])) or "shape"
        raise UserError(where, f"{key}: {reason['msg']}", "change trunk.context or trunk.crop") from None


def _tower_widths(tower: Mapping[str, Any]) -> tuple[int, ...]:
    """Filters of each block: a geometric series, rounded to a multiple, as baskerville makes it."""
    first, last, repeat = tower["filters_init"], tower["filters_end"], tower["repeat"]
    multiple = tower.get("divisible_by", 1)
    factor = (last / first) ** (1 / (repeat - 1)) if repeat > 1 else 1.0
    return tuple(int(np.round(first * factor**i / multiple) * multiple) for i in range(repeat))
