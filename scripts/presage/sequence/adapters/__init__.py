"""Adapters: small trainable parts inside a frozen trunk. This file is the registry: what each kind puts where.

All kinds start as a no-op, bit for bit; the trunk's own tensors are never written; combinations share one trunk.
"""

from collections.abc import Callable
from typing import NamedTuple, cast

from torch import Tensor, nn
from torch.nn.utils import parametrize

from presage import plugins
from presage.config.adapt import Adapter, AdaptRun
from presage.errors import UserError
from presage.sequence.adapters.between import Houlsby, SqueezeExcite
from presage.sequence.adapters.delta import Delta
from presage.sequence.adapters.ia3 import Inputs, Outputs, OutputsOfBias
from presage.sequence.adapters.lora import Dora, Lora
from presage.sequence.adapters.parts import Placed, placed, put_into, put_on
from presage.sequence.adapters.places import match, places
from presage.sequence.trunk.slot import Slot


class Kind(NamedTuple):
    """``fits``: may it go there? ``make``: the parts for a place, by the tensor that each goes on (slots: ``""``)."""

    fits: Callable[[nn.Module], bool]
    make: Callable[[nn.Module, Adapter], dict[str, nn.Module]]


def is_layer(module: nn.Module) -> bool:
    """Dense layers and convolutions."""
    return isinstance(module, nn.Linear | nn.Conv1d)


def _own(module: nn.Module) -> dict[str, Tensor]:
    """The trunk's tensors of a layer, without those of its sub-modules, whatever parts sit on them."""
    own: dict[str, Tensor] = dict(module.named_parameters(recurse=False))
    if parametrize.is_parametrized(module):
        lists = cast(nn.ModuleDict, module.parametrizations)
        own |= {name: cast(Tensor, parts.original) for name, parts in lists.items()}
    return own


def _low_rank(part: type[Lora]) -> Callable[[nn.Module, Adapter], dict[str, nn.Module]]:
    def make(layer: nn.Module, adapter: Adapter) -> dict[str, nn.Module]:
        if getattr(layer, "groups", 1) != 1:
            raise ValueError("a grouped convolution has no low-rank update")
        assert adapter.rank and adapter.alpha
        return {"weight": part(_own(layer)["weight"], adapter.rank, adapter.alpha)}

    return make


def _outputs(layer: nn.Module, adapter: Adapter) -> dict[str, nn.Module]:
    tensors = _own(layer)
    weight = Outputs(tensors["weight"])
    return {"weight": weight} | ({"bias": OutputsOfBias(weight)} if "bias" in tensors else {})


def _inputs(layer: nn.Module, adapter: Adapter) -> dict[str, nn.Module]:
    if getattr(layer, "groups", 1) != 1:
        raise ValueError("inputs of a grouped convolution are its outputs: name it in targets")
    return {"weight": Inputs(_own(layer)["weight"])}


def _between(part: type[Houlsby] | type[SqueezeExcite]) -> Callable[[nn.Module, Adapter], dict[str, nn.Module]]:
    def make(slot: nn.Module, adapter: Adapter) -> dict[str, nn.Module]:
        assert isinstance(slot, Slot) and adapter.rank
        return {"": part(slot, adapter.rank)}

    return make


def _delta(*names: str) -> Callable[[nn.Module, Adapter], dict[str, nn.Module]]:
    """Free tensors; no names: all of the module."""
    return lambda module, adapter: {k: Delta(t) for k, t in _own(module).items() if not names or k in names}


def _is_slot(module: nn.Module) -> bool:
    return isinstance(module, Slot)


def _is_norm(module: nn.Module) -> bool:
    return isinstance(module, nn.LayerNorm | nn.BatchNorm1d)


KINDS: dict[str, Kind] = {
    "lora": Kind(is_layer, _low_rank(Lora)),
    "locon": Kind(is_layer, _low_rank(Lora)),
    "dora": Kind(is_layer, _low_rank(Dora)),
    "ia3": Kind(is_layer, _outputs),
    "houlsby": Kind(_is_slot, _between(Houlsby)),
    "squeeze_excite": Kind(_is_slot, _between(SqueezeExcite)),
    "bitfit": Kind(lambda module: _own(module).get("bias") is not None, _delta("bias")),
    "norm": Kind(_is_norm, _delta()),
    "full": Kind(lambda module: bool(_own(module)), _delta()),
}
_IA3_INPUTS = Kind(is_layer, _inputs)


def attach(trunk: nn.Module, run: AdaptRun) -> list[Placed]:
    """Put ``run``'s adapters on a plain trunk and return their parts. Weights come from torch's global generator.

    Raises :class:`UserError` when a pattern fits no place of its kind, or a place cannot carry the adapter.
    """
    plain, kinds = places(trunk), KINDS | plugins.added("adapter")
    for adapter in run.adapters:
        _attach(trunk, plain, kinds[adapter.kind], adapter, adapter.targets or (), run.name)
        if adapter.inputs:
            _attach(trunk, plain, _IA3_INPUTS, adapter, adapter.inputs, run.name)
    return placed(trunk)


def _attach(
    trunk: nn.Module, plain: dict[str, nn.Module], kind: Kind, adapter: Adapter, patterns: tuple[str, ...], run: str
) -> None:
    # Places are those of the plain trunk: adapters are put on the trunk, never on each other.
    fitting = [name for name, module in plain.items() if kind.fits(module)]
    for name in match(fitting, patterns, run):
        try:
            if isinstance(plain[name], Slot) and trunk.get_submodule(name) is not plain[name]:
                raise ValueError("is taken by another adapter")
            for tensor, part in kind.make(plain[name], adapter).items():
                put_on(plain[name], tensor, part) if tensor else put_into(trunk, name, part)  # type: ignore[arg-type]
        except ValueError as error:
            raise UserError(f"adapt run {run}", f"layer {name}: {error}", "change rank or targets") from None
