"""Where an input file is before the workflow has fetched it."""

from pathlib import Path

from presage import data_registry
from presage.study.paths import PUBLIC_FILES, PUBLIC_FOLDERS


def at_hand(path: str) -> Path:
    """A user's path as it is; a registry name, or where it will be fetched to, as what was fetched or is mirrored."""
    for prefix in (data_registry.PREFIX, f"{PUBLIC_FILES}/", f"{PUBLIC_FOLDERS}/"):
        if path.startswith(prefix):
            name, mirror = path.removeprefix(prefix), data_registry.mirror()
            fetched = Path(PUBLIC_FILES, name), Path(PUBLIC_FOLDERS, name)
            places = (*fetched, mirror / name) if mirror else fetched
            return next((place for place in places if place.exists()), Path(path))
    return Path(path)
