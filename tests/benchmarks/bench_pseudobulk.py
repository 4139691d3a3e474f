"""Benchmark of the pseudobulk step on RNA: a 10x-like BAM (simulated) to tracks, counts and targets.

Beside it, in the same run and turn by turn: a two-process pysam loop that only looks at the reads, and `samtools view
-c`, which only counts them. Every run is a fresh process, start-up included. Ratios are our seconds divided by the
peer's: below 1 we are faster.

The genome is GRCh38 divided by 200 with a gene every 50 kb, so that 5 M reads lie as densely as a billion do on the
whole one. On a larger genome the cost of its mostly empty targets hides that of the reads: `--scale 20` shows it.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks import run_pseudobulk
from tests.benchmarks.measure import Cost, run
from tests.benchmarks.tenx import CELLS, TYPES
from tests.benchmarks.tenx_bam import make_bam

HERE = Path(__file__).resolve().parent
OURS, ALL, BARE = "presage", "presage, all reads", "presage, no targets"
LOOP, PYSAM, SAMTOOLS = "pysam loop x2", "samtools in pysam", "samtools"


def commands(bam: Path, folder: Path, reference: Path) -> dict[str, list[str]]:
    """Row of the table -> command."""
    ours = [sys.executable, str(HERE / "run_pseudobulk.py"), "bam", str(bam), str(folder / "labels.tsv")]
    ours += [str(reference), str(folder / "out")]
    count = "import sys, pysam; print(pysam.samtools.view('-c', '-@', '1', sys.argv[1]).strip())"
    rows = {
        OURS: ours,
        ALL: [*ours, "--all-reads"],
        BARE: [*ours, "--bigwigs-only"],
        LOOP: [sys.executable, str(HERE / "pysam_loop.py"), str(bam)],
        PYSAM: [sys.executable, "-c", count, str(bam)],
    }
    if shutil.which("samtools"):
        rows[SAMTOOLS] = ["samtools", "view", "-c", "-@1", str(bam)]
    return rows


def measure(bam: Path, folder: Path, repeats: int) -> dict[str, list[Cost]]:
    """Costs of each row. Rows take turns, so that what else the machine does falls on all."""
    rows = commands(bam, folder, run_pseudobulk.prepare(folder))
    costs: dict[str, list[Cost]] = {name: [] for name in rows}
    for _ in range(repeats):
        for name, command in rows.items():
            costs[name].append(run(command))
            shutil.rmtree(folder / "out", ignore_errors=True)
    return costs


def summarise(reads: int, bam: Path, costs: dict[str, list[Cost]]) -> dict[str, object]:
    """The row's numbers; prints its table. Checks that we account for each read that the peer counts."""
    seconds = {name: statistics.median(c.seconds for c in several) for name, several in costs.items()}
    memory = {name: max(c.rss_mb for c in several) for name, several in costs.items()}
    samtools = SAMTOOLS if SAMTOOLS in costs else PYSAM
    counted = int(costs[samtools][0].output)
    print(f"\n{reads:,} reads, {counted:,} alignments, {bam.stat().st_size / 1e6:.0f} MB")
    print(f"  {'':20s}{'seconds':>9s}{'us/read':>9s}{'MB':>7s}{'ratio':>8s}")
    for name in costs:
        ratio = f"{seconds[OURS] / seconds[name]:8.2f}"
        print(f"  {name:20s}{seconds[name]:9.2f}{1e6 * seconds[name] / reads:9.2f}{memory[name]:7.0f}{ratio}")
    used = {}
    for name in (OURS, ALL, BARE):
        (sample,) = json.loads(costs[name][0].output.splitlines()[-1])["samples"].values()
        if sample["total"] != counted or sum(sample["reads"].values()) != counted:
            raise RuntimeError(f"{name} accounts for {sample['total']} alignments, samtools counts {counted}")
        used[name] = sample["reads"]["used"]
    return {
        "reads": reads,
        "seconds": round(seconds[OURS], 3),
        "seconds_all_reads": round(seconds[ALL], 3),
        "seconds_no_targets": round(seconds[BARE], 3),
        "seconds_pysam_loop": round(seconds[LOOP], 3),
        "seconds_samtools": round(seconds[samtools], 3),
        "ratio_to_pysam_loop": round(seconds[OURS] / seconds[LOOP], 3),
        "ratio_to_samtools": round(seconds[OURS] / seconds[samtools], 3),
        "ratio_to_samtools_in_pysam": round(seconds[OURS] / seconds[PYSAM], 3),
        "ratio_all_reads_to_pysam_loop": round(seconds[ALL] / seconds[LOOP], 3),
        "ratio_all_reads_to_samtools": round(seconds[ALL] / seconds[samtools], 3),
        "rss_mb": round(memory[OURS]),
        "ratio_no_targets_to_pysam_loop": round(seconds[BARE] / seconds[LOOP], 3),
        "rss_mb_no_targets": round(memory[BARE]),
        "rss_mb_all_reads": round(memory[ALL]),
        "used": used[OURS],
        "used_all_reads": used[ALL],
    }


def samtools_version() -> str:
    """Which samtools the ratio is to: builds with libdeflate inflate much faster than those with zlib."""
    if not shutil.which("samtools"):
        return "the one in pysam"
    return subprocess.run(["samtools", "--version"], capture_output=True, check=True).stdout.splitlines()[0].decode()


def main(folder: Path, sizes: list[float], repeats: int, scale: float) -> None:
    results = []
    folder = folder / f"genome_by_{scale:g}"
    folder.mkdir(parents=True, exist_ok=True)
    for size in sizes:
        reads = round(size * 1e6)
        bam = make_bam(folder, reads, scale=scale)
        results.append(summarise(reads, bam, measure(bam, folder, repeats)))
    print(f"\nsimulated reads; median of {repeats}; ratio: presage / peer; MB: peak of the process tree, sampled;")
    print(f"{samtools_version()}")
    about = {
        "bench": "pseudobulk",
        "simulated": True,
        "cells": CELLS,
        "types": TYPES,
        "repeats": repeats,
        "scale": scale,
    }
    print(json.dumps({**about, "scale": scale, **results[-1], "samtools": samtools_version(), "sizes": results}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="where the simulated data lie and stay (default: a temporary one)")
    parser.add_argument("--sizes", default="1,5,10", help="million reads, smallest first (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--scale", type=float, default=200, help="GRCh38's lengths are divided by it")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        main(args.folder or Path(temporary), [float(size) for size in args.sizes.split(",")], args.repeats, args.scale)
