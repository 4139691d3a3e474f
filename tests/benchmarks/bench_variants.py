"""Scoring variants against bare forward passes of the same sequences, on the real mini-Borzoi.

``python tests/benchmarks/bench_variants.py [--variants N] [--repeats N] [--threads N]`` scores SNVs of the published
chr1 start, several to a window, on both strands, once through the whole step (dense: reading sites, building sequences,
scores, gene scores, tables) and once as nothing but the model on the very same one-hot batches. They take turns. Its
last line is one JSON object, in which ``overhead`` is the step's time to the bare one's, minus 1.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT)]
BATCH = 4


def sites(path: Path, genome, count: int) -> None:
    """SNVs 50 bp apart, with one window for each ten."""
    from presage import tables
    from presage.sequence.variants.alleles import decode

    rows = []
    for i in range(count):
        pos = 300_000 + 4096 * (i // 10) + 50 * (i % 10)
        ref = decode(genome.codes("chr1", pos, pos + 1))
        alt = "A" if ref != "A" else "C"
        rows.append((i, f"chr1:{pos + 1}:{ref}:{alt}", "chr1", pos, ref, alt, "snv", i + 1, "outside", None, None))
    frame = pd.DataFrame(rows, columns=tables.SCHEMAS["sites"].names)
    tables.write(path, "sites", frame.astype({"tss_distance": "Int64"}))


def main() -> None:
    """Measure and print."""
    import torch
    from tqdm import tqdm

    from presage import data_registry
    from presage.sequence.model.keras import load_keras_h5
    from presage.sequence.reference.genome import prepare_fasta
    from presage.sequence.targets.target_set import onehot
    from presage.sequence.variants.part import read_variants, score_share
    from presage.sequence.variants.scorer import Scorer

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--variants", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    folder = (data_registry.mirror() or ROOT / "resources/public/folders") / "mini_borzoi"
    if not folder.is_dir():
        sys.exit(f"error: {folder} is missing: run `make real` once, or set PRESAGE_DATA_MIRROR")
    model = load_keras_h5(folder / "model.h5", folder / "params.json", folder / "targets.txt")
    tracks = pd.DataFrame({"slug": model.tracks, "cell_type": "x", "assay": "track", "strand": "."})
    with tempfile.TemporaryDirectory() as place:
        genome = prepare_fasta(folder / "hg38_chr1_1m.fa.gz", Path(place) / "genome.fa")
        table = Path(place) / "sites.parquet"
        sites(table, genome, given.variants)
        scorer = Scorer([model], genome, sparse=False, step=4096)
        out = {key: Path(place) / key for key in ("effects", "genes")}
        batches = [batch for reverse in (False, True) for batch in sequences(scorer, read_variants(table), reverse)]
        rivals: dict[str, Callable[[], object]] = {
            "bare": lambda: [bare(model, torch.from_numpy(onehot(batch))) for batch in batches],
            "step": lambda: score_share(table, (0, given.variants), scorer, tracks, None, out, batch_size=BATCH),
        }
        seconds: dict[str, list[float]] = {name: [] for name in rivals}
        for _ in tqdm(range(given.repeats), disable=not sys.stderr.isatty()):
            for name, run in rivals.items():
                start = time.perf_counter()
                run()
                seconds[name].append(time.perf_counter() - start)
    best = {name: min(values) for name, values in seconds.items()}
    count = sum(len(batch) for batch in batches)
    print(f"{given.variants} SNVs, {count} sequences of {scorer.context:,} bp, {given.threads} thread(s)")
    print(f"{'':<28}{'seconds':>9}{'a sequence':>12}")
    for name, label in (("bare", "model alone"), ("step", "the step, dense")):
        print(f"{label:<28}{best[name]:>9.2f}{best[name] / count:>12.3f}")
    overhead = best["step"] / best["bare"] - 1
    print(f"{'overhead':<28}{overhead:>9.1%}")
    print(json.dumps({"bench": "variants", "variants": given.variants, "sequences": count, "overhead": overhead}))


def bare(model, batch):
    """Nothing but the model."""
    import torch

    with torch.inference_mode():
        return model(batch)


def sequences(scorer, variants, reverse: bool) -> list[np.ndarray]:
    """The batches that the step gives to the model: each window's reference, then its alternatives."""
    from presage.sequence.variants.sequences import build

    batches = []
    for start, group in scorer.grouped(variants, 1024):
        alternatives = [build(one, scorer.genome, start, scorer.context) for one in group]
        batches.append(alternatives[0].ref[None])
        codes = np.stack([one.left for one in alternatives])
        batches += [codes[i : i + BATCH] for i in range(0, len(codes), BATCH)]
    turn = lambda codes: np.where(codes < 4, 3 - codes, codes)[:, ::-1]  # noqa: E731
    return [np.ascontiguousarray(turn(batch)) if reverse else batch for batch in batches]


if __name__ == "__main__":
    main()
