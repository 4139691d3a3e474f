"""Every figure is drawn from a full run, and each is skipped with a reason where its tables are absent."""

import shutil

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from presage.config.report import FIGURES, Report
from presage.report.figures import DRAW, draw_figures
from presage.report.run import NOT_DRAWN, NoData, Run
from presage.report.sequence_figures import over_seeds, reads_by_fate, strongest, thousands
from presage.report.style import style


def test_every_announced_figure_has_a_function():
    assert list(DRAW) == list(FIGURES)


@pytest.mark.parametrize("stem", FIGURES)
def test_a_full_run_draws(run_folder, stem):
    with style():
        figure, numbers = DRAW[stem](Run(run_folder), Report(), True)
    assert len(numbers) > 0
    assert figure.axes
    assert "panel" in numbers or stem in ("fig3_tracks", "fig5_pose")


def test_an_absent_table_is_a_reason_and_still_a_file(sequence_only, tmp_path):
    shutil.rmtree(sequence_only / "sequence/pseudobulk")
    reasons = draw_figures(Run(sequence_only), tmp_path, ["fig1_pseudobulk", "fig7_alarms"], Report(), True)
    assert "qc.json is not there" in reasons["fig1_pseudobulk"]
    assert "evaluation.parquet is not there" in reasons["fig7_alarms"]
    for stem, reason in reasons.items():
        assert pq.read_table(tmp_path / f"{stem}.parquet")[NOT_DRAWN][0].as_py() == reason
        assert f"{stem} was not drawn" in (tmp_path / f"{stem}.svg").read_text()


def test_branches_draw_alone(sequence_only, tmp_path):
    stems = [stem for stem, branch in FIGURES.items() if branch == "sequence"]
    reasons = draw_figures(Run(sequence_only), tmp_path, stems, Report(), None)
    assert set(reasons.values()) == {""}
    # Nobody said whether the data are real: the metrics table does.
    assert all("SIMULATED DATA" in (tmp_path / f"{stem}.svg").read_text() for stem in stems)


def test_dss_is_never_marked_as_simulated(run_folder, tmp_path):
    draw_figures(Run(run_folder), tmp_path, ["fig9_dss"], Report(), True)
    assert "SIMULATED" not in (tmp_path / "fig9_dss.svg").read_text()
    assert not pq.read_table(tmp_path / "fig9_dss.parquet")["simulated"].to_pandas().any()


def test_the_example_cage_can_be_chosen(run_folder):
    with style():
        _, numbers = DRAW["fig8_cage"](Run(run_folder), Report(example_cage="C03"), True)
        assert set(numbers["cage"]) == {"C03"}
        assert numbers.loc[numbers["panel"] == "feature", "low"].notna().any()  # the detector's own baseline
        with pytest.raises(NoData, match="nowhere"):
            DRAW["fig8_cage"](Run(run_folder), Report(example_cage="nowhere"), True)


def test_fates_are_complete():
    qc = {
        "samples": {
            "a rna": {"reads": {"used": 5, "duplicate": 2}},
            "b rna": {"reads": {"used": 1, "low_mapq": 9}},
            "c": {},
        }
    }
    frame = reads_by_fate(qc)
    assert frame["reads"].sum() == 17
    assert list(frame["fate"]) == ["used", "duplicate", "used", "low_mapq"]
    with pytest.raises(NoData):
        reads_by_fate({"samples": {}})


def test_the_row_over_seeds_goes_before_single_ones():
    rows = pd.DataFrame(
        {
            "model": ["a", "a", "a", "b", "b"],
            "group": ["all"] * 5,
            "seed": [None, 0, 1, 0, 1],
            "value": [0.5, 0.1, 0.2, 0.3, 0.5],
            "ci_low": [0.4] * 5,
            "ci_high": [0.6] * 5,
        }
    )
    found = over_seeds(rows).set_index("model")["value"]
    assert found["a"] == 0.5 and found["b"] == pytest.approx(0.4)


def test_strongest_orders_by_size_not_by_sign():
    scores = pd.DataFrame({"variant": ["v1", "v2", "v3"], "cell_type": "t", "assay": "rna", "log_fc": [0.5, -2.0, 0.1]})
    top = strongest(scores, 2)
    assert list(top.index) == ["v2", "v1"] and top.loc["v2", "t RNA"] == -2.0


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (950, "950"), (1500, "1.5k"), (2e6, "2M"), (3.25e9, "3.25G")])
def test_thousands(value, text):
    assert thousands(value) == text


def test_plotted_numbers_have_no_infinity(run_folder):
    for stem in FIGURES:
        with style():
            _, numbers = DRAW[stem](Run(run_folder), Report(), True)
        assert not np.isinf(numbers.select_dtypes("number").to_numpy(float)).any(), stem
