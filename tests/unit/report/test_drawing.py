"""A figure on a page: picture, reason or numbers, all inside the page."""

import base64
import io

import pandas as pd

from presage.report import drawing
from presage.report.drawing import draw
from presage.report.run import NoData
from presage.report.style import new_figure

NUMBERS = pd.DataFrame({"name": ["a", "b"], "value": [1 / 3, None]})


def simple():
    figure = new_figure("A title", 2.0, False)
    figure.subplots().plot([0, 1], [0, 1])
    return figure


def decoded(address: str) -> str:
    return base64.b64decode(address.partition("base64,")[2]).decode()


def test_a_figure_is_inside_and_repeats():
    found = draw("a line", simple)
    assert found.source.startswith("data:image/svg+xml;base64,") and found.reason == "" and found.numbers == ""
    assert "A title" in decoded(found.source) and found.width == round(96 * 7.2)
    assert draw("a line", simple) == found


def test_its_numbers_come_along():
    found = draw("a line", lambda: (simple(), NUMBERS))
    text = decoded(found.numbers)
    pd.testing.assert_frame_equal(pd.read_csv(io.StringIO(text), sep="\t"), NUMBERS, rtol=1e-5)
    assert text.splitlines()[1] == "a\t0.333333"


def test_what_cannot_be_drawn_says_why():
    def nothing():
        raise NoData("nothing was counted")

    found = draw("a line", nothing)
    assert (found.source, found.numbers, found.reason) == ("", "", "nothing was counted")


def test_a_large_drawing_is_inlined_as_png(monkeypatch):
    monkeypatch.setattr(drawing, "SVG_LIMIT", 1000)
    found = draw("a line", simple)
    assert found.source.startswith("data:image/png;base64,") and found.width > 400
