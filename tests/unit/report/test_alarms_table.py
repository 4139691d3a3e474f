"""Runs pooled: cases and months are added up, and a miss is the worst lead."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from presage import tables
from presage.report.alarms_table import alarms_table
from presage.report.run import NoData, Run
from tests.unit.report.made_up_run.facts import filled, utc

ROOT = Path(__file__).resolve().parents[3]


def run(folder: Path, leads: list[float | None], delays: list[float | None], false: int, days: int) -> Run:
    """A run with one detector and budget: cases with these leads over weight loss, onsets with these delays."""
    hits, n = sum(lead is not None and lead > 0 for lead in leads), len(leads)
    about = {"detector": "ours", "group": "all", "budget": 0.25, "note": "", "unit": "1"}
    rate = {**about, "metric": "false_alarms_per_cage_month", "value": 30.0 * false / days, "n": days}
    rows = [{**about, "metric": "detection_rate:weight_loss_5pct", "value": hits / n, "n": n}, rate]
    rows.append({**rate, "group": "strain a", "value": 99.0})  # of a part of the cages
    cases = [{"event": "weight_loss_5pct", "lead_days": lead, "delay_days": None} for lead in leads]
    cases += [{"event": "onset", "lead_days": None, "delay_days": delay} for delay in delays]
    cases = [{"cage": f"C{i}", "event_utc": utc(9), "status": "detected", **case} for i, case in enumerate(cases)]
    cases.append({**cases[0], "status": "not_judged", "lead_days": 50.0})
    for name, table, filling in (("evaluation", rows, about), ("lead_time", cases, {"detector": "ours"})):
        path = folder / f"homecage/distress/{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        frame = filled(name, [{**row, **filling, "budget": 0.25, **row} for row in table])
        tables.write(path, name, frame)
    return Run(folder)


def test_cases_and_months_are_added_up(tmp_path: Path) -> None:
    one = run(tmp_path / "a", [1.0, 2.0, None], [3.0, 7.5], false=3, days=300)
    two = run(tmp_path / "b", [3.0], [5.0, None], false=0, days=900)
    line = alarms_table([one, two], [0.25, 1.0]).splitlines()[2:]
    [cells] = [[cell.strip() for cell in text.strip("|").split("|")] for text in line]
    assert cells == [
        "ours", "0.25", "3/4 = 0.75", "0.19 to 0.99", "1.50", "2/4 = 0.50", "0.07 to 0.93", "6.25",
        "3 in 40 = 0.07", "0.02 to 0.22", "0.30, 0.00",
    ]  # fmt: skip


def test_real_mice_have_no_onset(tmp_path: Path) -> None:
    assert "| – | – | – |" in alarms_table([run(tmp_path, [1.0], [], false=1, days=30)], [0.25])


def test_a_run_without_alarms_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoData, match=r"evaluation\.parquet is not there"):
        alarms_table([Run(tmp_path)], [0.25])
    command = [sys.executable, "-m", "presage.report.alarms_table", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 1 and done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
