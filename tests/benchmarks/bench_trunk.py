"""A forward pass to the embedding: presage's trunk against borzoi-pytorch's, same weights, the published widths.

``python tests/benchmarks/bench_trunk.py [--lengths BP ...] [--depth N] [--threads N] [--repeats N]`` saves random
weights with borzoi-pytorch, runs each side in a process of its own on each length, checks that they agree, and prints
the best time and the peak memory, weights included and imports not. Its last line is one JSON object, in which
``ratio`` is ours to theirs over all lengths. As in the published model, 5 of 16 bins are cropped at each edge.
"""

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
SIDES = {"peer": "borzoi-pytorch", "ours": "presage"}
MODULES = {"peer": "borzoi_pytorch", "ours": "presage.sequence.model.huggingface"}
TOLERANCE = 1e-5  # of the largest value


def save_weights(folder: str, depth: int) -> None:
    """Random weights, as borzoi-pytorch saves them."""
    import torch
    from borzoi_pytorch import Borzoi

    torch.manual_seed(0)
    model = Borzoi.from_hparams(depth=depth, bins_to_return=-1)
    for name, tensor in model.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 2)
    model.save_pretrained(folder)


def forward(side: str, folder: str, length: int):
    """The function from one-hot sequence [1, 4, length] to embedding [1, bins, 1920]."""
    bins = length // 32 * 6 // 16
    if side == "ours":
        from presage.config.trunk import Trunk
        from presage.sequence.model.huggingface import load_huggingface

        crop = (length // 32 - bins) // 2
        return load_huggingface(Trunk(kind="huggingface", path=folder, context=length, crop=crop)).trunk
    from borzoi_pytorch import Borzoi

    model = Borzoi.from_pretrained(folder, bins_to_return=bins).eval()
    return lambda x: model.final_joined_convs(model.get_embs_after_crop(x)).transpose(1, 2)


def measure(side: str, folder: str, length: int, threads: int, repeats: int) -> None:
    """One side and length, in this process: seconds and MB as JSON; the embedding beside the weights."""
    import torch

    torch.set_num_threads(threads)
    importlib.import_module(MODULES[side])
    imported = _memory("VmRSS")
    run = forward(side, folder, length)
    x = torch.eye(4)[torch.randint(4, (1, length), generator=torch.Generator().manual_seed(1))].transpose(1, 2)
    Path("/proc/self/clear_refs").write_text("5")  # the peak of loading is forgotten (Linux)
    seconds = []
    with torch.inference_mode():
        for _ in range(repeats + 1):  # the first one makes what is kept, e.g. position features
            start = time.perf_counter()
            embedding = run(x)
            seconds.append(time.perf_counter() - start)
    np.save(Path(folder) / f"{side}.npy", embedding.numpy())
    print(json.dumps({"seconds": min(seconds[1:]), "mb": (_memory("VmHWM") - imported) / 1024}))


def _memory(key: str) -> int:
    """A line of /proc/self/status, kB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key))


def main() -> None:
    """Save, run both sides on each length, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lengths", type=int, nargs="+", default=[16_384, 32_768, 65_536])
    for name, default in (("--depth", 2), ("--threads", 2), ("--repeats", 2)):
        parser.add_argument(name, type=int, default=default)
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--save", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.save:
        save_weights(args.save, args.depth)
        return
    if args.measure:
        side, folder, length = args.measure
        measure(side, folder, int(length), args.threads, args.repeats)
        return
    command = [sys.executable, __file__]
    for key in ("depth", "threads", "repeats"):
        command += [f"--{key}", str(getattr(args, key))]
    found: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*command, "--save", folder], check=True, capture_output=True)
        print(f"{'bp':>10}{'':4}{'':16}{'seconds':>10}{'peak MB':>10}")
        for length in args.lengths:
            for side, words in SIDES.items():
                done = subprocess.run(
                    [*command, "--measure", side, folder, str(length)], check=True, stdout=subprocess.PIPE, text=True
                )
                found[side].append(json.loads(done.stdout.splitlines()[-1]))
                print(f"{length:10}    {words:16}{found[side][-1]['seconds']:10.2f}{found[side][-1]['mb']:10.0f}")
            a, b = (np.load(Path(folder) / f"{side}.npy") for side in SIDES)
            worst = max(worst, float(np.abs(a - b).max() / np.abs(a).max()))
    if worst > TOLERANCE:
        sys.exit(f"the embeddings differ by {worst:.1e} of the largest value")
    sizes = {"lengths": args.lengths, "depth": args.depth, "threads": args.threads}
    total = {f"{key}_{side}": [round(r[key], 2) for r in found[side]] for key in ("seconds", "mb") for side in SIDES}
    ratios = {
        name: round(sum(r[key] for r in found["ours"]) / sum(r[key] for r in found["peer"]), 3)
        for name, key in (("ratio", "seconds"), ("memory_ratio", "mb"))
    }
    print(json.dumps({"bench": "trunk", **sizes, **total, "difference": worst, **ratios}))


if __name__ == "__main__":
    main()
