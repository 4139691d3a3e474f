"""What an adapter predicts, as its card says it: one that was fitted elsewhere needs no coverage to be understood."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from presage.errors import UserError
from presage.sequence.model.shape import CARD, read_card
from presage.sequence.targets.scaling import Scale
from presage.sequence.targets.target_set import TargetSet
from presage.sequence.targets.track_names import track_info

_COLUMNS = {"cell_type": "cell_types", "assay": "assays", "strand": "strands"}  # of a table -> of a card


class Outputs(NamedTuple):
    """The tracks of a model (columns ``slug cell_type assay strand``, in its order), and how their targets were made
    from coverage; None where that is not recorded."""

    tracks: pd.DataFrame
    scale: Scale | None


def to_card(data: TargetSet, tracks: pd.DataFrame) -> dict[str, Any]:
    """The keys of a card that :func:`outputs_of` reads, for an adapter fitted to ``data``.

    ``tracks``: columns ``slug cell_type assay strand``, of all tracks of ``data`` or more.
    """
    info = track_info(data.tracks, tracks)
    named = {key: info[column].tolist() for column, key in _COLUMNS.items()}
    return {**named, "scale": None if data.scale is None else data.scale.to_attrs()}


def outputs_of(adapters: Iterable[str | Path]) -> Outputs:
    """What several adapters predict, which must be the same.

    ``adapters``: files in their folders. Raises :class:`UserError` for a card that is not whole, and for two that
    differ in tracks or scale: their predictions cannot be averaged.
    """
    first, *others = [Path(adapter).parent for adapter in adapters]
    card = read_card(first)
    for other in others:
        found = read_card(other)
        for key in ("tracks", *_COLUMNS.values(), "scale"):
            if found.get(key) != card.get(key):
                raise UserError(other, f"predicts other {key} than {first}", "score with one of them at a time")
    try:
        return _read(card)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            first / CARD, f"does not say what the adapter predicts ({type(error).__name__}: {error})", "copy it again"
        ) from None


def _read(card: Mapping[str, Any]) -> Outputs:
    tracks = pd.DataFrame({"slug": card["tracks"]} | {column: card[key] for column, key in _COLUMNS.items()})
    return Outputs(tracks, None if card["scale"] is None else Scale.from_attrs(card["scale"]))
