"""presage.study.given_files: every file that a study was given, and none that a run makes."""

from pathlib import Path

import pytest
import yaml

from presage.config.load import load
from presage.errors import UserError
from presage.study import HomeCageInputs, SequenceInputs, check_given, given_files

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


def checked(text: str) -> None:
    config = load(yaml.safe_load(text), ROOT / "config" / "demo.yaml")
    check_given(
        config.sequence and SequenceInputs(config.sequence, "results/r/worlds/genome"),
        config.homecage and HomeCageInputs(config.homecage, "results/r/worlds/vivarium"),
    )


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("run: a\nsequence: {world: {}, variants: {sets: {mine: {vcf: no/v.vcf}}}}", "variants.sets.mine.vcf"),
        ("run: a\nsequence: {world: {}, trunk: {kind: presage, path: no/trunk}}", "trunk"),
        ("run: a\nsequence: {world: {}, adapt: {given: {lab_a: no/adapter}}}", "adapt.given"),
        ("run: a\nhomecage: {world: {}, readings: {sources: [{name: t, kind: relsa, path: no/t.csv}]}}",
         "readings.sources, t: path"),
    ],
)  # fmt: skip
def test_a_given_file_that_is_not_there_is_named_by_its_key(text: str, key: str) -> None:
    with pytest.raises(UserError, match=rf"config key \w+\.{key}: no/\S+ does not exist; correct the path"):
        checked(text)


def test_what_will_be_downloaded_or_made_need_not_be_there() -> None:
    checked((ROOT / "config" / "real.yaml").read_text())
    checked((ROOT / "config" / "demo.yaml").read_text())


def test_the_header_of_labels_is_looked_at_before_any_job(tmp_path: Path) -> None:
    for name in ("a.bam", "b.h5ad", "g.fa", "card.json", "trunk.safetensors"):
        (tmp_path / name).touch()
    rows = "s1\tbam\ta.bam\tl.csv\ns2\th5ad\tb.h5ad\tb.h5ad\ns3\tbam\ta.bam\twhole\n"
    (tmp_path / "s.tsv").write_text(f"sample\tkind\tpath\tlabels\n{rows}")
    (tmp_path / "l.csv").write_text("cell,annotation\nA,T\n")
    study = f"""
run: a
sequence:
  samples: {tmp_path}/s.tsv
  reference: {{fasta: {tmp_path}/g.fa}}
  trunk: {{kind: presage, path: {tmp_path}}}
  pseudobulk: {{label_column: annotation}}
"""
    with pytest.raises(UserError, match=r"l\.csv: has no column 'barcode' and no column 'annotation'"):
        checked(study)
    (tmp_path / "l.csv").write_text("barcode\tannotation\n")
    checked(study)
