"""`snakemake cost`: a table on the terminal before anything was run, and nothing on disk but its log."""

import re
from pathlib import Path

from tests.running import ROOT, error_lines, snakemake


def test_cost_prints_a_table_and_runs_nothing(tmp_path: Path) -> None:
    done = snakemake(ROOT / "config" / "demo.yaml", tmp_path / "results", "--cores", "1", "cost")
    assert done.returncode == 0, done.stdout[-2000:]
    assert "813 train, 162 valid, 227 test" in done.stdout
    assert "time at 35% of peak" in done.stdout
    files = [path.relative_to(tmp_path / "results") for path in tmp_path.rglob("*") if path.is_file()]
    assert files == [Path("demo/logs/cost.log")]


def test_an_unknown_card_is_told_in_one_line(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("run: bad\nsequence:\n  world: {}\ncost: {gpus: [H1000]}\n")
    done = snakemake(config, tmp_path / "results", "--cores", "1", "cost")
    assert done.returncode != 0
    assert any("'H1000' is not in resources/gpus.tsv" in line for line in error_lines(done.stdout))


def test_costs_can_be_asked_for_before_anything_is_there(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("run: t\nsequence:\n  world: {}\n  variants: {sets: {mine: {vcf: nowhere.vcf}}}\n")
    done = snakemake(config, tmp_path / "results", "--cores", "1", "cost")
    assert done.returncode == 0 and "time at 35% of peak" in done.stdout, done.stdout[-2000:]
    assert "not there: nowhere.vcf (sequence.variants.sets.mine.vcf); a run would stop" in done.stdout
    done = snakemake(config, tmp_path / "results", "--cores", "1", "-n")
    assert "config key sequence.variants.sets.mine.vcf: nowhere.vcf does not exist" in done.stdout


def test_make_cost_is_not_so_quiet_that_errors_are_lost(tmp_path: Path) -> None:
    """``--quiet all`` would print nothing, and exit with 1."""
    (quiet,) = re.findall(r"--quiet ([a-z ]+?) --configfile", (ROOT / "Makefile").read_text())
    config = tmp_path / "c.yaml"
    config.write_text("run: t\nsequenc: {world: {}}\n")
    done = snakemake(config, tmp_path / "results", "--cores", "1", "--quiet", *quiet.split(), "--", "cost")
    assert done.returncode != 0 and "did you mean 'sequence'?" in done.stdout
