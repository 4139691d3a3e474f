"""What is evaluated of a study: its cages, also with a strain left out, and beside other technicians."""

from dataclasses import replace

import pandas as pd

from presage import tables
from presage.config.distress import Alarms, Compare, Power
from presage.config.pose import Recording
from presage.homecage.detectors.study import Study
from presage.homecage.evaluation.evaluate_study import evaluate_study
from tests.unit.homecage import small_colony as colony


def test_strains_are_left_out_and_technicians_compared(tmp_path):
    ill = {k: 18 + k % 4 for k in range(20, 32)}
    cages = [replace(c, strain="AB"[k % 2]) for k, c in enumerate(colony.cages(32, 16))]
    events = colony.events(ill)
    onset = events["kind"] == "onset"
    tables.write(tmp_path / "events.parquet", "events", events[onset])
    noted = events[onset].assign(kind="technician_note", value=2.0)
    noted["time_utc"] = (noted["time_utc"] + pd.Timedelta(days=4)).astype("datetime64[us, UTC]")
    tables.write(tmp_path / "technician.parquet", "events", noted)
    recording = Recording(time_zone="UTC", lights_on="07:00", lights_off="19:00")
    alarms = Alarms(bootstrap=100, budgets=[1.0], budget=1.0)
    daily = colony.daily(32, 32, 5, ill)
    study = Study(daily, cages, events[~onset], recording, colony.DETECTOR, alarms, "config", "data")
    compare = Compare(detectors=["rules"], power=Power(falls=[]))
    leads, rows = evaluate_study(study, compare, truth=[str(tmp_path)], simulated=True, seed=1)
    assert set(leads["event"]) == {"onset", "weight_loss_5pct"}
    found = rows[(rows["metric"] == "left_out:detection_rate:onset") & (rows["detector"] == "ours")]
    assert found.set_index("group")["n"].to_dict() == {"strain": 12, "strain A": 6, "strain B": 6}
    lead = rows[rows["metric"] == "lead_over_technician"].set_index("group")["value"]
    assert list(lead.index) == ["2 x as attentive"] and 0 < lead.iloc[0] < 4
    assert rows["simulated"].all()
