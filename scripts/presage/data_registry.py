"""Named public files: where each comes from, its checksum and its licence.

``registry:NAME`` in a configuration means the file (or, for a name that ends in ``/``, the folder of files) ``NAME`` of
``resources/registry.tsv``. A run takes it from the mirror folder when there is one (``PRESAGE_DATA_MIRROR``, else
``../shared/data`` beside the repository), and downloads it otherwise; both are checked against the SHA-256.
"""

import csv
import os
import shutil
import urllib.error
import urllib.request
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

from presage.errors import UserError
from presage.provenance import file_hash

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "resources" / "registry.tsv"
PREFIX = "registry:"


@dataclass(frozen=True)
class Entry:
    """One public file. ``mirror_sha256``: of the mirror's copy, where that holds a part of the file only."""

    name: str
    sha256: str
    url: str
    licence: str
    mirror_sha256: str | None = None


@lru_cache(maxsize=1)
def entries() -> dict[str, Entry]:
    """All entries by name."""
    with TABLE.open(newline="", encoding="utf-8") as handle:
        return {row["name"]: Entry(**row) for row in csv.DictReader(handle, delimiter="\t")}


def members(name: str) -> list[Entry]:
    """The file ``name``, or every file below the folder ``name`` (which ends in ``/``).

    Raises :class:`UserError` for a name that is not in the registry.
    """
    found = [e for e in entries().values() if e.name == name or (name.endswith("/") and e.name.startswith(name))]
    if not found:
        raise UserError(f"{PREFIX}{name}", "is not in resources/registry.tsv", "see that table for the names")
    return found


def mirror() -> Path | None:
    """The folder that holds the files under their registry names, if there is one."""
    folder = Path(os.environ.get("PRESAGE_DATA_MIRROR", ROOT.parent / "shared" / "data"))
    return folder if folder.is_dir() else None


def obtain(name: str, target: Path) -> None:
    """Put the file or folder ``name`` at ``target``, from the mirror or by download, checked.

    Raises :class:`UserError` when it can be had from neither, or when a checksum differs (nothing is left behind then).
    """
    for entry in members(name):
        path = target / entry.name.removeprefix(name) if name.endswith("/") else target
        path.parent.mkdir(parents=True, exist_ok=True)
        local = mirror()
        mirrored = bool(local and (local / entry.name).is_file())
        if local and mirrored:
            shutil.copyfile(local / entry.name, path)
        else:
            _download(entry, path)
        found, wanted = file_hash(path), (mirrored and entry.mirror_sha256) or entry.sha256
        if found != wanted:
            path.unlink()
            todo = "remove or replace the mirror's copy" if mirrored else "try again; if it stays so, report it"
            source = local / entry.name if local and mirrored else entry.url
            raise UserError(source, f"has the SHA-256 {found[:12]}..., the registry says {wanted[:12]}...", todo)


def _download(entry: Entry, path: Path) -> None:
    """Fetch ``entry``; an address ``package:NAME/FILE`` is a file that an installed Python package ships."""
    if entry.url.startswith("package:"):
        package, _, inner = entry.url.removeprefix("package:").partition("/")
        shutil.copyfile(str(resources.files(package) / inner), path)
        return
    try:
        with urllib.request.urlopen(entry.url, timeout=60) as source, path.open("wb") as sink:
            shutil.copyfileobj(source, sink)
    except (urllib.error.URLError, OSError) as error:
        path.unlink(missing_ok=True)
        raise UserError(
            entry.name,
            f"could not be downloaded from {entry.url} ({error})",
            "set PRESAGE_DATA_MIRROR to a folder that holds it under that name, or leave out what asks for it "
            '(a preset asks for its blacklist: reference.blacklist: "")',
        ) from error
