"""presage.study.given_files: every file that a study was given, and none that a run makes."""

from pathlib import Path

import yaml

from presage.config.load import load
from presage.study import HomeCageInputs, SequenceInputs, given_files

ROOT = Path(__file__).resolve().parents[3]


def given(config: str) -> list[str]:
    """As the Snakefile asks, for a shipped configuration."""
    checked = load(yaml.safe_load((ROOT / "config" / config).read_text()), ROOT / "config" / "demo.yaml")
    sequence = checked.sequence and SequenceInputs(checked.sequence, "results/r/worlds/genome")
    return given_files(sequence, checked.homecage and HomeCageInputs(checked.homecage, "results/r/worlds/vivarium"))


def test_the_built_in_worlds_are_given_nothing() -> None:
    assert given("demo.yaml") == []


def test_sheets_what_they_name_and_what_the_configuration_names() -> None:
    found = given("real.yaml")
    assert {"config/real/samples.tsv", "config/real/segments.tsv"} <= set(found)
    text = (ROOT / "config" / "real.yaml").read_text() + (ROOT / "config" / "real" / "samples.tsv").read_text()
    named = {word.strip("'\",}]").removeprefix("registry:").rstrip("/") for word in text.split() if "registry:" in word}
    public = [path.removeprefix("resources/public/").partition("/")[2] for path in found]
    missing = {name for name in named if not any(path.startswith(name) for path in public)}
    assert missing == set()
