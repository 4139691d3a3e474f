"""Commands that print something of a finished run: ``python -m presage.report.<what> results/<run>``."""

import sys
from collections.abc import Callable
from pathlib import Path

from presage.report.run import NoData


def print_of_run(make: Callable[[Path], str]) -> None:
    """Print what ``make`` writes of the run's folder on the command line; without one, or without data, say so."""
    if len(sys.argv) != 2:
        sys.exit(f"use: python -m presage.report.{Path(sys.argv[0]).stem} results/<run>")
    try:
        print(make(Path(sys.argv[1])))
    except NoData as why:
        sys.exit(f"{sys.argv[1]}: {why}")
