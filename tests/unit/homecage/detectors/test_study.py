"""presage.homecage.detectors.study: sheets that do not belong together are refused."""

from types import SimpleNamespace

import pytest

from presage import tables
from presage.config.distress import Alarms, Detector
from presage.config.pose import Recording
from presage.errors import UserError
from presage.homecage.detectors.study import read_study


@pytest.fixture
def study(tmp_path):
    """A function that reads a study of cage C1 with one event of another cage."""

    def read(cage):
        (tmp_path / "cages.tsv").write_text("cage\trole\nC1\tevaluate\n")
        (tmp_path / "events.tsv").write_text(f"cage\ttime_utc\tkind\n{cage}\t2026-05-01T08:00:00Z\tcage_change\n")
        for name, table in (("daily", "daily"), ("derived", "events")):
            tables.write(tmp_path / f"{name}.parquet", table, tables.empty(table))
        files = {name: tmp_path / f"{name}.parquet" for name in ("daily", "derived")}
        lists = {name: [tmp_path / f"{name}.tsv"] for name in ("cages", "events")}
        settings = {"recording": Recording(), "detector": Detector(), "alarms": Alarms()}
        return read_study(
            SimpleNamespace(**files, **lists),
            SimpleNamespace(**{name: value.model_dump(mode="json") for name, value in settings.items()}),
        )

    return read


def test_an_event_of_a_cage_that_nobody_lists_is_refused(study):
    assert list(study("C1").events["cage"]) == ["C1"]
    with pytest.raises(UserError, match=r"events\.tsv, column cage: C9 in no row of .*cages\.tsv"):
        study("C9")
