"""summary.json: every key of the contract, each a number, or null with a reason; and its few lines for a terminal."""

import io
import json

import pytest

from presage.config.root import built_in
from presage.report.run import Run
from presage.report.summary import build_summary, ci_keys, main, terminal_summary, wants_colour

CONTRACT = [
    "sequence.trunk_params",
    "sequence.adapter.lora.trainable_fraction",
    "sequence.adapter.lora.test_pearson_per_celltype",
    "sequence.adapter.lora.test_pearson_across_celltypes",
    "sequence.variants.scored",
    "sequence.variants.dropped",
    "sequence.variants.auroc",
    "sequence.variants.sign_accuracy",
    "homecage.pose.test_rmse_px",
    "homecage.pose.frames",
    "homecage.cages",
    "homecage.cage_days",
    "homecage.no_call_fraction",
    "homecage.detection_rate",
    "homecage.median_lead_time_days",
    "homecage.median_lead_time_ci_low",
    "homecage.median_lead_time_ci_high",
    "homecage.false_alarms_per_cage_month",
    "homecage.alarm_budget",
    "sequence.trunk.test_pearson",
    "homecage.pose.reference_distance_px",
    "homecage.pose.path_length_ratio",
    "homecage.dss.treated",
    "homecage.dss.detected",
    "homecage.dss.controls",
    "homecage.dss.controls_alarmed",
    "homecage.dss.median_lead_time_days",
    "homecage.healthy.false_alarms_per_mouse_month",
]


@pytest.fixture
def config() -> dict:
    return built_in().model_dump(mode="json")


def assert_contract(summary: dict) -> None:
    for key, value in summary.items():
        if key.endswith("_why"):
            assert isinstance(value, str) and value
            assert summary[key.removesuffix("_why")] is None
        elif value is None:
            assert f"{key}_why" in summary, key
        else:
            assert isinstance(value, (int, float)) and not isinstance(value, bool), key
    json.dumps(summary, allow_nan=False)


def test_every_key_of_the_contract(run_folder, config):
    summary = build_summary(Run(run_folder), config)
    assert_contract(summary)
    assert not [key for key in CONTRACT if key not in summary]
    assert summary["sequence.trunk_params"] == 300_000
    assert summary["sequence.variants.scored"] == 60 and summary["sequence.variants.dropped"] == 3
    assert summary["homecage.cages"] == 6 and summary["homecage.cage_days"] == 6 * 24
    assert summary["homecage.no_call_fraction"] == pytest.approx(2 / 144, abs=1e-6)
    assert summary["homecage.false_alarms_per_cage_month"] == pytest.approx(0.9)
    assert summary["homecage.median_lead_time_ci_low"] == 0.5
    assert "too many cases" in summary["homecage.median_lead_time_ci_high_why"]
    assert summary["homecage.lead_n"] == 3 and summary["homecage.lead_missed"] == 1
    assert summary["homecage.dss.detected_why"].startswith("the DSS protocol is not configured")


def test_dss_counts_come_from_share_and_size(run_folder, config):
    config["homecage"]["dss"] = {"budget": 0.25}
    summary = build_summary(Run(run_folder), config)
    counts = [summary[f"homecage.dss.{key}"] for key in ("treated", "detected", "controls", "controls_alarmed")]
    assert counts == [15, 14, 8, 2]
    assert summary["homecage.dss.median_lead_time_days"] == 0.5
    assert_contract(summary)


def test_a_branch_that_is_not_configured(sequence_only, config):
    summary = build_summary(Run(sequence_only), {**config, "homecage": None})
    assert_contract(summary)
    asked = [key for key in summary if key.startswith("homecage.") and not key.endswith("_why")]
    assert asked and {summary[f"{key}_why"] for key in asked} == {"branch not configured"}
    assert summary["sequence.variants.auroc"] == 0.87
    assert "Home cage" not in terminal_summary(summary)


def test_an_empty_run_is_all_reasons(tmp_path, config):
    summary = build_summary(Run(tmp_path), config)
    assert_contract(summary)
    known = {key for key, value in summary.items() if value is not None and not key.endswith("_why")}
    assert known == {"sequence.simulated", "homecage.simulated", "homecage.alarm_budget"}


def test_interval_keys_follow_the_contract():
    assert ci_keys("homecage.median_lead_time_days")[0] == "homecage.median_lead_time_ci_low"


def test_terminal_summary(run_folder, config):
    summary = build_summary(Run(run_folder), config)
    pages = ["results/demo/index.html", "results/demo/homecage/morning.html"]
    plain = terminal_summary(summary, pages)
    assert "\033" not in plain and "\033" in terminal_summary(summary, pages, colour=True)
    assert "simulated data" in plain and plain.endswith("index.html and results/demo/homecage/morning.html")
    assert "0.85 to 0.89; oracle 0.97" in plain
    alone = terminal_summary({key: value for key, value in summary.items() if key.startswith("sequence.")})
    assert "Home cage" not in alone and not alone.startswith("\n")


def test_colour_is_for_terminals_that_want_it():
    class Stream(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert wants_colour(Stream(), {"TERM": "xterm"}) and wants_colour(Stream(), {"NO_COLOR": ""})
    assert not wants_colour(io.StringIO(), {"TERM": "xterm"})
    assert not wants_colour(Stream(), {"NO_COLOR": "1"}) and not wants_colour(Stream(), {"TERM": "dumb"})


def test_the_command_prints_it_or_says_why_not(run_folder, config, tmp_path, capsys):
    (tmp_path / "summary.json").write_text(json.dumps(build_summary(Run(run_folder), config)))
    main(str(tmp_path))
    assert "variant AUROC" in capsys.readouterr().out
    with pytest.raises(SystemExit, match=r"nothing/summary\.json: does not exist"):
        main(str(tmp_path / "nothing"))
