"""Where a published model's files are: in a folder, or in a repository of the Hugging Face hub and its cache."""

from pathlib import Path

from presage.config.trunk import Trunk
from presage.errors import UserError

CONFIG = "config.json"
WEIGHTS = ("model.safetensors", "pytorch_model.bin")


def locate(settings: Trunk, *names: str) -> Path:
    """The first of ``names`` that the folder ``settings.path``, or else ``settings.repository``, has.

    Raises :class:`UserError` when none is there, or the hub cannot be asked and its cache does not have it.
    """
    if settings.path is None:
        return _fetch(settings.repository or "", settings.revision, names)
    for name in names:
        if (path := Path(settings.path) / name).exists():
            return path
    raise UserError(settings.path, f"holds no {' or '.join(names)}", "give a folder that save_pretrained wrote")


def commit(path: Path) -> str | None:
    """The commit of a file in the hub's cache (``.../snapshots/<commit>/<name>``); ``None`` for one elsewhere."""
    return path.parent.name if path.parent.parent.name == "snapshots" else None


def _fetch(repository: str, revision: str, names: tuple[str, ...]) -> Path:
    """A file of a repository, from the cache where it is (HF_HOME, HF_HUB_OFFLINE are the hub's own switches)."""
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import EntryNotFoundError, HFValidationError
    except ImportError:
        raise UserError(f"repository {repository}", "huggingface_hub is not installed", _LOCAL) from None
    reason = ""
    for name in names:
        try:
            return Path(hf_hub_download(repository, name, revision=revision))
        except EntryNotFoundError as error:  # absent there, or not in the cache while the hub is out of reach
            reason = reason or _first_line(error)
        except (OSError, HFValidationError) as error:
            reason = _first_line(error)
            break
    raise UserError(f"repository {repository}@{revision}", f"cannot read {' or '.join(names)} ({reason})", _LOCAL)


_LOCAL = "set trunk.path to a folder with config.json and model.safetensors of that repository"


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
