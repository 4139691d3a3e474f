"""The files of a fitted decoder: ``decoder.safetensors`` (decoder and projection) and ``card.json``."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors.torch import save_file

from presage.errors import UserError, damaged
from presage.sequence.decoder.embedding import Projection
from presage.sequence.decoder.network import CellDecoder, cell_model
from presage.sequence.loading import load_model
from presage.sequence.model.sequence_model import SequenceModel, tensor_hash
from presage.sequence.model.shape import read_card
from presage.sequence.model.weights import load_strictly, prefixed, read_tensors, unprefixed, write_card

WEIGHTS = "decoder.safetensors"


class CellPredictor(NamedTuple):
    """A trunk (with the adapters in it) with its decoder: a model for any cell.

    ``projection`` leads from counts to embeddings; None where embeddings came from the user's files.
    """

    base: SequenceModel
    decoder: CellDecoder
    projection: Projection | None
    card: dict[str, Any]

    def model(self, z: np.ndarray, names: Sequence[str]) -> SequenceModel:
        """The model of some cells or cell types: float32 [n, dim], with their names."""
        return cell_model(self.base, self.decoder, z, names)


def save_cells(
    folder: str | Path,
    base: SequenceModel,
    decoder: CellDecoder,
    projection: Projection | None,
    card: Mapping[str, Any],
) -> dict[str, Any]:
    """Write both files; return the card."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = prefixed("decoder", decoder.cpu().state_dict())
    if projection is not None:
        tensors |= prefixed("projection", projection.tensors())
    full = {
        **card,
        "format": 1,
        "trunk_hash": base.trunk_hash,
        "inner_adapter_hash": base.adapter_hash,
        "decoder_hash": tensor_hash(tensors),
        "assays": decoder.assays,
        "dim": decoder.dim,
        "hidden": decoder.hidden.out_features,
        "parameters": sum(p.numel() for p in decoder.parameters()),
        "projection_genes": projection.genes if projection is not None else None,
    }
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / WEIGHTS)
    write_card(folder, full)
    return full


def load_cells(folder: str | Path, trunk_path: str | Path, adapter_dir: str | Path | None = None) -> CellPredictor:
    """Read what :func:`save_cells` wrote, on its trunk and (if it was fitted on one) its adapter.

    Raises :class:`UserError` when the decoder was fitted on another trunk or adapter, or its files are not whole.
    """
    base = load_model(trunk_path, adapter_dir)
    with damaged(folder, "copy the folder again"):
        return _load(base, Path(folder))


def _load(base: SequenceModel, folder: Path) -> CellPredictor:
    card, tensors = read_card(folder), read_tensors(folder / WEIGHTS)
    for what, found in (("trunk_hash", base.trunk_hash), ("inner_adapter_hash", base.adapter_hash)):
        if card[what] != found:
            raise UserError(
                folder, f"was fitted on {what} {card[what] or 'none'}, this is {found or 'none'}", "give its own"
            )
    if tensor_hash(tensors) != card["decoder_hash"]:
        raise UserError(folder / WEIGHTS, "has another hash than its card says", "copy both files again")
    decoder = CellDecoder(card["dim"], base.trunk.width, card["assays"], card["hidden"])
    load_strictly(decoder, unprefixed("decoder", tensors), folder / WEIGHTS)
    names = card["projection_genes"]
    projection = None if names is None else Projection.of(unprefixed("projection", tensors), names)
    base.adapter_hash = card["decoder_hash"]  # what result rows name
    return CellPredictor(base, decoder.eval(), projection, card)
