"""Keras h5 files of the Borzoi family, as baskerville writes them."""

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import torch
from torch import Tensor

from presage.config.trunk import TrunkShape
from presage.errors import UserError
from presage.sequence.model.heads import Head
from presage.sequence.model.sequence_model import SequenceModel, base_state, tensor_hash
from presage.sequence.model.shape import read_params
from presage.sequence.model.weights import load_strictly, require_shape, unprefixed
from presage.sequence.targets.tfrecords import read_targets_txt
from presage.sequence.trunk.borzoi import Borzoi


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
            require_shape(model_h5, f"{layer}/{key}", array.shape, tuple(state[name].shape))
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
