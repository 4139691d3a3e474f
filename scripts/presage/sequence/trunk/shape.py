"""The shape of a trunk before it is loaded: windows are cut for it long before its weights are needed."""

from pathlib import Path

from presage.config.adapt import Trunk, TrunkShape
from presage.sequence.trunk.weights import read_card, read_params


def shape_of(settings: Trunk) -> TrunkShape:
    """Widths, context and crop of the trunk that ``settings`` names.

    Raises :class:`UserError` when its files are not there.
    """
    if settings.kind == "keras_h5":
        return read_params(settings.params or "")[0]
    if settings.kind == "presage":
        path = Path(settings.path or "")
        return TrunkShape(**read_card(path if path.is_dir() else path.parent)["shape"])
    return settings.shape
