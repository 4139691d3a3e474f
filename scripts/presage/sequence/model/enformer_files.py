"""Enformer as enformer-pytorch saves it: its names to ours."""

import json

from torch import Tensor

from presage.config.trunk import EnformerShape, Trunk
from presage.errors import UserError
from presage.sequence.model import hub
from presage.sequence.model.heads import Head
from presage.sequence.model.huggingface import COMPUTED, RELATIVE, filled, read_weights, transformer_names
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.model.shape import read_enformer_config
from presage.sequence.trunk.enformer import Enformer, fill_positions

_OFFICIAL = "EleutherAI/enformer-official-rough"  # whose config.json does not say that it needs TensorFlow's positions
_PARTS = {"1": "stem", "2": "conv_tower", "4": "transformer", "6": "final_pointwise"}


def load_enformer(settings: Trunk) -> SequenceModel:
    """As :func:`load_huggingface`, from what enformer-pytorch saves. Needs that package for the position features."""
    config, path = hub.locate(settings, hub.CONFIG), hub.locate(settings, *hub.WEIGHTS)
    shape = read_enformer_config(config, settings.context, settings.crop)
    theirs: dict[str, Tensor] = {}
    for name, tensor in read_weights(path).items():
        if name.startswith("_trunk."):  # each part of their trunk has two names, of which a file holds one or both
            _, part, rest = name.split(".", 2)
            name = f"{_PARTS[part]}.{rest}"
        if not name.endswith(COMPUTED) and not (name.startswith("_heads.") and _head(settings) not in name):
            theirs[name] = tensor
    weight = theirs.get(f"{_head(settings)}.weight")
    if weight is None:
        raise UserError(path, f"holds no head for {settings.species}", "set trunk.species")
    trunk, head = Enformer(shape), Head(shape.width, len(weight))
    stated = json.loads(config.read_text()).get("use_tf_gamma", False) or settings.repository == _OFFICIAL
    fill_positions(trunk, stated if settings.tf_gamma is None else settings.tf_gamma)
    return filled(settings, trunk, head, theirs, _enformer_names(shape, settings), path)


def _head(settings: Trunk) -> str:
    return f"_heads.{settings.species}.0"


def _enformer_names(shape: EnformerShape, settings: Trunk) -> dict[str, str]:
    """Our layer -> theirs."""
    names = {"trunk.stem": "stem.0", "head.linear": _head(settings)}

    def block(ours: str, theirs: str) -> None:
        names.update({f"{ours}.norm": f"{theirs}.0", f"{ours}.conv": f"{theirs}.2"})

    block("trunk.stem_mix", "stem.1.fn")
    names["trunk.stem_pool.logits"] = "stem.2.to_attn_logits"
    for i in range(len(shape.tower_widths)):
        ours, theirs = f"trunk.tower.{i}", f"conv_tower.{i}"
        block(ours, f"{theirs}.0")
        block(f"{ours}.mix", f"{theirs}.1.fn")
        names[f"{ours}.pool.logits"] = f"{theirs}.2.to_attn_logits"
    for i in range(shape.depth):
        names |= transformer_names(f"trunk.transformer.{i}", f"transformer.{i}", RELATIVE)
    block("trunk.final", "final_pointwise.1")
    return names
