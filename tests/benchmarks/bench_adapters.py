"""A training step of each adapter: seconds and memory, against full fine-tuning and against peft on borzoi-pytorch.

``python tests/benchmarks/bench_adapters.py [--context BP] [--dim N] [--depth N] [--steps N] [--threads N]`` runs each
in a process of its own on the same sequence, widths (the published tower) and number of tracks, and prints the median
step, what the step needed beyond the model, and ratios; the last line is one JSON object. Norms of the frozen trunk
are in eval mode on both sides.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

TRACKS, BATCH, HEADS, KEY, VALUE = 10, 1, 8, 64, 192
PEERS = {
    "lora": {"r": 8, "lora_alpha": 16, "target_modules": ["to_q", "to_v"]},
    "dora": {"r": 8, "lora_alpha": 16, "target_modules": ["to_q", "to_v"], "use_dora": True},
    "ia3": {
        "target_modules": r".*transformer.*(to_k|to_v|fn\.4)",
        "feedforward_modules": r".*transformer.*fn\.4",
    },
    "full": {},
}


def ours(kind: str, context: int, dim: int, depth: int) -> Any:
    """presage's trunk with the adapter and a head."""
    import numpy as np

    from presage.config.adapt import AdaptRun
    from presage.sequence.adapters import attach
    from presage.sequence.model.heads import Head
    from presage.sequence.model.sequence_model import SequenceModel
    from presage.sequence.trunk.borzoi import new_trunk
    from presage.sequence.trunk.presets import BORZOI

    widths = (*BORZOI.tower_widths[:-1], dim)
    trunk = new_trunk(BORZOI.model_copy(update={"context": context, "crop": 0, "tower_widths": widths, "depth": depth}))
    attach(trunk, AdaptRun(name=kind, kind=kind))
    return SequenceModel(trunk, Head(trunk.width, TRACKS), [f"t{i}" for i in range(TRACKS)], np.arange(TRACKS)).train()


def peer(kind: str, context: int, dim: int, depth: int) -> Any:
    """borzoi-pytorch with peft's adapter and a head of as many tracks."""
    import peft
    import torch
    from borzoi_pytorch import Borzoi
    from borzoi_pytorch.config_borzoi import BorzoiConfig

    config = BorzoiConfig(
        dim=dim, depth=depth, heads=HEADS, attn_dim_key=KEY, attn_dim_value=VALUE, bins_to_return=context // 32
    )
    model = Borzoi(config)
    model.human_head = torch.nn.Conv1d(1920, TRACKS, 1)
    forward, settings = model.forward, PEERS[kind]
    model.forward = lambda x: forward(x).transpose(1, 2)
    if kind == "full":
        return model.eval()
    make = peft.IA3Config if kind == "ia3" else peft.LoraConfig
    adapted = peft.get_peft_model(model, make(**settings, modules_to_save=["human_head"]))
    return adapted.base_model.model.eval()


def measure(side: str, kind: str, args: argparse.Namespace) -> None:
    """Steps of one side, in this process, as JSON: median seconds, memory beyond the model in MB, what is trained."""
    import torch

    from presage.sequence.training.losses import poisson_multinomial
    from tests.benchmarks.measure import tree_rss

    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    model = {"ours": ours, "peft": peer}[side](kind, args.context, args.dim, args.depth)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-5)
    x = torch.nn.functional.one_hot(torch.randint(0, 4, (BATCH, args.context)), 4).float().transpose(1, 2).contiguous()
    y = torch.rand(BATCH, args.context // 32, TRACKS)

    def step() -> float:
        start = time.perf_counter()
        optimizer.zero_grad()
        poisson_multinomial(model(x), y, 0.2).mean().backward()
        optimizer.step()
        return time.perf_counter() - start

    before, peak, ended = tree_rss(os.getpid()), 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not ended.wait(0.01):
            peak = max(peak, tree_rss(os.getpid()))

    watcher = threading.Thread(target=watch)
    watcher.start()
    seconds = [step() for _ in range(args.steps + 1)][1:]
    ended.set()
    watcher.join()
    head = TRACKS * 1921
    print(
        json.dumps(
            {
                "seconds": statistics.median(seconds),
                "mb": (peak - before) / 1e6,
                "adapter": sum(p.numel() for p in trained) - head,
                "model": sum(p.numel() for p in model.parameters()),
            }
        )
    )


def main() -> None:
    """Each kind on our side, and on the peer's where it has it."""
    from presage.sequence.adapters import KINDS

    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("--context", 16_384), ("--dim", 512), ("--depth", 4), ("--steps", 5), ("--threads", 2)):
        parser.add_argument(name, type=int, default=default)
    parser.add_argument("--kinds", nargs="+", default=["probe", *KINDS])
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        measure(*args.measure, args)
        return
    size = [
        word
        for name in ("context", "dim", "depth", "steps", "threads")
        for word in (f"--{name}", f"{getattr(args, name)}")
    ]

    def run(side: str, kind: str) -> dict[str, float]:
        done = subprocess.run(
            [sys.executable, __file__, *size, "--measure", side, kind], capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(f"{side} {kind} failed:\n{done.stderr}")
        return json.loads(done.stdout.splitlines()[-1])

    full = run("ours", "full")
    print(
        f"{'':16}{'trainable':>12}{'s/step':>9}{'MB':>8}{'of full':>9}{'peft s':>9}{'peft MB':>9}{'ratio':>7}{'MB':>6}"
    )
    ratios: dict[str, Any] = {}
    for kind in args.kinds:
        own = full if kind == "full" else run("ours", kind)
        of_full = own["seconds"] / full["seconds"]
        line = f"{kind:16}{own['adapter']:12,.0f}{own['seconds']:9.2f}{own['mb']:8.0f}{of_full:9.2f}"
        ratios[f"{kind}_to_full"] = round(of_full, 3)
        ratios[f"{kind}_mb_to_full"] = round(own["mb"] / full["mb"], 3)
        if kind in PEERS:
            other = run("peft", kind)
            ratios[f"{kind}_to_peft"] = round(own["seconds"] / other["seconds"], 3)
            ratios[f"{kind}_mb_to_peft"] = round(own["mb"] / other["mb"], 3)
            line += f"{other['seconds']:9.2f}{other['mb']:9.0f}"
            line += f"{ratios[f'{kind}_to_peft']:7.2f}{ratios[f'{kind}_mb_to_peft']:6.2f}"
            if kind != "full" and other["adapter"] != own["adapter"]:
                sys.exit(f"{kind}: {other['adapter']} trainable parameters in peft, {own['adapter']} here")
        print(line, flush=True)
    sizes = {name: getattr(args, name) for name in ("context", "dim", "depth", "steps", "threads")}
    print(json.dumps({"bench": "adapters", **sizes, **ratios}))


if __name__ == "__main__":
    main()
