"""Run folders that are made up once for all tests of the report."""

from pathlib import Path

import pandas as pd
import pytest

from tests.unit.report.made_up_run.cages import homecage_run
from tests.unit.report.made_up_run.facts import EVENTS, filled, utc
from tests.unit.report.made_up_run.sequence import sequence_run


@pytest.fixture(scope="session")
def events() -> pd.DataFrame:
    """The events table of the made-up colony."""
    rows = [{"cage": r.cage, "kind": r.kind, "time_utc": utc(r.day)} for r in EVENTS.itertuples()]
    return filled("events", rows)


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``results/<run>`` of a made-up run of both branches."""
    folder = tmp_path_factory.mktemp("results") / "demo"
    sequence_run(folder)
    homecage_run(folder)
    return folder


@pytest.fixture
def sequence_only(tmp_path: Path) -> Path:
    """A run of the sequence branch alone."""
    sequence_run(tmp_path / "alone")
    return tmp_path / "alone"
