"""Simulated 10x ATAC fragments: peaks and background, nucleosomes, heavy-tailed cells. Sorted, bgzipped, indexed."""

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pysam

from tests.benchmarks.tenx import World, draw_barcodes, make_world, write_world

PEAKS, IN_PEAKS, PEAK_BP = 10_000, 0.45, 400
_SIZES = ((0.6, 40, 8.0), (0.3, 180, 12.0), (0.1, 360, 15.0))  # share, least bp and spread: open, mono-, dinucleosome


def make_fragments(folder: Path, fragments: int, seed: int = 0) -> Path:
    """``folder/fragments_<n>.tsv.gz`` with its index, beside the world's files; kept if there."""
    path = folder / f"fragments_{fragments}_{seed}.tsv.gz"
    if not Path(f"{path}.tbi").exists():
        world = make_world(seed)
        write_world(folder, world)
        write_fragments(path, world, fragments, seed)
    return path


def write_fragments(path: Path, world: World, fragments: int, seed: int) -> None:
    """A fragments file with ``.tbi``; no two lines have the same place and cell."""
    rng = np.random.default_rng([seed, 3, fragments])
    sizes = np.array(list(world.lengths.values()))[:-1]  # few fragments of chrM reach a fragments file
    edges = np.concatenate([[0], np.cumsum(sizes)])
    peaks = rng.integers(0, edges[-1], PEAKS)
    height = rng.lognormal(0, 1.2, PEAKS)
    peak = peaks[np.searchsorted(np.cumsum(height / height.sum())[:-1], rng.random(fragments))]
    within = rng.normal(0, PEAK_BP / 2, fragments).astype(np.int64)
    at = np.where(rng.random(fragments) < IN_PEAKS, peak + within, rng.integers(0, edges[-1], fragments))
    kind = rng.choice(len(_SIZES), fragments, p=[share for share, _, _ in _SIZES])
    least, spread = (np.array(column)[kind] for column in list(zip(*_SIZES))[1:])
    length = least + rng.gamma(2, spread).astype(np.int64)
    contig = np.clip(np.searchsorted(edges, at, side="right") - 1, 0, len(sizes) - 1)
    start = np.clip(at - edges[contig], 0, sizes[contig] - length)
    cell = draw_barcodes(fragments, rng)
    rows = np.unique(np.stack([contig, start, start + length, cell], axis=1), axis=0)
    names = [row.tobytes().decode() for row in world.barcodes]
    with pysam.BGZFile(str(path), "wb") as out:
        out.write(b"# simulated by presage's benchmarks\n")
        for number, name in enumerate(world.lengths):
            _, first, last, who = rows[rows[:, 0] == number].T
            copies = rng.geometric(0.5, len(first))
            barcode = pa.DictionaryArray.from_arrays(who, names).dictionary_decode()
            columns = [
                pa.array([name] * len(first), pa.string()),
                *map(pa.array, (first, last)),
                barcode,
                pa.array(copies),
            ]
            text = io.BytesIO()
            style = pyarrow.csv.WriteOptions(include_header=False, delimiter="\t", quoting_style="none")
            pyarrow.csv.write_csv(pa.table(columns, names=list("abcde")), text, style)
            out.write(text.getvalue())
    pysam.tabix_index(str(path), preset="bed", force=True)
