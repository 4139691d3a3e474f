"""presage.homecage.detectors.study: what happened in a study is what the sheet, the sensors and the scales tell."""

from types import SimpleNamespace

from presage import tables
from presage.config.distress import Alarms, Detector
from presage.config.pose import Recording
from presage.homecage.detectors.study import read_study


def test_weighings_of_the_sheet_tell_a_loss(tmp_path) -> None:
    (tmp_path / "cages.tsv").write_text("cage\trole\nC1\tevaluate\n")
    weights = enumerate((20, 20, 20, 18.8), start=1)
    rows = [f"C1\t2026-05-0{day}T08:00:00Z\tweighing\t{grams}\n" for day, grams in weights]
    (tmp_path / "events.tsv").write_text("cage\ttime_utc\tkind\tvalue\n" + "".join(rows))
    for name, table in (("daily", "daily"), ("derived", "events")):
        tables.write(tmp_path / f"{name}.parquet", table, tables.empty(table))
    files = {name: tmp_path / f"{name}.parquet" for name in ("daily", "derived")}
    lists = {name: [tmp_path / f"{name}.tsv"] for name in ("cages", "events")}
    settings = {"recording": Recording(), "detector": Detector(), "alarms": Alarms()}
    study = read_study(
        SimpleNamespace(**files, **lists),
        SimpleNamespace(**{name: value.model_dump(mode="json") for name, value in settings.items()}),
    )
    assert study.events["kind"].tolist() == ["weighing"] * 4 + ["weight_loss_5pct"]
    assert [cage.cage for cage in study.cages] == ["C1"]
