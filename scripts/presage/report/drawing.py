"""A figure as it stands on a page: the picture and its numbers inside the page, or the reason why there is none."""

import base64
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from presage.report.page import SVG_LIMIT
from presage.report.render import inline
from presage.report.run import NoData
from presage.report.style import Drawing, drawn, style


@dataclass
class Drawn:
    """A figure on the page, or the reason why it is not there. ``width`` in px; ``numbers`` the address of what is
    plotted, as a table, where the figure came with it."""

    source: str
    width: int
    alt: str
    reason: str = ""
    numbers: str = ""


def draw(alt: str, make: Callable[[], Figure | Drawing]) -> Drawn:
    """The figure that ``make`` returns, as SVG, or as PNG where the SVG would be large."""
    try:
        with style():
            made = make()
    except NoData as why:
        return Drawn("", 0, alt, str(why))
    figure, data = made if isinstance(made, tuple) else (made, None)
    picture, suffix = drawn(figure, "svg"), ".svg"
    if len(picture) > SVG_LIMIT:
        picture, suffix = drawn(figure, "png"), ".png"
    numbers = "" if data is None else as_text(data)
    return Drawn(inline(picture, suffix), round(96 * figure.get_figwidth()), alt, numbers=numbers)


def as_text(data: pd.DataFrame) -> str:
    """A table as the ``data:`` address of tab-separated text: a page that is mailed keeps its numbers."""
    text = data.to_csv(sep="\t", index=False, float_format="%.6g", lineterminator="\n")
    return f"data:text/tab-separated-values;base64,{base64.b64encode(text.encode()).decode()}"
