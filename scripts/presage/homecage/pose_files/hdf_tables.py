"""pandas tables in HDF5, as DeepLabCut and Lightning Pose write them, read without running anything that a file holds.

PyTables keeps what HDF5 has no type for (names of columns, columns of objects) as pickles, and unpickles them as it
reads, which would run whatever a hostile file asks for. Here a pickle may hold text, numbers, containers and arrays.
"""

import io
import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd

from presage.errors import UserError

_PLAIN = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),  # as numpy before 2 spells it
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "scalar"),
    ("_codecs", "encode"),  # bytes in old protocols
    ("pandas.core.indexes.frozen", "FrozenList"),
}


class ForeignObject(Exception):
    """A pickle asks for something that is no data."""


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _PLAIN:
            raise ForeignObject(f"it asks for {module}.{name}")
        return super().find_class(module, name)


def plain_loads(data: bytes, *, encoding: str = "ASCII") -> Any:
    """As ``pickle.loads``. Raises :class:`ForeignObject` for what is not plain data."""
    return _PlainUnpickler(io.BytesIO(data), encoding=encoding).load()


def read_table(path: str | Path) -> pd.DataFrame:
    """The only table of a file, whatever its key (df_with_missing, data, df, tracks, keypoints).

    Raises :class:`UserError` for a file with several or none, and whatever PyTables raises for one that is broken.
    """
    _tame()
    with pd.HDFStore(path, mode="r") as store:
        keys = [key for key in store if not key.endswith("/meta")]
        if len(keys) != 1:
            raise UserError(path, f"holds {len(keys)} tables ({', '.join(keys) or 'none'}), not one", "export it again")
        return pd.DataFrame(store[keys[0]])


def _tame() -> None:
    """Give PyTables an unpickler that knows plain data only; nothing of presage needs another."""
    import tables.atom
    import tables.attributeset

    tame = SimpleNamespace(**{**vars(pickle), "loads": plain_loads})
    tables.atom.pickle = tables.attributeset.pickle = tame
