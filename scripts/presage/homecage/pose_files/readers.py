"""Finished pose from files: a registry of readers, all to one shape. A new format is a file with a function here."""

from collections.abc import Callable
from pathlib import Path

import h5py

from presage import plugins
from presage.errors import UserError, damaged
from presage.homecage.pose_files.deeplabcut import from_dlc_table, read_dlc_csv, read_dlc_h5
from presage.homecage.pose_files.jabs import is_jabs, read_jabs
from presage.homecage.pose_files.nwb import read_nwb
from presage.homecage.pose_files.pose_file import PoseFile
from presage.homecage.pose_files.sleap import is_analysis, read_analysis, read_labels

__all__ = ["READERS", "from_dlc_table", "read"]

Reader = Callable[[Path], PoseFile]

HDF5: list[tuple[Callable[[h5py.File], bool], Reader]] = [(is_jabs, read_jabs), (is_analysis, read_analysis)]
"""Formats that share the ending .h5, by what is in the file; DeepLabCut's is what none of these is."""


def read_h5(path: Path) -> PoseFile:
    """Whatever wrote it: looked up by content, never by the name of a key."""
    if not h5py.is_hdf5(path):
        raise UserError(path, "is no HDF5 file", "export it again")
    with h5py.File(path) as file:
        reader = next((reader for fits, reader in HDF5 if fits(file)), read_dlc_h5)
    return reader(path)


READERS: dict[str, Reader] = {".h5": read_h5, ".csv": read_dlc_csv, ".slp": read_labels, ".nwb": read_nwb}
"""By suffix, lower case."""


def read(path: str | Path) -> PoseFile:
    """Read a finished pose file. Raises :class:`UserError` when it is missing, or not in a format that can be read."""
    path = Path(path)
    if not path.exists():
        raise UserError(path, "does not exist", "correct the path")
    readers = READERS | {f".{name}": reader for name, reader in plugins.added("pose").items()}
    function = readers.get(path.suffix.lower())
    if function is None:
        raise UserError(path, "is no pose file that can be read", f"use one of {', '.join(sorted(readers))}")
    with damaged(path, "export it again"):
        return function(path)
