"""Many substitutions in one window: the sparse tower against the dense forward pass of the same model.

``python tests/benchmarks/bench_sparse_tower.py [--threads N ...] [--region BP] [--snvs N]`` takes (1) the real
mini-Borzoi (from PRESAGE_DATA_MIRROR) and all three changes of every base of a region of chr1, and (2) the published
Borzoi's shape with random weights and a few changes in 131,072 bp. The dense rival is the plain forward pass
``model(x)`` in batches of the same size; like ours it predicts the reference once and leaves out what changes nothing.
Both take turns, batch by batch, in one process, so that other load on the machine falls on both. Ours is timed twice:
for the output bins within 501 bp of the region, and for all. Times include the reference pass. On a busy machine the
ratio of processor seconds (``of CPU``) is the steadier one, with one thread.

Each row has two bounds beside it: the tokens that one base changes, and FLOPs dense over FLOPs sparse (of an edit,
without the reference). The last line is one JSON object; ``speedup_mini`` is for the bins near the region,
``speedup_borzoi`` for all bins, both with the last one of ``--threads``.
"""

import argparse
import gzip
import json
import os
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from presage.progress import progress
from presage.sequence.model.heads import Head
from presage.sequence.model.keras import load_keras_h5
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.reference.genome import encode
from presage.sequence.sparse_tower import Edit, open_window
from presage.sequence.sparse_tower.edits import slivers
from presage.sequence.targets.target_set import onehot
from presage.sequence.trunk.borzoi import new_trunk
from presage.sequence.trunk.presets import BORZOI

TOLERANCE = 1e-5  # of the largest output for the reference
NEAR = 501  # bp around the region whose bins are scored
START = 700_000  # of the real window on chr1, 0-based
ROWS = ("near", "all")


def mini(folder: Path) -> tuple[SequenceModel, np.ndarray]:
    """The real model and a real sequence of its length: uint8 [context]."""
    model = load_keras_h5(folder / "model.h5", folder / "params.json", folder / "targets.txt")
    with gzip.open(folder / "hg38_chr1_1m.fa.gz", "rt") as lines:
        next(lines)
        text = "".join(line.strip() for line in lines)
    return model, encode(text[START : START + model.trunk.context].upper())


def borzoi(context: int) -> tuple[SequenceModel, np.ndarray]:
    """The published shape on ``context`` bp, 5 of 16 bins cropped at each edge, human head; random weights."""
    torch.manual_seed(0)
    trunk = new_trunk(BORZOI.model_copy(update={"context": context, "crop": context // 32 * 5 // 16}))
    for block in trunk.transformer:
        torch.nn.init.normal_(block.attention.out.weight, std=0.02)  # new ones are closed
    model = SequenceModel(trunk, Head(trunk.width, 7_611), [str(i) for i in range(7_611)], np.arange(7_611))
    return model, np.random.default_rng(0).integers(0, 4, context).astype(np.uint8)


def substitutions(codes: np.ndarray, region: int, count: int | None = None) -> list[Edit]:
    """All changes of single bases of a region in the middle, or ``count`` of them, evenly spread."""
    first = (len(codes) - region) // 2
    edits = [
        Edit(at, np.array([base], np.uint8))
        for at in range(first, first + region)
        for base in range(4)
        if base != codes[at]
    ]
    return edits if count is None else [edits[i] for i in np.linspace(0, len(edits) - 1, count).astype(int)]


def dense(model: SequenceModel, codes: np.ndarray, edits: list[Edit]) -> torch.Tensor:
    """The rival: coverage [edits, bins, tracks] from the model's own forward pass."""
    sequences = np.repeat(codes[None], max(1, len(edits)), axis=0)
    for sequence, edit in zip(sequences, edits):
        sequence[edit.start : edit.end] = edit.codes
    return model(torch.from_numpy(onehot(sequences)))


class Clock:
    """Seconds of each side: on the wall, and of the processor, which other load disturbs less (with one thread)."""

    def __init__(self) -> None:
        self.wall: dict[str, float] = defaultdict(float)
        self.cpu: dict[str, float] = defaultdict(float)

    def __call__(self, side: str, call: Any) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        out = call()
        self.wall[side] += time.perf_counter() - wall
        self.cpu[side] += time.process_time() - cpu
        return out


def flops_of(call: Any) -> float:
    """FLOPs of matrix products and convolutions (a multiply-add is two)."""
    with FlopCounterMode(display=False) as counter:
        call()
    return float(counter.get_total_flops())


@torch.inference_mode()
def compare(model: SequenceModel, codes: np.ndarray, region: int, edits: list[Edit], batch: int) -> dict[str, Any]:
    """Seconds of each side for all edits, the largest difference, and FLOPs an edit."""
    trunk = model.trunk
    edge = trunk.shape.crop * trunk.bin_size
    reach = ((len(codes) - region) // 2 - NEAR - edge, (len(codes) + region) // 2 + NEAR - edge)
    near = (max(0, reach[0] // trunk.bin_size), min(trunk.out_bins, -(-reach[1] // trunk.bin_size)))
    bins = {"near": near, "all": (0, trunk.out_bins)}
    first = edits[:batch]
    flops = {"dense": flops_of(lambda: dense(model, codes, first[:1]))}
    for row in ROWS:
        window = open_window(model, codes, bins=bins[row])
        window.edited(first)  # makes what later calls keep
        flops[row] = flops_of(lambda window=window: window.edited(first)) / len(first)
    clock = Clock()
    reference = clock("dense", lambda: dense(model, codes, []))
    windows = {row: clock(row, lambda row=row: open_window(model, codes, bins=bins[row])) for row in ROWS}
    opened, apart = dict(clock.wall), 0.0
    for start in progress(range(0, len(edits), batch), "edits", "batch"):
        some = edits[start : start + batch]
        expected = clock("dense", lambda some=some: dense(model, codes, some))
        for row in ROWS:
            found = clock(row, lambda row=row, some=some: windows[row].edited(some))
            apart = max(apart, float((found - expected[:, slice(*bins[row])]).abs().max() / reference.max()))
    if apart > TOLERANCE:
        sys.exit(f"sparse and dense differ by {apart:.1e} of the largest output")
    return {
        "wall": clock.wall,
        "cpu": clock.cpu,
        "reference": opened,
        "difference": apart,
        "flops": flops,
        "bins": {row: last - start for row, (start, last) in bins.items()},
        "tokens": slivers(trunk.shape, edits)[-1].width // 2,
        "of": trunk.context // trunk.shape.token_size,
    }


def main() -> None:
    """Both models with each number of threads: a table, then JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    defaults = {"--region": 200, "--batch": 4, "--context": 131_072, "--snvs": 8, "--borzoi-batch": 2}
    for name, default in defaults.items():
        parser.add_argument(name, type=int, default=default)
    parser.add_argument("--models", nargs="+", choices=("mini", "borzoi"), default=["mini", "borzoi"])
    args = parser.parse_args()
    root = Path(__file__).resolve().parents[3] / "shared" / "data"
    data = Path(os.environ.get("PRESAGE_DATA_MIRROR", root)) / "mini_borzoi"
    found: dict[str, Any] = {"difference": 0.0}
    print(
        f"{'':8}{'threads':>8}{'bins':>14}{'dense s/edit':>14}{'ours s/edit':>13}{'speedup':>9}"
        f"{'of CPU':>8}{'FLOP bound':>12}{'tokens':>12}"
    )
    for name in args.models:
        model, codes = mini(data) if name == "mini" else borzoi(args.context)
        edits = substitutions(codes, args.region, None if name == "mini" else args.snvs)
        for threads in args.threads:
            torch.set_num_threads(threads)
            run = compare(model, codes, args.region, edits, args.batch if name == "mini" else args.borzoi_batch)
            found["difference"] = max(found["difference"], run["difference"])
            for row in ROWS:
                wall, flops = run["wall"], run["flops"]
                speedup, bound = wall["dense"] / wall[row], flops["dense"] / flops[row]
                cpu = run["cpu"]["dense"] / run["cpu"][row]
                print(
                    f"{name:8}{threads:8}{run['bins'][row]:8} {row:5}{wall['dense'] / len(edits):14.3f}"
                    f"{wall[row] / len(edits):13.4f}{speedup:9.2f}{cpu:8.2f}{bound:12.2f}"
                    f"{run['tokens']:5} of {run['of']}",
                    flush=True,
                )
                found[f"{name}_{row}"] = {
                    **found.get(f"{name}_{row}", {}),
                    "flop_bound": round(bound, 2),
                    f"speedup_{threads}": round(speedup, 2),
                    f"cpu_speedup_{threads}": round(cpu, 2),
                    f"reference_share_{threads}": round(run["reference"][row] / wall[row], 3),
                }
            found[f"{name}_tokens"] = [run["tokens"], run["of"]]
        headline = f"{name}_{'near' if name == 'mini' else 'all'}"
        found[f"speedup_{name}"] = found[headline][f"speedup_{args.threads[-1]}"]
        found[f"bound_{name}"] = found[headline]["flop_bound"]
        found[f"{name}_edits"] = len(edits)
    print(json.dumps({"bench": "sparse_tower", **vars(args), **found}))


if __name__ == "__main__":
    main()
