import pytest

from presage.errors import UserError
from presage.homecage.readings import importers
from presage.homecage.readings.daily import to_daily


def test_real_files(real_data) -> None:
    folder = real_data / "homecage"
    rhythms = importers.read("mice_rhythms", folder / "mice_rhythms_act_minutes.csv")
    assert len(rhythms) == 26 * 20160 and rhythms["cage"].nunique() == 26
    daily = to_daily(rhythms)
    assert daily.groupby("name")["value"].count()[["night_activity", "all_activity"]].tolist() == [26 * 14, 26 * 13]
    night, day = (daily.loc[daily["name"] == f"{p}_activity", "value"].mean() for p in ("night", "day"))
    assert night > 2 * day
    relsa = importers.read("relsa", folder / "relsa_tm_dss.txt")
    assert relsa["cage"].nunique() == 23
    styles = importers.read("mousestyles", folder / "mousestyles_features_11bins.npy")
    assert styles["cage"].nunique() == 170 and (styles["name"] == "distance").sum() == 1921 * 11
    assert to_daily(styles)["name"].eq("all_distance").sum() == 1921


def test_a_wrong_file_is_told_in_one_line(tmp_path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match=r"x\.csv: is not a mice_rhythms file"):
        importers.read("mice_rhythms", tmp_path / "x.csv")
    with pytest.raises(UserError, match="does not exist"):
        importers.read("readings", tmp_path / "absent.parquet")
