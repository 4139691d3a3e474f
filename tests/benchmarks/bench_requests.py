"""Memory and time of jobs at three sizes of their input: what the requests on the rules rest on.

``python tests/benchmarks/bench_requests.py [--sizes 1 3 9] [--only reading|scoring] [--folder DIR]`` makes the built-in
genome world with so many times the reads, scores so many times the variants, and prints for each rule that reads, pools
or scores the size of its inputs, its peak memory (from its log), and the straight line through them. Its last line is
one JSON object, in which ``mb_per_input_mb`` is the slope of each rule.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT)]
READS, VARIANTS = 300, 400  # molecules a cell, and variants, at size 1
CHROMOSOME = "chr1"
SMALL = {
    "chromosome_kb": [120, 40, 40],
    "cells": 60,
    "molecules_per_cell": 60,
    "fragments_per_cell": 60,
    "shared_barcodes": 2,
    "causal_variants": 12,
    "control_variants": 24,
    "null_variants": 24,
}

# What grows in each rule's input, below results/<run>/ (of one job, the largest).
INPUTS = {
    "sequence_pseudobulk_part": "worlds/genome/reads/donor1.bam",
    "sequence_pseudobulk": "sequence/parts",
    "sequence_variants_part": "sequence/variants/{set}/sites.parquet",
    "sequence_variants": "sequence/variants/{set}/parts",
}


def snakemake(config: Path, *args: str) -> None:
    """Run the workflow. Raises ``RuntimeError`` with what it said when it fails."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", str(config), *args]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])


def write_variants(path: Path, fasta: Path, count: int) -> None:
    """A table of ``count`` SNVs of the first chromosome, evenly spaced."""
    sequence = "".join(line.strip() for line in fasta.read_text().split(">")[1].splitlines()[1:])
    places = np.linspace(len(sequence) // 10, len(sequence) * 9 // 10, count).astype(int)
    rows = [(CHROMOSOME, place + 1, ref, "A" if ref != "A" else "C") for place in places for ref in [sequence[place]]]
    pd.DataFrame(rows, columns=["chrom", "pos", "ref", "alt"]).to_csv(path, sep="\t", index=False)


def reading(folder: Path, size: int) -> list[tuple[str, int, float, float, float]]:
    """Rule, size, MB of input, peak MB and seconds of reading and pooling so many reads."""
    config = {
        "run": f"reads{size}",
        "results": str(folder),
        "sequence": {"world": {"molecules_per_cell": READS * size, "fragments_per_cell": 2 * READS * size}},
    }
    path = folder / f"reads{size}.yaml"
    path.write_text(yaml.safe_dump(config))
    run = folder / f"reads{size}"
    snakemake(path, "--", f"{run}/sequence/pseudobulk/qc.json")
    return measured(run, size, ("sequence_pseudobulk_part", "sequence_pseudobulk"))


def scoring(folder: Path, sizes: list[int]) -> list[tuple[str, int, float, float, float]]:
    """The same of scoring so many variants, with one trunk and adapter on a small world."""
    sets = {f"n{size}": {"vcf": str(folder / f"n{size}.tsv"), "null_set": None} for size in sizes}
    training = {"training": {"epochs": 1}}
    tiny = {"stem_width": 8, "tower_widths": [8] * 6}  # what grows with variants does not grow with the model
    config = {
        "run": "scores",
        "results": str(folder),
        "sequence": {
            "world": SMALL,
            "trunk": {"shape": tiny, **training},
            "adapt": {**training, "runs": [{"name": "probe", "kind": "probe"}], "seeds": [1]},
            "variants": {"sets": sets},
        },
    }
    path, run = folder / "scores.yaml", folder / "scores"
    path.write_text(yaml.safe_dump(config))
    for size in sizes:
        (folder / f"n{size}.tsv").write_text("chrom\tpos\tref\talt\n")
    fasta = run / "worlds" / "genome" / "genome.fa"
    snakemake(path, "--", str(fasta))
    for size in sizes:
        write_variants(folder / f"n{size}.tsv", fasta, VARIANTS * size)
    snakemake(path, "--", *[f"{run}/sequence/variants/{name}/scores.parquet" for name in sets])
    rules = ("sequence_variants_part", "sequence_variants")
    return [row for size in sizes for row in measured(run, size, rules, f"n{size}")]


def measured(
    run: Path, size: int, rules: tuple[str, ...], named: str = ""
) -> list[tuple[str, int, float, float, float]]:
    """What the logs of a run say of ``rules``; of those of the variant set ``named``, if it is."""
    from presage.report.resources import jobs
    from presage.study.requests import size_mb

    found = jobs(run)
    rows = []
    for rule in rules:
        own = found[(found["rule"] == rule) & found["log"].str.contains(named)]
        inputs = size_mb([str(run / INPUTS[rule].format(set=named))])
        rows.append((rule, size, inputs, own["peak_mb"].max(), own["seconds"].max()))
    return rows


def main() -> None:
    """Print the table, the lines through it, and the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 3, 9])
    parser.add_argument("--only", choices=["reading", "scoring"], help="one of the two halves (default: both)")
    parser.add_argument("--folder", type=Path, help="keep the runs there (default: a temporary folder)")
    given = parser.parse_args()
    folder = (given.folder or Path(tempfile.mkdtemp())).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    rows = [row for size in given.sizes for row in reading(folder, size)] if given.only != "scoring" else []
    rows += scoring(folder, given.sizes) if given.only != "reading" else []
    table = pd.DataFrame(rows, columns=["rule", "size", "input_mb", "peak_mb", "seconds"])
    print(table.sort_values(["rule", "size"], ignore_index=True).round(1).to_string(index=False))
    slopes = {}
    for rule, own in table.groupby("rule"):
        slope, base = np.polyfit(own["input_mb"], own["peak_mb"], 1)
        slopes[str(rule)] = round(float(slope), 2)
        print(f"{rule}: {base:,.0f} MB and {slope:.2f} MB for each MB of input")
    print(json.dumps({"bench": "requests", "sizes": given.sizes, "mb_per_input_mb": slopes}))


if __name__ == "__main__":
    main()
