"""Settings of the generalisation report: what is held out, one thing at a time."""

from typing import Self

from pydantic import Field, model_validator

from presage.config.base import Section

AXES = {
    "cell_type": "cell_types",
    "donor": "donors",
    "tissue": "tissues",
    "condition": "conditions",
    "tracks": "track_groups",
}
"""Axis, as tables and paths call it -> the key that lists what is held out of it."""


class Generalise(Section):
    """Hold-outs: an adapter is fitted without each of these, and asked for it (docs/generalisation.md)."""

    adapter: str | None = Field(
        None, description="adapt run that is fitted again for each hold-out and seed; null: the first of adapt.runs"
    )
    cell_types: tuple[str, ...] = Field((), description="cell types to hold out, one at a time")
    donors: tuple[str, ...] = Field((), description="donors to hold out, one at a time")
    tissues: tuple[str, ...] = Field((), description="tissues to hold out, one at a time")
    conditions: tuple[str, ...] = Field((), description="conditions (disease states) to hold out, one at a time")
    track_groups: dict[str, tuple[str, ...]] = Field(
        {}, description="name -> patterns on track names: tracks held out together, for sets without cells (tfrecords)"
    )
    decoder: bool = Field(
        True, description="fit the decoder for cells without them, too, where sequence.cells is set; it then predicts"
    )

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        for key in AXES.values():
            values = list(getattr(self, key))
            if len(set(values)) < len(values):
                raise ValueError(f"{key} repeat: {values}")
            if "" in values:
                raise ValueError(f"{key} holds an empty name")
        if not all(self.track_groups.values()):
            raise ValueError("a track group has no pattern")
        return self

    @property
    def listed(self) -> list[tuple[str, str]]:
        """(axis, value) of every hold-out, in the order of the axes."""
        return [(axis, value) for axis, key in AXES.items() for value in getattr(self, key)]
