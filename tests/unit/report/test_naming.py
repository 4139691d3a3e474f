"""Names fit: long ones keep both ends, and none is written over another."""

import pytest

from presage.report.naming import name_points, short
from presage.report.style import new_figure, style


def test_long_names_keep_both_ends():
    assert short("sample_with_a_long_name_rep1", 15) == "sample_…me_rep1"
    assert short("as it is", 8) == "as it is"


@pytest.fixture
def axes():
    with style():
        figure = new_figure("", 3, False)
        axes = figure.subplots()
        axes.set(xlim=(0, 10), ylim=(0, 1))
        figure.draw_without_rendering()
        yield axes


def test_names_of_points_never_overlap(axes):
    crowd = [(5.0, 0.5 + i / 1000, f"type {i}") for i in range(40)]
    assert name_points(axes, crowd) < 5
    assert name_points(axes, [(2.0, 0.2, "a"), (7.0, 0.8, "b")]) == 2


def test_rising_names_fit_where_level_ones_do_not(axes):
    row = [(1 + 0.5 * i, 0.2, f"chr{i}:123456:A:G") for i in range(8)]
    assert name_points(axes, row, angle=50) == 8
    level = name_points(axes, row)
    assert level < 8


def test_the_first_is_named_first_where_that_is_asked_for(axes):
    crowd = [(5.0, 0.5, "upper"), (5.0, 0.499, "lower")]
    for ranked, name in ((True, "upper"), (False, "lower")):
        before = len(axes.texts)
        name_points(axes, crowd, ranked=ranked)
        assert axes.texts[before].get_text() == name


def test_no_name_leaves_the_frame(axes):
    assert name_points(axes, [(9.99, 0.5, "far to the right")], angle=50) == 0
    assert name_points(axes, [(9.99, 0.5, "far to the right")]) == 1  # there is room to its left
