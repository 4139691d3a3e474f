import pytest

from presage import tables
from presage.config.distress import Detector
from presage.homecage.evaluation import dss


@pytest.fixture(scope="module")
def result(real_data):
    folder = real_data / "homecage"
    return dss.evaluate_dss(folder / "mice_rhythms_act_minutes.csv", folder / "relsa_tm_dss.txt", Detector(), 0.25, 2)


def _count(table, detector: str, metric: str, group: str) -> tuple[int, int]:
    row = table[(table["detector"] == detector) & (table["metric"] == metric) & (table["group"] == group)].iloc[0]
    return round(row["value"] * row["n"]), int(row["n"])


def test_published_figures_of_the_one_line_rules(result) -> None:
    table = result[0]
    one, two = "rule: < 0.60 of day -1", "rule: two days < 0.71"
    assert _count(table, one, "detected_after_treatment", "treated") == (15, 15)
    assert _count(table, one, "controls_alarmed", "control") == (3, 8)
    assert _count(table, two, "detected_after_treatment", "treated") == (15, 15)
    assert _count(table, two, "controls_alarmed", "control") == (2, 8)
    lead = table[(table["detector"] == one) & (table["metric"] == "median_lead_days")].set_index("group")["value"]
    assert lead.to_dict() == {"DSS": 0.5, "stress+DSS": 1.0}


def test_the_protocol(result, tmp_path) -> None:
    table, leads, model = result
    tables.write(tmp_path / "e.parquet", "evaluation", table)
    tables.write(tmp_path / "l.parquet", "lead_time", leads)
    assert model.cages == 26 and list(model.thresholds.by_budget) == [0.25]
    assert model.scorer.settings.baseline_days == 1
    ours = leads[leads["detector"] == "ours"]
    assert ours["group"].value_counts().to_dict() == {"DSS": 6, "stress+DSS": 6}  # only 12 of 15 lose 5 %
    assert _count(table, "ours", "detected_after_treatment", "DSS")[1] == 8
    detected, treated = _count(table, "ours", "detected_after_treatment", "treated")
    assert treated == 15 and detected >= 13
    assert _count(table, "ours", "controls_alarmed", "control")[1] == 8


def test_detector_and_threshold_are_fixed_before_the_file_is_opened(real_data, monkeypatch) -> None:
    order, fix, read = [], dss.fix, dss.importers.read
    monkeypatch.setattr(dss, "fix", lambda *a: (fix(*a), order.append("fixed"))[0])
    monkeypatch.setattr(dss.importers, "read", lambda kind, path: (order.append(kind), read(kind, path))[1])
    folder = real_data / "homecage"
    dss.evaluate_dss(folder / "mice_rhythms_act_minutes.csv", folder / "relsa_tm_dss.txt", Detector(), 0.25, 2)
    assert order == ["mice_rhythms", "fixed", "relsa"]
