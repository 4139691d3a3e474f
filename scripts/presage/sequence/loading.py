"""From files to a model: a trunk with its own head, or with an adapter on it."""

from pathlib import Path

from presage.sequence.adapters.files import load_adapter
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.model.weights import load_trunk


def load_model(trunk_path: str | Path, adapter_dir: str | Path | None = None, device: str = "cpu") -> SequenceModel:
    """Load a trunk folder with its own head, or with the adapters and head of ``adapter_dir``, in eval mode.

    Raises :class:`presage.errors.UserError` when a file is missing or the adapter belongs to another trunk.
    """
    model = load_trunk(trunk_path)
    return (model if adapter_dir is None else load_adapter(model, adapter_dir)).to(device)
