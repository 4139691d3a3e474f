"""Files and names made to do harm: they are refused or shown as text, and nothing that they ask for is run."""

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from presage.errors import UserError
from presage.homecage.pose_files import readers
from presage.homecage.pose_files.hdf_tables import ForeignObject, plain_loads, read_table
from presage.homecage.readings.importers import read
from presage.sequence.model.huggingface import read_weights
from presage.sheets import read_cages, read_samples, read_segments


class Bomb:
    """What unpickling this does is seen on disk."""

    def __init__(self, sign: Path) -> None:
        self.sign = sign

    def __reduce__(self) -> tuple:
        return Path.touch, (self.sign,)


@pytest.fixture
def sign(tmp_path: Path) -> Path:
    return tmp_path / "pwned"


def test_the_bomb_goes_off(sign: Path) -> None:
    pickle.loads(pickle.dumps(Bomb(sign)))
    assert sign.exists()


@pytest.mark.parametrize("where", ["attribute", "cells"])
def test_a_pose_table_that_holds_a_pickle_runs_nothing(tmp_path: Path, sign: Path, where: str) -> None:
    import tables

    names = ["scorer", "bodyparts", "coords"]
    columns = pd.MultiIndex.from_product([["s"], ["nose"], ["x", "y", "likelihood"]], names=names)
    path = tmp_path / "p.h5"
    pd.DataFrame(np.ones((2, 3)), columns=columns).to_hdf(path, key="df", format="table")
    with tables.open_file(path, "a") as file:
        if where == "attribute":
            file.root.df._v_attrs["non_index_axes"] = np.bytes_(pickle.dumps(Bomb(sign), 0))
        else:
            file.remove_node("/df", recursive=True)
            cells = file.create_vlarray("/", "df", tables.ObjectAtom())
            cells._atom_ = None
            cells.append(Bomb(sign))
    with pytest.raises(UserError, match=r"is no DeepLabCut HDF5|holds 0 tables"):
        readers.read(path)
    assert not sign.exists()


def test_plain_data_is_unpickled_and_nothing_else(sign: Path) -> None:
    plain = {"a": [1, 2.5, "x", None, (b"y", True)], "array": np.arange(3), "scalar": np.float64(2)}
    found = plain_loads(pickle.dumps(plain))
    assert found["a"] == plain["a"] and (found["array"] == plain["array"]).all()
    for bad in (Bomb(sign), print, Path("x")):
        with pytest.raises(ForeignObject):
            plain_loads(pickle.dumps(bad))
    assert not sign.exists()


def test_a_checkpoint_that_holds_a_pickle_runs_nothing(tmp_path: Path, sign: Path) -> None:
    torch.save({"a": torch.ones(2), "b": Bomb(sign)}, tmp_path / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"pytorch_model\.bin: is not a whole state dict"):
        read_weights(tmp_path / "pytorch_model.bin")
    assert not sign.exists()


def test_an_array_that_holds_a_pickle_runs_nothing(tmp_path: Path, sign: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([Bomb(sign)], dtype=object), allow_pickle=True)
    with pytest.raises(UserError, match=r"a\.npy: is not a mousestyles file"):
        read("mousestyles", tmp_path / "a.npy")
    assert not sign.exists()


HOSTILE = [
    "; touch pwned",
    "$(touch pwned)",
    "`touch pwned`",
    "../../../../etc/passwd",
    "a\x1b[2Jb",
    "x\u2028y",
    "| id",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_in_a_sheet_is_one_line_of_text(tmp_path: Path, name: str) -> None:
    (tmp_path / "s.tsv").write_text(f"sample\tkind\tpath\n{name}\tbam\t{name}.bam\n", encoding="utf-8")
    (tmp_path / "c.tsv").write_text(f"cage\tstart\tpath\n{name}\t2026-05-01T13:00\t{name}.mp4\n", encoding="utf-8")
    for reader, sheet in ((read_samples, "s.tsv"), (read_segments, "c.tsv")):
        with pytest.raises(UserError) as caught:
            reader(tmp_path / sheet)
        said = str(caught.value)
        assert said.isprintable() and f"{sheet} row 2" in said
        assert "does not exist" in said or "cannot be the name of a folder" in said


@pytest.mark.parametrize("cage", ["..", "../../x", "a/b", "{date}", "x\u2028y", "x" * 300, "a\x1b[2Jb"])
def test_a_cage_leads_to_no_other_folder(tmp_path: Path, cage: str) -> None:
    (tmp_path / "a.mp4").touch()
    (tmp_path / "c.tsv").write_text(f"cage\n{cage}\n", encoding="utf-8")
    (tmp_path / "s.tsv").write_text(f"cage\tstart\tpath\n{cage}\t2026-05-01T13:00\ta.mp4\n", encoding="utf-8")
    for reader, sheet in ((read_cages, "c.tsv"), (read_segments, "s.tsv")):
        with pytest.raises(UserError, match=rf"{sheet} row 2, column cage: .* cannot be the name of a folder"):
            reader(tmp_path / sheet)


def test_what_hdf_tables_allows_real_files_to_hold(real_data: Path) -> None:
    for name in ("testDLC_h5_table.h5", "testDLC_h5_table_madlc.h5"):
        assert len(read_table(real_data / "pose/formats" / name)) == 100
