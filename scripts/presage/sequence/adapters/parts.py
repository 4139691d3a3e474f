"""Parts: what adapters are made of. One changes a tensor of a layer, the other stands in a slot between layers.

A tensor part is a parametrization, so whatever reads ``layer.weight`` (the layer's own forward, a merge, an exact
recomputation on a sliver) sees the adapted weight, and no code path can leave the adapter out.
"""

from collections.abc import Callable, Iterator
from typing import ClassVar, NamedTuple, cast

from torch import Tensor, nn
from torch.nn.utils import parametrize

from presage.sequence.trunk.slot import Slot


class TensorPart(nn.Module):
    """From a frozen tensor to the adapted one, of the same shape. ``label`` names it in files."""

    label: ClassVar[str]


class SlotPart(nn.Module):
    """From what passes a slot to what goes on, of the same shape. ``label`` names it in files.

    ``pointwise``: what goes on at a position depends on that position only.
    """

    label: ClassVar[str]
    pointwise: ClassVar[bool] = False

    def __init__(self, slot: Slot) -> None:
        super().__init__()
        self.slot = (slot,)  # in a tuple, so that it is no sub-module: it comes back when the part is taken out


class Placed(NamedTuple):
    """A part and where it is: the name of the layer or slot, and of the layer's tensor (empty for a slot)."""

    layer: str
    tensor: str
    part: TensorPart | SlotPart

    @property
    def name(self) -> str:
        """Unique in a trunk, e.g. ``transformer.0.attention.query.weight.lora``."""
        return ".".join(word for word in (self.layer, self.tensor, self.part.label) if word)


def put_on(layer: nn.Module, tensor: str, part: TensorPart) -> None:
    """Put a part on ``layer.<tensor>``, which is frozen. Parts on one tensor act in the order in which they came.

    Raises ``ValueError`` when a part of that label is there already.
    """
    if any(other.label == part.label for other in _on(layer, tensor)):
        raise ValueError(f"has {part.label} on its {tensor} already")
    if not parametrize.is_parametrized(layer, tensor):
        layer.get_parameter(tensor).requires_grad_(False)
    parametrize.register_parametrization(layer, tensor, part)


def put_into(trunk: nn.Module, name: str, part: SlotPart) -> None:
    """Put a part into the slot ``name``."""
    parent, _, own = name.rpartition(".")
    setattr(trunk.get_submodule(parent), own, part)


def placed(trunk: nn.Module) -> list[Placed]:
    """All parts of a trunk, in its order."""
    found = []
    for name, module in trunk.named_modules():
        if isinstance(module, SlotPart):
            found.append(Placed(name, "", module))
        elif parametrize.is_parametrized(module):
            tensors = list(cast(nn.ModuleDict, module.parametrizations))
            found += [Placed(name, tensor, part) for tensor in tensors for part in _on(module, tensor)]
    return found


def detach(trunk: nn.Module) -> None:
    """Take all parts out and leave the trunk's own tensors, bit for bit."""
    for name, tensor in _adapted(trunk):
        parametrize.remove_parametrizations(trunk.get_submodule(name), tensor, leave_parametrized=False)
    for spot in placed(trunk):
        parent, _, own = spot.layer.rpartition(".")
        setattr(trunk.get_submodule(parent), own, cast(SlotPart, spot.part).slot[0])


def merge(trunk: nn.Module) -> Callable[[], None]:
    """Write every adapted tensor into its layer: the same output from plain layers. Returns what takes it back.

    Raises ``ValueError`` for parts in slots: what they do depends on what passes through them.
    """
    slots = [spot.name for spot in placed(trunk) if not spot.tensor]
    if slots:
        raise ValueError(f"{slots[0]} stands between layers and cannot be written into one")
    kept = []
    for name, tensor in _adapted(trunk):
        layer = trunk.get_submodule(name)
        original = cast(nn.ModuleDict, layer.parametrizations)[tensor].original
        kept.append((layer, tensor, cast(Tensor, original).detach(), list(_on(layer, tensor))))
        parametrize.remove_parametrizations(layer, tensor, leave_parametrized=True)

    def unmerge() -> None:
        for layer, tensor, original, parts in kept:
            getattr(layer, tensor).data = original
            for part in parts:
                put_on(layer, tensor, part)

    return unmerge


def _adapted(trunk: nn.Module) -> list[tuple[str, str]]:
    """(layer, tensor) wherever there are tensor parts."""
    return list(dict.fromkeys((spot.layer, spot.tensor) for spot in placed(trunk) if spot.tensor))


def _on(layer: nn.Module, tensor: str) -> Iterator[TensorPart]:
    if parametrize.is_parametrized(layer, tensor):
        parts = cast(nn.ModuleList, cast(nn.ModuleDict, layer.parametrizations)[tensor])
        yield from (cast(TensorPart, part) for part in parts)
