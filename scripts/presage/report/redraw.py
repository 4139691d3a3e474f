"""Draws a numbered figure again from its own numbers: ``python -m presage.report.redraw figures/fig2_adapters.parquet
[OUT]`` writes ``OUT.{svg,pdf,png,parquet}``, beside the numbers where no OUT is given."""

import sys
from pathlib import Path

import pyarrow.parquet as pq

from presage.errors import UserError
from presage.report.figures.draw import PLOTS
from presage.report.run import NOT_DRAWN
from presage.report.style import save, style


def redraw(numbers: str | Path, out: str | Path | None = None) -> list[Path]:
    """The files written. Raises :class:`UserError` for numbers that are of no figure that can be drawn from them."""
    numbers = Path(numbers)
    plot = PLOTS.get(numbers.stem)
    if plot is None or not numbers.is_file():
        raise UserError(numbers, "is no numbers of a figure", f"give one of {', '.join(PLOTS)} as .parquet")
    table = pq.read_table(numbers).to_pandas()
    if NOT_DRAWN in table:
        raise UserError(numbers, f"was not drawn: {table[NOT_DRAWN].iloc[0]}", "make its data first")
    simulated = bool(table["simulated"].any())
    data = table.drop(columns="simulated")
    with style():
        figure = plot.draw(data, simulated)
    return save(figure, Path(out) if out else numbers.with_suffix(""), table)


if __name__ == "__main__":
    try:
        print("\n".join(map(str, redraw(*sys.argv[1:3]))))
    except UserError as error:
        sys.exit(f"error: {error}")
