"""Where a public file lies once the workflow has fetched it."""

from presage import data_registry

PUBLIC = "resources/public"
PUBLIC_FILES, PUBLIC_FOLDERS = f"{PUBLIC}/files", f"{PUBLIC}/folders"


def located(path: str) -> str:
    """The path of an input: a registry name is downloaded to ``resources/public``, all else is taken as it is.

    Raises :class:`UserError` for a registry name that does not exist.
    """
    if not path.startswith(data_registry.PREFIX):
        return path
    name = path.removeprefix(data_registry.PREFIX)
    data_registry.members(name)
    return f"{PUBLIC_FOLDERS}/{name.rstrip('/')}" if name.endswith("/") else f"{PUBLIC_FILES}/{name}"
