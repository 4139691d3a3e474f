"""Benchmark of the pseudobulk step on ATAC: a fragments file (simulated) to one bigWig of cut sites per cell type.

The peer is SnapATAC2: ``pp.import_fragments`` and ``ex.export_coverage`` with 1 bp bins, insertions, no normalisation,
2 threads. It gets an environment of its own, made once, and is no dependency of presage. Compared is the same work,
bigWigs only; the whole step (with targets of the windows) is a row of its own. Then the bigWigs are compared: per cell
type the sum over the genome, and every base of one contig. Ratios are our seconds divided by the peer's.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import numpy as np
import pyBigWig

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks import run_pseudobulk
from tests.benchmarks.atac import make_fragments
from tests.benchmarks.measure import Cost, run
from tests.benchmarks.tenx import CELLS, SCALE, TYPES
from tests.benchmarks.toy_genome import contig_lengths

HERE = Path(__file__).resolve().parent
OURS, WHOLE, PEER = "presage, bigWigs", "presage, whole step", "SnapATAC2"
PEER_PACKAGE = "snapatac2>=2.9,<3"


def peer_python(folder: Path) -> Path:
    """Python of an environment with SnapATAC2, made in ``folder`` where it is not there yet."""
    python = folder / "snapatac2" / "bin" / "python"
    made = python.exists() and subprocess.run([python, "-c", "import snapatac2"], capture_output=True).returncode == 0
    if not made:
        venv.create(folder / "snapatac2", with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", PEER_PACKAGE], check=True)
    return python


def measure(fragments: Path, folder: Path, repeats: int, peer: Path) -> dict[str, list[Cost]]:
    """Costs of each row, which take turns; the bigWigs of the last turn stay in ``folder``."""
    reference, labels = run_pseudobulk.prepare(folder), folder / "labels.tsv"
    lengths = folder / "lengths.json"
    lengths.write_text(json.dumps(contig_lengths(SCALE)))
    ours = [sys.executable, str(HERE / "run_pseudobulk.py"), "fragments", str(fragments), str(labels), str(reference)]
    theirs = [str(peer), str(HERE / "snapatac2_coverage.py"), str(fragments), str(labels), str(lengths)]
    rows = {
        OURS: [*ours, str(folder / "ours"), "--bigwigs-only"],
        WHOLE: [*ours, str(folder / "whole")],
        PEER: [*theirs, str(folder / "theirs")],
    }
    costs: dict[str, list[Cost]] = {name: [] for name in rows}
    for _ in range(repeats):
        for name, command in rows.items():
            shutil.rmtree(folder / {OURS: "ours", WHOLE: "whole", PEER: "theirs"}[name], ignore_errors=True)
            costs[name].append(run(command))
    return costs


def compare(folder: Path, contig: str = "chr21") -> dict[str, int]:
    """Insertions of both over all types, the types whose sums differ, and bases of ``contig`` with another value."""
    total, theirs_total, differ, bases = 0, 0, 0, 0
    paths = sorted((folder / "theirs").glob("*.bw"))
    if len(paths) != TYPES:
        raise RuntimeError(f"SnapATAC2 wrote {len(paths)} bigWigs for {TYPES} cell types")
    for path in paths:
        with (
            pyBigWig.open(str(path)) as theirs,
            pyBigWig.open(str(folder / "ours" / "bw" / f"{path.stem}_atac.bw")) as ours,
        ):
            sums = [round(file.header()["sumData"]) for file in (ours, theirs)]
            length = ours.chroms(contig)
            values = [np.nan_to_num(file.values(contig, 0, length, numpy=True)) for file in (ours, theirs)]
        total, theirs_total, differ = total + sums[0], theirs_total + sums[1], differ + (sums[0] != sums[1])
        bases += int((values[0] != values[1]).sum())
    return {
        "insertions": total,
        "insertions_snapatac2": theirs_total,
        "types_that_differ": differ,
        f"bases_that_differ_{contig}": bases,
    }


def main(folder: Path, fragments: int, repeats: int, peer: Path | None) -> None:
    python = peer or peer_python(folder)
    version = subprocess.check_output(
        [python, "-c", "import snapatac2; print(snapatac2.__version__)"], text=True
    ).strip()
    file = make_fragments(folder, fragments)
    costs = measure(file, folder, repeats, python)
    seconds = {name: statistics.median(c.seconds for c in several) for name, several in costs.items()}
    memory = {name: max(c.rss_mb for c in several) for name, several in costs.items()}
    (sample,) = json.loads(costs[OURS][0].output.splitlines()[-1])["samples"].values()
    print(f"{sample['total']:,} fragments (simulated), {file.stat().st_size / 1e6:.0f} MB; {sample['reads']}")
    print(f"  {'':22s}{'seconds':>9s}{'MB':>7s}{'ratio':>8s}")
    for name in costs:
        print(f"  {name:22s}{seconds[name]:9.2f}{memory[name]:7.0f}{seconds[OURS] / seconds[name]:8.2f}")
    same = compare(folder)
    print(f"  {same}")
    print(f"  SnapATAC2 {version}; median of {repeats}; ratio: presage / peer; MB: peak of the process tree, sampled")
    result = {
        "bench": "fragments",
        "simulated": True,
        "fragments": sample["total"],
        "cells": CELLS,
        "types": TYPES,
        "repeats": repeats,
        "seconds": round(seconds[OURS], 3),
        "seconds_whole_step": round(seconds[WHOLE], 3),
        "seconds_snapatac2": round(seconds[PEER], 3),
        "ratio_to_snapatac2": round(seconds[OURS] / seconds[PEER], 3),
        "ratio_whole_step_to_snapatac2": round(seconds[WHOLE] / seconds[PEER], 3),
        "rss_mb": round(memory[OURS]),
        "rss_mb_whole_step": round(memory[WHOLE]),
        "rss_mb_snapatac2": round(memory[PEER]),
        "snapatac2": version,
        **same,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="where data and peer lie and stay (default: a temporary one)")
    parser.add_argument("--fragments", type=float, default=5, help="million fragments (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peer", type=Path, help="Python that has SnapATAC2 (default: an environment is made)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        main(args.folder or Path(temporary), round(args.fragments * 1e6), args.repeats, args.peer)
