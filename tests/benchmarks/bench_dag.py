"""Plan a colony: 100 cages x 30 days of hourly video files, ``snakemake -n`` in a process of its own.

``python tests/benchmarks/bench_dag.py [--cages N] [--days N] [--hours N] [--repeats N]`` makes the files (sparse: a
plan looks at names, sizes and times only) and a study of them, and plans it (a) with segments by a pattern of names
and (b) with a segments sheet. Beside it stand bare Snakemake with the same files as declared inputs of the same three
jobs a cage-day, which checks nothing; reading the Snakefile alone (``--list-rules``, built-in world); and importing
Snakemake alone. Its last line is one JSON object: ``seconds``, ``cpu_seconds`` and ``rss_mb`` (process tree) of the
slower of (a) and (b), and ``parse_seconds``, the Snakefile without the import.
"""

import argparse
import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT)]
from tests import colony  # noqa: E402
from tests.benchmarks import measure  # noqa: E402

SNAKEMAKE = [sys.executable, "-m", "snakemake", "--cores", "2"]
DECLARED = """
from glob import glob
VIDEOS, OUT, DAYS = {videos!r}, {out!r}, {days!r}
rule all:
    input: [f"{{OUT}}/features/{{c}}/{{d}}.parquet" for c, d in DAYS]
rule segments:
    input: lambda w: DAYS[w.cage, w.date]
    output: f"{{OUT}}/segments/{{{{cage}}}}/{{{{date}}}}.parquet"
    shell: "touch {{output}}"
rule pose:
    input: rules.segments.output
    output: f"{{OUT}}/pose/{{{{cage}}}}/{{{{date}}}}.parquet"
    shell: "touch {{output}}"
rule features:
    input: rules.pose.output
    output: f"{{OUT}}/features/{{{{cage}}}}/{{{{date}}}}.parquet"
    shell: "touch {{output}}"
"""


class Plan(NamedTuple):
    """What a plan costs, and how many jobs it has."""

    seconds: float
    cpu: float
    rss_mb: float
    jobs: int


def plan(command: list[str]) -> Plan:
    """Run one command to its end."""
    before = os.times()
    cost = measure.run(command)
    after = os.times()
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    total = re.search(r"^total +(\d+)", cost.output, re.M)
    return Plan(cost.seconds, cpu, cost.rss_mb, int(total[1]) if total else 0)


def declared(folder: Path, videos: Path) -> Path:
    """A bare Snakefile whose jobs declare every file."""
    days: dict[tuple[str, str], list[str]] = {}
    for path in sorted(videos.glob("*/*.mp4")):
        days.setdefault((path.parent.name, path.stem[:10]), []).append(str(path))
    (folder / "Snakefile").write_text(DECLARED.format(videos=str(videos), out=f"{folder}/bare", days=days))
    return folder / "Snakefile"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("cages", 100), ("days", 30), ("hours", 24), ("repeats", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        videos = folder / "videos"
        colony.record(videos, given.cages, range(given.days), given.hours)
        ours = [*SNAKEMAKE, "-n", "--config", f"results={folder}/results", "--configfile"]
        commands = {
            "ours, segments by a pattern of names": [*ours, str(colony.study(folder / "pattern", videos))],
            "ours, a segments sheet": [*ours, str(colony.study(folder / "sheet", videos, sheet=True))],
            "bare Snakemake, every file declared": [
                *[*SNAKEMAKE, "-n", "--directory", place, "--workflow-profile", "none", "--scheduler", "greedy"],
                *["--snakefile", str(declared(folder, videos))],
            ],
            "the Snakefile alone, built-in world": [*SNAKEMAKE, "--list-rules"],
            "importing Snakemake alone": [sys.executable, "-c", "import snakemake.cli"],
        }
        found = {name: min(plan(command) for _ in range(given.repeats)) for name, command in commands.items()}
    files = given.cages * given.days * given.hours
    print(f"{given.cages} cages x {given.days} days x {given.hours} files = {files:,}; load {os.getloadavg()[0]:.1f}\n")
    print(f"{'':<40}{'seconds':>9}{'CPU s':>9}{'MB':>7}{'jobs':>8}")
    for name, cost in found.items():
        print(f"{name:<40}{cost.seconds:>9.1f}{cost.cpu:>9.1f}{cost.rss_mb:>7,.0f}{cost.jobs or '':>8}")
    pattern, sheet, bare, snakefile, imported = found.values()
    worst = max(pattern, sheet)
    result = {"bench": "dag", "cages": given.cages, "days": given.days, "files": files, "jobs": worst.jobs}
    result |= {"seconds": worst.seconds, "cpu_seconds": worst.cpu, "rss_mb": max(pattern.rss_mb, sheet.rss_mb)}
    result |= {"parse_seconds": snakefile.seconds - imported.seconds, "ratio_to_declared": worst.cpu / bare.cpu}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
