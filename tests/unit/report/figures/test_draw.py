"""Every figure is drawn from a full run, and each is skipped with a reason where its tables are absent."""

import shutil

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from presage.config.report import FIGURES, Report
from presage.errors import UserError
from presage.report.figures.draw import DRAW, PLOTS, draw_figures
from presage.report.figures.effects import strongest
from presage.report.metric_rows import over_seeds, thousands
from presage.report.pseudobulk.fate_bars import reads_by_fate
from presage.report.redraw import redraw
from presage.report.run import NOT_DRAWN, NoData, Run
from presage.report.style import style


def test_every_announced_figure_has_a_function():
    assert set(DRAW) == set(FIGURES) and set(PLOTS) == {s for s, branch in FIGURES.items() if branch == "sequence"}


@pytest.mark.parametrize("stem", FIGURES)
def test_a_full_run_draws(run_folder, stem):
    with style():
        figure, numbers = DRAW[stem](Run(run_folder), Report(), True)
    assert len(numbers) > 0
    assert figure.axes
    assert "panel" in numbers


@pytest.mark.parametrize("stem", PLOTS)
def test_a_figure_is_drawn_again_from_its_numbers_alone(run_folder, tmp_path, stem):
    draw_figures(Run(run_folder), tmp_path, [stem], Report(), True)
    made = redraw(tmp_path / f"{stem}.parquet", tmp_path / "again" / stem)
    assert [path.suffix for path in made] == [".svg", ".pdf", ".png", ".parquet"]
    for path in made:
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


def test_numbers_of_no_figure_are_refused(tmp_path, sequence_only):
    with pytest.raises(UserError, match="is no numbers of a figure"):
        redraw(tmp_path / "other.parquet")
    shutil.rmtree(sequence_only / "sequence/pseudobulk")
    draw_figures(Run(sequence_only), tmp_path, ["fig18_pseudobulk"], Report(), True)
    with pytest.raises(UserError, match=r"was not drawn: .*qc\.json is not there"):
        redraw(tmp_path / "fig18_pseudobulk.parquet")


def test_an_absent_table_is_a_reason_and_still_a_file(sequence_only, tmp_path):
    shutil.rmtree(sequence_only / "sequence/pseudobulk")
    reasons = draw_figures(Run(sequence_only), tmp_path, ["fig18_pseudobulk", "fig12_alarms"], Report(), True)
    assert "qc.json is not there" in reasons["fig18_pseudobulk"]
    assert "evaluation.parquet is not there" in reasons["fig12_alarms"]
    for stem, reason in reasons.items():
        assert pq.read_table(tmp_path / f"{stem}.parquet")[NOT_DRAWN][0].as_py() == reason
        assert f"{stem} was not drawn" in (tmp_path / f"{stem}.svg").read_text()


def test_branches_draw_alone(sequence_only, tmp_path):
    stems = [stem for stem, branch in FIGURES.items() if branch == "sequence"]
    reasons = draw_figures(Run(sequence_only), tmp_path, stems, Report(), None)
    assert set(reasons.values()) == {""}
    # Nobody said whether the data are real: the metrics table does.
    assert all("SIMULATED DATA" in (tmp_path / f"{stem}.svg").read_text() for stem in stems)


def test_held_out_frames_are_shown_from_best_to_worst(run_folder, tmp_path):
    folder = shutil.copytree(run_folder, tmp_path / "run")
    with style():
        _, numbers = DRAW["fig10_pose"](Run(folder), Report(), True)
        (folder / "homecage/pose_model/held_out.parquet").unlink()  # a model of an earlier version
        _, without = DRAW["fig10_pose"](Run(folder), Report(), True)
    shown = numbers[numbers["panel"] == "frame"]
    errors = shown.groupby("frame", sort=False)["error_px"].first()
    assert errors.index.tolist() == [f"v/{i}.png" for i in (0, 2, 4, 5, 7, 9)]  # the tenth of ten is the worst
    assert errors.tolist() == pytest.approx([0, 2, 4, 5, 7, 9])
    assert shown.loc[shown["frame"] == "v/2.png", "believed"].tolist() == [True, False, True]
    assert set(without["panel"]) == {"error"} and without["bodypart"].iloc[-1] == "all"


def test_dss_is_never_marked_as_simulated(run_folder, tmp_path):
    draw_figures(Run(run_folder), tmp_path, ["fig17_dss"], Report(), True)
    assert "SIMULATED" not in (tmp_path / "fig17_dss.svg").read_text()
    assert not pq.read_table(tmp_path / "fig17_dss.parquet")["simulated"].to_pandas().any()


def test_the_example_cage_can_be_chosen(run_folder):
    with style():
        _, numbers = DRAW["fig16_cage"](Run(run_folder), Report(example_cage="C03"), True)
        assert set(numbers["cage"]) == {"C03"}
        assert numbers.loc[numbers["panel"] == "feature", "low"].notna().any()  # the detector's own baseline
        with pytest.raises(NoData, match="nowhere"):
            DRAW["fig16_cage"](Run(run_folder), Report(example_cage="nowhere"), True)


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
    other = scores.assign(log_fc=9.0, main_strand=False)  # on the strand with hardly any coverage
    top = strongest(pd.concat([scores.assign(main_strand=True), other]), 2)
    assert list(top.index) == ["v2", "v1"] and top.loc["v2", "t RNA"] == -2.0


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (950, "950"), (1500, "1.5k"), (2e6, "2M"), (3.25e9, "3.25G")])
def test_thousands(value, text):
    assert thousands(value) == text


def test_plotted_numbers_have_no_infinity(run_folder):
    for stem in FIGURES:
        with style():
            _, numbers = DRAW[stem](Run(run_folder), Report(), True)
        assert not np.isinf(numbers.select_dtypes("number").to_numpy(float)).any(), stem
