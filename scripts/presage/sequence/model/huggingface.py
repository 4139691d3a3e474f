"""Borzoi, Flashzoi and Prime as borzoi-pytorch saves them: their names to ours, without that package."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from presage.config.trunk import Trunk, TrunkShape
from presage.errors import UserError, damaged
from presage.sequence.model import hub
from presage.sequence.model.heads import Head
from presage.sequence.model.sequence_model import SequenceModel, base_state, tensor_hash
from presage.sequence.model.shape import read_config
from presage.sequence.model.weights import load_strictly, read_tensors, require_shape, unprefixed
from presage.sequence.targets.tfrecords import read_targets_txt
from presage.sequence.trunk.borzoi import Borzoi
from presage.sequence.trunk.enformer import Enformer


def load_huggingface(settings: Trunk) -> SequenceModel:
    """The trunk and the head of ``settings.species`` from a folder or repository; the card says which commit it is.

    Raises :class:`UserError` when files are missing, describe another kind of model, or have layers that are missing,
    left over or of another shape than ``config.json`` asks for.
    """
    config, path = hub.locate(settings, hub.CONFIG), hub.locate(settings, *hub.WEIGHTS)
    shape = read_config(config, settings.context, settings.crop)
    theirs = _split_joint(_wanted(read_weights(path), settings.species), shape, path)
    units = _units(theirs, settings.species, path)
    trunk, head = Borzoi(shape), Head(shape.width, units)
    return filled(settings, trunk, head, theirs, _names(shape, settings.species), path)


def filled(
    settings: Trunk, trunk: Borzoi | Enformer, head: Head, theirs: dict[str, Tensor], names: dict[str, str], path: Path
) -> SequenceModel:
    """A model of trunk and head with their tensors in it. ``names``: our layer (or tensor) -> theirs.

    Raises :class:`UserError` that names the first layer that is missing, left over or misshaped.
    """
    own = {f"trunk.{k}": v for k, v in trunk.state_dict().items() if not k.endswith(COMPUTED)}
    own |= {f"head.{k}": v for k, v in head.state_dict().items()}
    loaded: dict[str, Tensor] = {}
    for name, tensor in own.items():
        layer, _, key = name.rpartition(".")
        their_name = f"{names[layer]}.{key}" if layer in names else names[name]
        if their_name not in theirs:
            raise UserError(path, f"holds no layer {their_name}", f"check that {hub.CONFIG} belongs to this file")
        found = theirs.pop(their_name)
        if found.ndim > tensor.ndim and found.shape[-1] == 1:  # a convolution over one bin is a dense layer
            found = found[..., 0]
        require_shape(path, their_name, tuple(found.shape), tuple(tensor.shape))
        loaded[name] = found.float()
    if theirs:
        raise UserError(path, f"layer {min(theirs)} has no place in this shape", f"{hub.CONFIG} is of another model")
    kept = {name: tensor for name, tensor in trunk.state_dict().items() if name.endswith(COMPUTED)}
    load_strictly(trunk, unprefixed("trunk", loaded) | kept, path)
    load_strictly(head, unprefixed("head", loaded), path)
    tracks, strand_pair = _tracks(settings, head.linear.out_features)
    return SequenceModel(
        trunk,
        head,
        tracks,
        strand_pair,
        trunk_hash=tensor_hash(base_state(trunk)),
        adapter_hash=tensor_hash(head.state_dict()),
        card=_origin(settings, path),
    )


def read_weights(path: Path) -> dict[str, Tensor]:
    """Tensors of a safetensors file or of a torch state dict. Raises :class:`UserError` when it is broken."""
    if path.suffix == ".safetensors":
        return read_tensors(path)
    with damaged(path, "copy it again", "is not a whole state dict"):
        tensors = dict(torch.load(path, map_location="cpu", weights_only=True))
        if not all(isinstance(tensor, Tensor) for tensor in tensors.values()):
            raise UserError(path, "holds other things than tensors", "save the model's state dict")
        return tensors


COMPUTED = ("num_batches_tracked", ".positions", ".inv_freq", ".features")  # no weights: counters, and positions


def _wanted(tensors: Mapping[str, Tensor], species: str) -> dict[str, Tensor]:
    """Without counters, computed buffers, and heads other than the species' own."""
    heads = {name for name in tensors if "_head" in name.partition(".")[0] and not name.startswith(f"{species}_head.")}
    return {name: t for name, t in tensors.items() if name not in heads and not name.endswith(COMPUTED)}


def _units(theirs: Mapping[str, Tensor], species: str, where: Path) -> int:
    weight = theirs.get(f"{species}_head.weight")
    if weight is None:
        todo = "set trunk.species, or give the repository whose name ends in -mouse"
        raise UserError(where, f"holds no head for {species}", todo)
    return len(weight)


def _tracks(settings: Trunk, units: int) -> tuple[list[str], np.ndarray]:
    """Slugs and strand pairs of the head's tracks; numbered and each its own pair where no file names them."""
    if settings.targets is None:
        return [f"track_{i}" for i in range(units)], np.arange(units)
    table = read_targets_txt(settings.targets)
    if len(table) != units:
        what = f"names {len(table)} tracks, the head for {settings.species} has {units}"
        raise UserError(settings.targets, what, "give the head's own targets")
    return list(table["slug"]), table["strand_pair"].to_numpy()


def _split_joint(theirs: dict[str, Tensor], shape: TrunkShape, where: Path) -> dict[str, Tensor]:
    """Flashzoi's one layer for queries, keys and values (in this order) as three, so that adapters can name them."""
    shared = shape.key_value_heads or shape.heads
    rows = [shape.heads * shape.key_size, shared * shape.key_size, shared * shape.value_size]
    split: dict[str, Tensor] = {}
    for name, tensor in theirs.items():
        block, joint, key = name.partition("Wqkv.")
        if not joint:
            split[name] = tensor
            continue
        require_shape(where, name, tuple(tensor.shape), (sum(rows), *tensor.shape[1:]))
        split |= {f"{block}{part}.{key}": piece for part, piece in zip(_JOINT, tensor.split(rows))}
    return split


_JOINT = ("query", "key", "value")
RELATIVE = {"query": "to_q", "key": "to_k", "value": "to_v", "position": "to_rel_k", "out": "to_out"}
RELATIVE |= {"content_bias": "rel_content_bias", "position_bias": "rel_pos_bias"}
_ROTARY = {**{part: f"mha.{part}" for part in _JOINT}, "out": "mha.out_proj"}


def _names(shape: TrunkShape, species: str) -> dict[str, str]:
    """Our layer -> theirs, in the Sequential of which the activations, dropouts and pools have numbers, too."""
    blocks, ups = len(shape.tower_widths), shape.ups
    names = {"trunk.stem": "conv_dna.conv_layer", "head.linear": f"{species}_head"}
    for i in range(blocks):
        # Those blocks whose outputs the U-Net takes stand apart, the first of them excepted.
        step = i - (blocks - ups)
        theirs = f"unet{step}.1" if step > 0 else f"res_tower.{2 * i}"
        names |= {f"trunk.tower.{i}.norm": f"{theirs}.norm", f"trunk.tower.{i}.conv": f"{theirs}.conv_layer"}
    for i in range(shape.depth):
        attention = RELATIVE if shape.attention == "relative" else _ROTARY
        names |= transformer_names(f"trunk.transformer.{i}", f"transformer.{i}", attention)
    for i in range(ups):
        ours, step = f"trunk.unet.{i}", ups - 1 - i  # they count from the finest
        names |= {
            f"{ours}.norm": f"upsampling_unet{step}.0.norm",
            f"{ours}.dense": f"upsampling_unet{step}.0.conv_layer",
            f"{ours}.skip_norm": f"horizontal_conv{step}.norm",
            f"{ours}.skip_dense": f"horizontal_conv{step}.conv_layer",
            f"{ours}.depthwise": f"separable{step}.conv_layer.0",
            f"{ours}.pointwise": f"separable{step}.conv_layer.1",
        }
    if shape.final_width:
        names |= {
            "trunk.final.norm": "final_joined_convs.0.norm",
            "trunk.final.conv": "final_joined_convs.0.conv_layer",
        }
    return names


def transformer_names(ours: str, theirs: str, attention: Mapping[str, str]) -> dict[str, str]:
    """One transformer block, of which borzoi-pytorch's follows enformer-pytorch's."""
    names = {f"{ours}.attention.{own}": f"{theirs}.0.fn.1.{other}" for own, other in attention.items()}
    names |= {f"{ours}.attention_norm": f"{theirs}.0.fn.0", f"{ours}.mlp_norm": f"{theirs}.1.fn.0"}
    return names | {f"{ours}.mlp_in": f"{theirs}.1.fn.1", f"{ours}.mlp_out": f"{theirs}.1.fn.4"}


def _origin(settings: Trunk, weights: Path) -> dict[str, Any]:
    """What the card says of where the weights came from."""
    return {
        "origin": settings.kind,
        "repository": settings.repository,
        "commit": hub.commit(weights),
        "species": settings.species,
        "simulated": False,
    }
