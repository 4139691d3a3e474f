"""Trunk files: presage's own (safetensors and a card), and Keras h5 files of the Borzoi family."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from presage.config.trunk import TrunkShape
from presage.errors import UserError
from presage.sequence.heads import Head
from presage.sequence.model import SequenceModel, base_state, tensor_hash
from presage.sequence.tfrecords import read_targets_txt
from presage.sequence.trunk.borzoi import Borzoi, parameters
from presage.sequence.trunk.shape import CARD, read_card, read_params

WEIGHTS = "trunk.safetensors"


# ---- presage's own files ------------------------------------------------------------------------------------------


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
    card, tensors = read_card(folder), read_tensors(folder / WEIGHTS)
    trunk = Borzoi(TrunkShape(**card["shape"]))
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
        _require_shape(where, name, tuple(tensor.shape), tuple(own[name].shape))
    module.load_state_dict(dict(tensors))


def _require_shape(where: object, layer: str, found: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    if found != wanted:
        raise UserError(
            where, f"layer {layer} has shape {found}, the parameters ask for {wanted}", "use the file's own parameters"
        )


# ---- Keras --------------------------------------------------------------------------------------------------------


def load_keras_h5(
    model_h5: str | Path, params_json: str | Path, targets_txt: str | Path, head: str = "head_human"
) -> SequenceModel:
    """Read a trunk and one of its heads from a baskerville ``model.h5``.

    ``params_json`` gives the widths, ``targets_txt`` the tracks of the head. Keras numbers its layers in the order
    in which they were made, and that order is rebuilt here.

    Raises :class:`UserError` when a layer is missing or has another shape than the parameters ask for.
    """
    shape, units = read_params(params_json, head)
    table = read_targets_txt(targets_txt)
    if len(table) != units:
        raise UserError(targets_txt, f"names {len(table)} tracks, {head} has {units}", "give the head's own targets")
    trunk, dense = Borzoi(shape), Head(shape.width, units)
    state = {f"trunk.{k}": v for k, v in trunk.state_dict().items()} | {
        f"head.{k}": v for k, v in dense.state_dict().items()
    }
    loaded: dict[str, Tensor] = {}
    with h5py.File(model_h5) as file:
        group = file.get("model_weights", file)
        for name, (layer, key, axes) in _keras_names(shape).items():
            array = _keras_array(group, layer, key, model_h5).transpose(axes)
            if state[name].ndim == array.ndim + 1:  # a Keras dense layer is our 1x1 convolution
                array = array[..., None]
            _require_shape(model_h5, f"{layer}/{key}", array.shape, tuple(state[name].shape))
            loaded[name] = torch.from_numpy(np.ascontiguousarray(array, np.float32))
    counters = {name: tensor for name, tensor in trunk.state_dict().items() if name.endswith("num_batches_tracked")}
    load_strictly(trunk, unprefixed("trunk", loaded) | counters, model_h5)
    load_strictly(dense, unprefixed("head", loaded), model_h5)
    return SequenceModel(
        trunk,
        dense,
        list(table["slug"]),
        table["strand_pair"].to_numpy(),
        trunk_hash=tensor_hash(base_state(trunk)),
        adapter_hash=tensor_hash(dense.state_dict()),
    )


def _keras_names(shape: TrunkShape) -> dict[str, tuple[str, str, tuple[int, ...]]]:
    """Our tensor -> (Keras layer, Keras weight, axes to transpose to torch's order)."""
    names: dict[str, tuple[str, str, tuple[int, ...]]] = {}
    counters = {k: _numbered(k) for k in ("conv1d", "batch_normalization", "layer_normalization", "dense")}

    def put(ours: str, kind: str, **weights: tuple[str, tuple[int, ...]]) -> None:
        layer = next(counters[kind])
        names.update({f"{ours}.{key}": (layer, keras, axes) for key, (keras, axes) in weights.items()})

    conv = {"weight": ("kernel", (2, 1, 0)), "bias": ("bias", (0,))}
    linear = {"weight": ("kernel", (1, 0)), "bias": ("bias", (0,))}
    layer_norm = {"weight": ("gamma", (0,)), "bias": ("beta", (0,))}
    batch_norm = layer_norm | {"running_mean": ("moving_mean", (0,)), "running_var": ("moving_variance", (0,))}

    put("trunk.stem", "conv1d", **conv)
    for i in range(len(shape.tower_widths)):
        put(f"trunk.tower.{i}.norm", "batch_normalization", **batch_norm)
        put(f"trunk.tower.{i}.conv", "conv1d", **conv)
    for i, attention in zip(range(shape.depth), _numbered("multihead_attention")):
        block = f"trunk.transformer.{i}"
        put(f"{block}.attention_norm", "layer_normalization", **layer_norm)
        for ours, keras in _ATTENTION.items():
            names[f"{block}.attention.{ours}.weight"] = (attention, f"{keras}/kernel", (1, 0))
        names[f"{block}.attention.out.bias"] = (attention, "embedding_layer/bias", (0,))
        names[f"{block}.attention.content_bias"] = (attention, "r_w_bias", (0, 1, 2, 3))
        names[f"{block}.attention.position_bias"] = (attention, "r_r_bias", (0, 1, 2, 3))
        put(f"{block}.mlp_norm", "layer_normalization", **layer_norm)
        put(f"{block}.mlp_in", "dense", **linear)
        put(f"{block}.mlp_out", "dense", **linear)
    for i, separable in zip(range(shape.ups), _numbered("separable_conv1d")):
        block = f"trunk.unet.{i}"
        put(f"{block}.norm", "batch_normalization", **batch_norm)
        put(f"{block}.skip_norm", "batch_normalization", **batch_norm)
        put(f"{block}.dense", "dense", **linear)
        put(f"{block}.skip_dense", "dense", **linear)
        names[f"{block}.depthwise.weight"] = (separable, "depthwise_kernel", (1, 2, 0))
        names[f"{block}.pointwise.weight"] = (separable, "pointwise_kernel", (2, 1, 0))
        names[f"{block}.pointwise.bias"] = (separable, "bias", (0,))
    if shape.final_width:
        put("trunk.final.norm", "batch_normalization", **batch_norm)
        put("trunk.final.conv", "conv1d", **conv)
    put("head.linear", "dense", **linear)
    return names


_ATTENTION = {
    "query": "q_layer",
    "key": "k_layer",
    "value": "v_layer",
    "position": "r_k_layer",
    "out": "embedding_layer",
}


def _numbered(kind: str) -> Iterator[str]:
    """kind, kind_1, kind_2, ...: the names that Keras gives."""
    number = 0
    while True:
        yield kind if number == 0 else f"{kind}_{number}"
        number += 1


def _keras_array(group: h5py.Group, layer: str, key: str, where: object) -> np.ndarray:
    path = f"{layer}/{layer}/{key}:0"
    if path not in group:
        raise UserError(where, f"holds no layer {layer} ({path})", "check that params.json belongs to this file")
    return group[path][()]
