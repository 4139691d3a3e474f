"""What a methods section says comes from the tables, and what a run cannot know is left to its authors."""

import shutil
import subprocess
import sys

import pandas as pd
import pytest
import yaml

from presage import tables
from presage.report.arrive import AUTHORS, ITEMS, of_run, statements
from presage.report.page import homecage_tables
from presage.report.run import NoData, Run
from tests.unit.report.test_summary import built_in


@pytest.fixture
def folder(run_folder, tmp_path):
    """A made-up run with the configuration that it was made with."""
    out = shutil.copytree(run_folder, tmp_path / "run")
    (out / "config.yaml").write_text(yaml.safe_dump(built_in().model_dump(mode="json")))
    return out


def said(table):
    return {f"{row.framework} {row.item}": row.statement for row in table.itertuples()}


def test_numbers_are_those_of_the_tables(folder):
    run = Run(folder)
    table = of_run(run)
    assert len(table) == len(ITEMS)
    words = said(table)
    evaluation = run.table("evaluation")
    mine = evaluation[
        (evaluation["detector"] == "ours") & (evaluation["budget"] == 1.0) & (evaluation["group"] == "all")
    ]
    rate = mine[mine["metric"] == "detection_rate:weight_loss_5pct"].iloc[0]
    assert f"Detected {rate['value']:.3g} (95 % CI {rate['ci_low']:.3g} to" in words["ARRIVE 2.0 10 results"]
    assert "6.1 px (5.2 to 7.4) of a frame 320 px wide" in words["V3 analytical validation: pose"]
    assert "17 cases" not in words["ARRIVE 2.0 2 sample size"]  # made up: no exposure_needed there
    assert words["ARRIVE 2.0 2 sample size"].startswith("not in this run: no exposure_needed")
    assert words["ARRIVE 2.0 4 randomisation"] == AUTHORS
    assert words["V3 clinical validation: negative control"].startswith("The same events moved two weeks back")


def test_a_run_without_pose_or_cameras_says_so(folder):
    shutil.rmtree(folder / "homecage/pose_model")
    (folder / "homecage/quality.parquet").unlink(missing_ok=True)
    words = said(of_run(Run(folder)))
    assert words["V3 analytical validation: pose"].startswith("not in this run:")
    assert words["V3 verification: the sensor"].startswith("not in this run:")


def test_it_stands_on_the_page_and_is_printed(folder):
    titles = [table.title for table in homecage_tables(Run(folder))]
    assert "For the methods section: ARRIVE 2.0 and V3" in titles
    command = [sys.executable, "-m", "presage.report.arrive"]
    printed = subprocess.run([*command, str(folder)], capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(printed) == len(ITEMS) + 1 and all(len(line.split("\t")) == 3 for line in printed)
    nothing = subprocess.run([*command, str(folder / "figures")], capture_output=True, text=True, check=False)
    assert nothing.returncode == 1 and "no cages were judged" in nothing.stderr


def test_a_run_of_the_other_branch_has_none(sequence_only):
    with pytest.raises(NoData):
        of_run(Run(sequence_only))
    assert (
        statements(Run(sequence_only), built_in().model_dump(mode="json")["homecage"])["statement"]
        .str.contains("not in this run")
        .sum()
        > 5
    )


@pytest.mark.parametrize(
    ("came", "low", "needed", "words"),
    [
        (6.67, 0.807, 3.0, "Whether it is kept cannot be told before 3 of them."),
        (6.67, 1.2, 3.0, "The budget is not kept."),
        (0.9, 0.5, 0.2, "Nothing speaks against its being kept."),
    ],
)
def test_the_ethics_file_is_told_what_may_be_said_of_the_budget(folder, came, low, needed, words):
    path = folder / "homecage/distress/evaluation.parquet"
    table = Run(folder).table("evaluation")
    mine = (table["detector"] == "ours") & (table["budget"] == 1.0) & (table["group"] == "all")
    rate = table[mine & (table["metric"] == "false_alarms_per_cage_month")].iloc[:1]
    rate = rate.assign(value=came, ci_low=low, ci_high=24.1, n=9)
    need = rate.assign(metric="exposure_needed", value=needed)
    rest = table[~(mine & table["metric"].isin(["false_alarms_per_cage_month", "exposure_needed"]))]
    tables.write(path, "evaluation", pd.concat([rest, rate, need], ignore_index=True))
    sentence = said(of_run(Run(folder)))["ethics file what false alarms cost"]
    assert f"{came} (95 % CI {low} to 24.1) came, in 0.3 healthy cage-months" in sentence and sentence.endswith(words)
