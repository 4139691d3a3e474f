"""What an adapted model trains: counts, and the table that is printed before a fit."""

from typing import NamedTuple

from torch import nn

from presage.sequence.adapters.parts import placed
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.trunk.borzoi import parameters


class Row(NamedTuple):
    """A part or the head: its place, its label, the shape of what it sits on, and what it trains."""

    place: str
    label: str
    shape: tuple[int, ...]
    trainable: int


def resolved(model: SequenceModel) -> list[Row]:
    """One row for each part that trains something, and one for the head."""
    rows = []
    for spot in placed(model.trunk):
        trained = parameters(spot.part)
        if spot.tensor:
            module = model.trunk.get_submodule(spot.layer)
            shape = tuple(module.parametrizations[spot.tensor].original.shape)  # type: ignore[union-attr,index]
        else:
            shape = (spot.part.slot[0].channels,)  # type: ignore[index,union-attr]
        if trained:
            rows.append(Row(".".join(filter(None, (spot.layer, spot.tensor))), spot.part.label, shape, trained))
    return [*rows, Row("head", "head", tuple(model.head.linear.weight.shape), parameters(model.head))]


def resolved_text(model: SequenceModel) -> str:
    """:func:`resolved` as lines, for the log before a fit."""
    lines = [
        f"{row.place:44s} {'x'.join(map(str, row.shape)):>14s} {row.label:14s} {row.trainable:>11,d}"
        for row in resolved(model)
    ]
    adapter = adapter_parameters(model)
    own = parameters(model.trunk) - adapter
    title = f"{'layer':44s} {'shape':>14s} {'adapter':14s} {'trainable':>11s}"
    total = f"{adapter:,d} trainable in a trunk of {own:,d} ({adapter / own:.2%}), which is frozen"
    if adapter == own:
        total = f"the whole trunk of {own:,d} parameters is trained"
    return "\n".join([title, *lines, total])


def adapter_parameters(model: SequenceModel | nn.Module) -> int:
    """Parameters of the adapters in a model or trunk, without the head."""
    trunk = model.trunk if isinstance(model, SequenceModel) else model
    return sum(parameters(spot.part) for spot in placed(trunk))


def trainable_fraction(model: SequenceModel) -> float:
    """Adapter parameters over the trunk's own, the head in neither."""
    adapter = adapter_parameters(model)
    return adapter / (parameters(model.trunk) - adapter)
