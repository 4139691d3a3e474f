"""The hold-outs of a study by names that are safe in paths and wildcards."""

import re
from dataclasses import dataclass

from presage.config.generalise import AXES, Generalise

POOLED = ("donor", "tissue", "condition")
"""Axes along which tracks mix what is held out with what is kept: tracks are pooled again, without and of it alone."""


@dataclass(frozen=True)
class HoldOut:
    """One thing that is left out: ``value`` of an ``axis``, ``held`` as paths spell it, and for a group of tracks
    the ``patterns`` of their names."""

    axis: str
    value: str
    held: str
    patterns: tuple[str, ...] = ()

    @property
    def pools_again(self) -> bool:
        """Whether its tracks are other pools of cells than the study's."""
        return self.axis in POOLED


def hold_outs(settings: Generalise) -> list[HoldOut]:
    """All hold-outs in the order of the config; names that would be one in a path are numbered."""
    found: list[HoldOut] = []
    for axis in AXES:
        taken: set[str] = set()
        for value in (value for there, value in settings.listed if there == axis):
            name = re.sub(r"[^A-Za-z0-9_-]+", "_", value).strip("_") or "x"
            number = 2
            while name.lower() in taken:
                name, number = f"{name}-{number}", number + 1
            taken.add(name.lower())
            found.append(HoldOut(axis, value, name, settings.track_groups.get(value, ()) if axis == "tracks" else ()))
    return found
