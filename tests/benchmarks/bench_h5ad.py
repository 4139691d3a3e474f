"""Summing an h5ad's counts by group: presage in pieces against anndata, which reads the whole matrix.

``python tests/benchmarks/bench_h5ad.py [--cells N] [--genes N] [--per-cell N] [--form csr|csc]`` makes a file, runs
each in a process of its own, checks that they agree, and prints seconds and peak memory; its last line is one JSON
object.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
GROUPS, BATCH = 30, 2000


def make(path: Path, cells: int, genes: int, per_cell: int, form: str) -> None:
    """A count matrix whose file is written in batches, so that making it takes little memory.

    Every row (CSR) or column (CSC) has about as many numbers as the others, at random sorted places.
    """
    import anndata
    import h5py
    import pandas as pd
    from scipy import sparse

    rng = np.random.default_rng(1)
    obs = pd.DataFrame(index=[f"c{i}" for i in range(cells)])
    var = pd.DataFrame(index=[f"g{i}" for i in range(genes)])
    kind = sparse.csr_matrix if form == "csr" else sparse.csc_matrix
    anndata.AnnData(kind((cells, genes), dtype=np.float32), obs=obs, var=var).write_h5ad(path)
    lines, width = (cells, genes) if form == "csr" else (genes, cells)
    each = per_cell if form == "csr" else per_cell * cells // genes
    step = width // each  # one number in each of `each` strips: sorted and distinct
    with h5py.File(path, "a") as file:
        group = file["X"]
        for name in ("data", "indices", "indptr"):
            del group[name]
        total = lines * each
        data = group.create_dataset("data", (total,), np.float32, chunks=(min(total, 1 << 20),), compression="lzf")
        indices = group.create_dataset("indices", (total,), np.int32, chunks=(min(total, 1 << 20),), compression="lzf")
        group.create_dataset("indptr", data=np.arange(lines + 1, dtype=np.int64) * each)
        for start in range(0, lines, max(1, BATCH * per_cell // each)):
            here = min(max(1, BATCH * per_cell // each), lines - start)
            places = np.arange(each) * step + rng.integers(0, step, (here, each))
            span = slice(start * each, (start + here) * each)
            indices[span] = places.ravel().astype(np.int32)
            data[span] = rng.geometric(0.5, here * each).astype(np.float32)


def ours(path: str, group: np.ndarray) -> np.ndarray:
    """presage: in pieces."""
    from presage.sequence.samples.h5ad import count_groups

    return count_groups(path, group, GROUPS).sums.toarray()


def peer(path: str, group: np.ndarray) -> np.ndarray:
    """anndata: read everything, check that it is whole, multiply."""
    import anndata
    from scipy import sparse

    matrix = anndata.read_h5ad(path).X
    assert (matrix.data == np.rint(matrix.data)).all()
    chooser = sparse.csr_matrix((np.ones(len(group)), (group, np.arange(len(group)))), (GROUPS, len(group)))
    return np.asarray((chooser @ matrix).todense(), dtype=np.int64)


def measure(name: str, path: str, cells: int) -> None:
    """One way, in this process: seconds, peak memory, and a digest of the sums, as JSON."""
    import anndata  # noqa: F401  (its import is no part of the time)

    start = time.perf_counter()
    sums = {"ours": ours, "peer": peer}[name](path, np.arange(cells) % GROUPS)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    weights = np.arange(1, sums.size + 1, dtype=np.int64).reshape(sums.shape) % 1009
    print(json.dumps({"seconds": seconds, "rss_mb": peak, "digest": int((sums * weights).sum())}))


def main() -> None:
    """Make the file, run both, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("--cells", 100_000), ("--genes", 20_000), ("--per-cell", 1500)):
        parser.add_argument(name, type=int, default=default)
    parser.add_argument("--form", choices=["csr", "csc"], default="csr")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        measure(*args.measure, args.cells)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cells.h5ad"
        make(path, args.cells, args.genes, args.per_cell, args.form)
        command = [sys.executable, __file__, "--cells", str(args.cells), "--measure"]
        found = {
            name: json.loads(subprocess.run([*command, name, str(path)], check=True, capture_output=True).stdout)
            for name in ("peer", "ours")
        }
    if found["ours"]["digest"] != found["peer"]["digest"]:
        sys.exit("the sums differ")
    print(f"{'':24}{'seconds':>10}{'peak MB':>10}")
    for name, words in (("peer", "anndata, in memory"), ("ours", "presage, in pieces")):
        print(f"{words:24}{found[name]['seconds']:10.1f}{found[name]['rss_mb']:10.0f}")
    sizes = {"cells": args.cells, "genes": args.genes, "nonzeros": args.cells * args.per_cell, "form": args.form}
    ratios = {f"{key}_ratio": round(found["ours"][key] / found["peer"][key], 3) for key in ("seconds", "rss_mb")}
    own = {key: round(found["ours"][key], 1) for key in ("seconds", "rss_mb")}
    print(json.dumps({"bench": "h5ad", **sizes, **own, **ratios}))


if __name__ == "__main__":
    main()
