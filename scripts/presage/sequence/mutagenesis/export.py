"""Importance of a region for other programs: bigWig for a genome browser, arrays for TF-MoDISco."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from presage.sequence.mutagenesis.seqlets import importance
from presage.sequence.reference.genome import encode


def write_bigwigs(folder: str | Path, table: pd.DataFrame, lengths: Mapping[str, int]) -> list[Path]:
    """Write ``<track>.bw`` into ``folder``: importance at each base of an `ism` table, without a value elsewhere.

    ``lengths``: contigs of the genome and bp.
    """
    import pyBigWig

    folder, files = Path(folder), []
    folder.mkdir(parents=True, exist_ok=True)
    for track, rows in table.groupby("track", sort=False):
        held = importance(rows)
        files.append(folder / f"{track}.bw")
        bigwig = pyBigWig.open(str(files[-1]), "w")
        bigwig.addHeader(list(lengths.items()))
        starts = held.index.to_numpy(np.int64)
        chroms = [str(rows["chrom"].iloc[0])] * len(held)
        bigwig.addEntries(chroms, starts.tolist(), ends=(starts + 1).tolist(), values=held.tolist())
        bigwig.close()
    return files


def arrays(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """The arrays that TF-MoDISco reads, float32 ``[1, L, 4]``: ``one_hot``, and ``hypothetical/<track>`` for each.

    L runs over every base from the first to the last of an `ism` table; one that is N in the genome is all 0. The
    hypothetical contribution of a base is the effect of putting it there, less the mean over the four bases at that
    position (the base of the genome has effect 0): times ``one_hot`` it is 3/4 of the importance. Deletions do not
    enter.
    """
    table = table[table["alt"] != "-"]
    positions = np.arange(table["pos"].min(), table["pos"].max() + 1) if len(table) else np.arange(0)
    row = np.searchsorted(positions, table["pos"])
    one_hot = np.zeros((1, len(positions), 4), np.float32)
    one_hot[0, row, encode("".join(table["ref"]))] = 1
    found = {"one_hot": one_hot}
    for track, rows in table.groupby("track", sort=False):
        effect = np.zeros((len(positions), 4))
        effect[np.searchsorted(positions, rows["pos"]), encode("".join(rows["alt"]))] = rows["log_fc"]
        found[f"hypothetical/{track}"] = (effect - effect.mean(axis=1, keepdims=True)).astype(np.float32)[None]
    return found
