"""Places: the layers and slots of a trunk by name, and the patterns that pick some of them."""

import fnmatch
import re
from collections.abc import Sequence

from torch import nn

from presage.errors import UserError
from presage.sequence.trunk.slot import Slot

_SLICED = re.compile(r"(.*)\[(-?\d*):(-?\d*)\]$")


def places(trunk: nn.Module) -> dict[str, nn.Module]:
    """Every module of the trunk that an adapter may be put on or into, by name: those with parameters, and slots."""
    return {
        name: module
        for name, module in trunk.named_modules()
        if isinstance(module, Slot) or next(module.parameters(recurse=False), None) is not None
    }


def match(names: Sequence[str], patterns: Sequence[str], run: str) -> list[str]:
    """The names that fit any of the shell-style patterns, in the order of ``names``.

    ``[a:b]`` after a pattern takes a slice of what fits it: ``tower.*.conv[-4:]`` is the last four.

    Raises :class:`UserError` for a pattern that fits none.
    """
    chosen: set[str] = set()
    for pattern in patterns:
        sliced = _SLICED.match(pattern)
        fits = [name for name in names if fnmatch.fnmatchcase(name, sliced[1] if sliced else pattern)]
        if sliced:
            first, last = (int(bound) if bound else None for bound in sliced.groups()[1:])
            fits = fits[first:last]
        if not fits:
            kinds = sorted({".".join("*" if part.isdigit() else part for part in name.split(".")) for name in names})
            raise UserError(f"adapt run {run}", f"target {pattern!r} fits no layer", f"layers are {', '.join(kinds)}")
        chosen.update(fits)
    return [name for name in names if name in chosen]
