"""Tables of sensors: what they hold, and what is wrong with them, said in one line."""

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presage import tables
from presage.config.distress import Source
from presage.errors import UserError
from presage.homecage.readings import importers
from presage.homecage.readings.daily import to_daily
from presage.homecage.readings.sensor_table import read_table

ZURICH = ZoneInfo("Europe/Zurich")
VALUES = [{"name": "activity", "column": "Act", "unit": "counts/min"}, {"name": "temperature", "column": "Temp",
          "unit": "degC"}]  # fmt: skip


def source(**rest):
    return Source(name="telemetry", kind="table", path="x", values=VALUES, **rest)


def write(path, text):
    path.write_text(text)
    return path


@pytest.fixture
def telemetry(tmp_path):
    """Two mice, out of order, one value missing."""
    lines = ["time,cage,Act,Temp", "2026-05-01T12:01:00,A,5,37.1", "2026-05-01T12:00:00,A,3,37.0"]
    lines += ["2026-05-01T12:00:00,B,0,", "2026-05-01T12:01:00,B,na,36.5"]
    return write(tmp_path / "t.csv", "\n".join(lines) + "\n")


def test_rows_become_readings_in_utc(telemetry, tmp_path):
    found = read_table(telemetry, source(), ZURICH)
    tables.write(tmp_path / "r.parquet", "readings", found)
    first = found[(found["cage"] == "A") & (found["name"] == "activity")]
    assert first["value"].tolist() == [3, 5] and set(first["unit"]) == {"counts/min"}
    assert first["time_utc"].iloc[0] == pd.Timestamp("2026-05-01T10:00:00Z")
    assert set(found["resolution_s"]) == {60.0} and found["animal"].isna().all()
    unknown = found[found["value"].isna()]
    assert list(zip(unknown["cage"], unknown["name"])) == [("B", "activity"), ("B", "temperature")]
    assert (unknown["coverage"] == 0).all()  # missing is not zero, and a zero is no gap
    assert found.loc[(found["cage"] == "B") & (found["value"] == 0), "coverage"].tolist() == [1]


def test_parquet_tsv_and_folders_say_the_same(telemetry, tmp_path):
    wide = pd.read_csv(telemetry)
    (tmp_path / "many").mkdir()
    for cage, own in wide.groupby("cage"):
        own.assign(time=pd.to_datetime(own["time"])).to_parquet(tmp_path / "many" / f"{cage}.parquet")
    wide.to_csv(tmp_path / "t.tsv", sep="\t", index=False)
    csv = read_table(telemetry, source(), ZURICH)
    for other in ("many", "t.tsv"):
        pd.testing.assert_frame_equal(csv, read_table(tmp_path / other, source(), ZURICH))


def test_other_names_of_columns_and_animals(tmp_path):
    path = write(tmp_path / "scale.csv", "When,Box,Mouse,g\n2026-05-01,7,m1,21.5\n2026-05-02,7,m1,20.1\n")
    given = Source(name="scale", kind="table", path=str(path), time="When", cage="Box", animal="Mouse",
                   values=[{"name": "weight", "column": "g", "unit": "g"}], resolution_s=86400)  # fmt: skip
    found = importers.read_source(given, ZURICH)
    assert found["animal"].tolist() == ["m1", "m1"] and found["cage"].tolist() == ["7", "7"]
    assert found["resolution_s"].tolist() == [86400, 86400] and given.activity == "night_weight"


def test_times_with_offsets_are_what_they_say(tmp_path):
    path = write(
        tmp_path / "t.csv", "time,cage,Act,Temp\n2026-05-01T12:00:00-05:00,A,1,2\n2026-05-01T17:01:00Z,A,1,2\n"
    )
    found = read_table(path, source(), ZURICH)
    assert found["time_utc"].iloc[:2].dt.strftime("%H:%M").tolist() == ["17:00", "17:01"]


def test_the_hour_that_is_repeated_is_left_out_and_counted(tmp_path, caplog):
    times = pd.date_range("2026-10-25T00:30", periods=6, freq="30min").strftime("%Y-%m-%dT%H:%M:%S")
    path = write(tmp_path / "t.csv", "time,cage,Act,Temp\n" + "".join(f"{t},A,1,2\n" for t in times))
    found = read_table(path, source(), ZURICH)
    assert "2 rows fall into a clock change" in caplog.text
    assert len(found) == 2 * 4 and found["time_utc"].is_unique is False


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time,cage,Act\n2026-05-01,A,1\n", "has no column 'Temp' (there are time, cage, Act)"),
        ("time,cage,Act,Temp\nyesterday,A,1,2\n", "row 2: 'yesterday' is no ISO 8601 time"),
        ("time,cage,Act,Temp\n2026-05-01T01:00,A,1,2\n2026-05-01T02:00Z,A,1,2\n", "row 3: times with and without"),
        ("time,cage,Act,Temp\n2026-05-01T01:00,A,1,2\n2026-05-01T01:00,A,1,2\n", "two rows of cage A at 2026-04-30"),
        ("time,cage,Act,Temp\n2026-05-01T01:00,A,much,2\n", "row 2, column Act: 'much' is no number"),
        ("time,cage,Act,Temp\n2026-05-01T01:00,A,1,2\n", "give resolution_s"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, text, said):
    path = write(tmp_path / "t.csv", text)
    with pytest.raises(UserError) as caught:
        read_table(path, source(), ZURICH)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_no_file_of_a_known_kind(tmp_path):
    with pytest.raises(UserError, match="holds no"):
        read_table(tmp_path, source(), ZURICH)
    with pytest.raises(UserError, match=r"is no \.csv"):
        read_table(write(tmp_path / "t.xlsx", "x"), source(), ZURICH)
    with pytest.raises(UserError, match="does not exist"):
        importers.read_source(source(), ZURICH)
    with pytest.raises(ValueError, match="needs values"):
        Source(name="t", kind="table", path="x")


@given(st.text(max_size=200))
def test_any_text_ends_in_rows_or_one_line(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("t") / "t.csv"
    path.write_text("time,cage,Act,Temp\n" + text, encoding="utf-8")
    try:
        found = read_table(path, source(resolution_s=60), ZURICH)
    except UserError as error:
        assert "\n" not in str(error).replace("\\n", "")
    else:
        assert found["time_utc"].notna().all() and np.isfinite(found["coverage"]).all()


def test_a_month_of_telemetry_goes_through_to_the_detectors_panel(tmp_path, real_data):
    """The real mice as a maker's export would have them: the same daily values as by their own importer."""
    raw = pd.read_csv(real_data / "homecage" / "mice_rhythms_act_minutes.csv")
    ours = to_daily(importers.read("mice_rhythms", real_data / "homecage" / "mice_rhythms_act_minutes.csv"))
    start = importers.UNDATED_LIGHTS.utc(importers.UNDATED, 12.0)
    time = (start + pd.to_timedelta(raw["time"] - 1, unit="min")).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    long = pd.concat([pd.DataFrame({"time": time, "cage": m, "Act": raw[m], "Temp": 37}) for m in ("f1", "m1")])
    long.sample(frac=1, random_state=0).to_csv(tmp_path / "t.csv", index=False)
    theirs = to_daily(read_table(tmp_path / "t.csv", source(), ZURICH))
    both = theirs.merge(ours, on=["cage", "date", "name"], suffixes=("", "_ours"))
    assert len(both) > 50 and (both["value"] == both["value_ours"])[both["value_ours"].notna()].all()
