"""Figures repeat byte for byte, keep text as text, and say when their data are simulated."""

import pandas as pd
import pyarrow.parquet as pq
import pytest

from presage.report.style import new_figure, save, style


def example(simulated: bool | None):
    with style():
        figure = new_figure("A title", 2.0, simulated)
        axes = figure.subplots()
        axes.plot([0, 1, 2], [1, 3, 2], "o-", label="line")
        axes.set(xlabel="time (d)", ylabel="score")
        axes.legend()
    return figure


def test_equal_figures_are_equal_files(tmp_path):
    numbers = pd.DataFrame({"x": [0, 1, 2], "y": [1.0, 3.0, 2.0]})
    first = save(example(True), tmp_path / "a" / "fig", numbers)
    second = save(example(True), tmp_path / "b" / "fig", numbers)
    assert [path.suffix for path in first] == [".svg", ".pdf", ".png", ".parquet"]
    for one, other in zip(first, second):
        assert one.read_bytes() == other.read_bytes(), one.suffix


def test_numbers_lie_beside_the_figure(tmp_path):
    save(example(False), tmp_path / "fig", pd.DataFrame({"y": [1.0, None]}))
    assert pq.read_table(tmp_path / "fig.parquet")["y"].to_pylist() == [1.0, None]


@pytest.mark.parametrize(
    ("simulated", "words"), [(True, "SIMULATED DATA"), (None, "ORIGIN OF DATA UNKNOWN"), (False, "")]
)
def test_the_mark(tmp_path, simulated, words):
    save(example(simulated), tmp_path / "fig", pd.DataFrame())
    text = (tmp_path / "fig.svg").read_text()
    assert "time (d)" in text  # text, not outlines
    assert ("SIMULATED" in text) == (simulated is True)
    assert words in text


def test_the_style_leaves_no_trace():
    import matplotlib

    before = dict(matplotlib.rcParams)
    example(True)
    assert dict(matplotlib.rcParams) == before
