"""Finished pose: the real files of several writers, and files that are not what they should be."""

import numpy as np
import pandas as pd
import pytest

from presage.errors import UserError
from presage.homecage.pose_files import readers


def table(n=5, individuals=None, coords=("x", "y", "likelihood")):
    levels = [["scorer"], *([individuals] if individuals else []), ["nose", "tail"], list(coords)]
    names = ["scorer", *(["individuals"] if individuals else []), "bodyparts", "coords"]
    columns = pd.MultiIndex.from_product(levels, names=names)
    return pd.DataFrame(np.arange(n * len(columns)).reshape(n, len(columns)) / 100.0, columns=columns)


def same(a, b):
    return (
        np.array_equal(a.xy, b.xy, equal_nan=True)
        and np.array_equal(a.likelihood, b.likelihood)
        and (a.animals, a.bodyparts) == (b.animals, b.bodyparts)
    )


@pytest.mark.parametrize("key", ["df_with_missing", "data", "df", "tracks"])
@pytest.mark.parametrize("form", ["fixed", "table"])
@pytest.mark.parametrize("individuals", [None, ["m1", "m2"]])
def test_h5_of_every_writer_equals_csv(tmp_path, key, form, individuals):
    frame = table(individuals=individuals)
    frame.to_hdf(tmp_path / "a.h5", key=key, format=form)
    frame.to_csv(tmp_path / "a.csv")
    pose = readers.read(tmp_path / "a.h5")
    assert same(pose, readers.read(tmp_path / "a.csv"))
    assert pose.animals == (tuple(individuals) if individuals else ("animal",))
    assert pose.bodyparts == ("nose", "tail")
    assert pose.xy[1, 0, 1].tolist() == pytest.approx(frame.iloc[1, [3, 4]].tolist())
    assert pose.likelihood[1, -1, 1] == pytest.approx(frame.iloc[1, -1])


def test_a_point_that_was_not_found_has_likelihood_0(tmp_path):
    frame = table()
    frame.iloc[2, 0] = np.nan
    frame.iloc[3, 5] = 1.0000001
    frame.to_csv(tmp_path / "a.csv")
    pose = readers.read(tmp_path / "a.csv")
    assert np.isnan(pose.xy[2, 0, 0]).all()
    assert pose.likelihood[2, 0, 0] == 0
    assert pose.likelihood[3, 0, 1] == 1
    assert np.isfinite(pose.xy).sum() == pose.xy.size - 2


def test_points_of_no_animal_are_left_out():
    frame = table(individuals=["m1", "single"])
    assert readers.from_dlc_table(frame, "a.h5").animals == ("m1",)


def test_no_frames(tmp_path):
    table(0).to_csv(tmp_path / "a.csv")
    pose = readers.read(tmp_path / "a.csv")
    assert pose.n_frames == 0
    assert pose.bodyparts == ("nose", "tail")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: p.write_text("time,x\n0,1\n"), "no DeepLabCut CSV"),
        (lambda p: p.write_text(""), "no DeepLabCut CSV"),
        (lambda p: p.write_bytes(b"\xff\xfe\x00"), "no DeepLabCut CSV"),
        (lambda p: table().iloc[[0, 2]].to_csv(p), "number its frames"),
        (lambda p: table(coords=("x", "y")).to_csv(p), "x, y, likelihood"),
        (lambda p: table().astype(str).replace("0.0", "?").to_csv(p), "no DeepLabCut CSV"),
    ],
)
def test_what_is_no_pose_is_refused(tmp_path, make, message):
    make(tmp_path / "a.csv")
    with pytest.raises(UserError, match=message):
        readers.read(tmp_path / "a.csv")


def test_h5_that_is_none_or_holds_two_tables(tmp_path):
    (tmp_path / "a.h5").write_bytes(b"nothing")
    with pytest.raises(UserError, match="is no HDF5 file"):
        readers.read(tmp_path / "a.h5")
    for key in ("one", "two"):
        table().to_hdf(tmp_path / "b.h5", key=key)
    with pytest.raises(UserError, match="holds 2 tables"):
        readers.read(tmp_path / "b.h5")


def test_unknown_suffix_and_missing_file(tmp_path):
    (tmp_path / "a.slp").touch()
    for name in ("a.slp", "gone.h5"):
        with pytest.raises(UserError, match=name):
            readers.read(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "frames", "animals", "parts", "missing"),
    [
        ("formats/testDLC_h5_table.h5", 100, 1, 14, 0.0),
        ("formats/testDLC_csv_table.csv", 97, 1, 14, 0.0),
        ("formats/testDLC_h5_table_madlc.h5", 100, 2, 14, 0.25),
        ("m3v1_reference_pose.csv", 2330, 1, 4, 0.0),
    ],
)
def test_real_files(real_data, name, frames, animals, parts, missing):
    pose = readers.read(real_data / "pose" / name)
    assert pose.likelihood.shape == (frames, animals, parts)
    assert (pose.likelihood == 0).mean() == pytest.approx(missing, abs=0.01)
    assert np.median(pose.likelihood[pose.likelihood > 0]) > 0.9
    assert np.nanmin(pose.xy) > -50
    assert np.nanmax(pose.xy) < 1000


def test_real_reference_pose_number_by_number(real_data):
    pose = readers.read(real_data / "pose/m3v1_reference_pose.csv")
    assert pose.bodyparts == ("snout", "leftear", "rightear", "tailbase")
    assert pose.xy[0, 0, 0].tolist() == pytest.approx([76.674, 88.2473], abs=1e-3)
    assert pose.likelihood[1, 0, 3] == pytest.approx(0.93969, abs=1e-5)
