"""Colours of signed effects: white at 0, symmetric, and not set by one extreme."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from presage.report.heat import GAIN, LOSS, heat, ink
from presage.report.style import new_figure, style


def image_of(values):
    with style():
        return heat(new_figure("", 2, False).subplots(), np.asarray(values, float))


def test_zero_is_the_middle_and_signs_mirror():
    image, limit = image_of([[0.0, 1.0, -1.0]])
    assert limit == pytest.approx(1.0)
    assert image.norm(0.0) == 0.5 and image.norm(-0.3) == pytest.approx(1 - image.norm(0.3))
    red, blue = image.cmap(image.norm(0.8)), image.cmap(image.norm(-0.8))
    assert red[0] > red[2] and blue[2] > blue[0]
    assert to_rgb(GAIN)[0] > to_rgb(GAIN)[2] and to_rgb(LOSS)[2] > to_rgb(LOSS)[0]


def test_one_extreme_does_not_bleach_the_rest():
    values = np.full((10, 10), 0.5)
    values[0, 0] = 100.0
    assert image_of(values)[1] < 2


@pytest.mark.parametrize("values", [[[0.0, 0.0]], [[np.nan, np.nan]]])
def test_nothing_to_colour_is_no_error(values):
    assert image_of(values)[1] == 1.0


def test_signs_are_readable_on_dark_cells():
    assert (
        ink(0.9, 1.0, "black") == "white" and ink(-0.9, 1.0, "black") == "white" and ink(0.1, 1.0, "black") == "black"
    )
