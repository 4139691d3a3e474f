"""What tangermeme's seqlet caller and memelite's Tomtom give for made-up input, kept in ``peers.json``.

Both compile for a minute or two when they first run, so the tests read the file. To make it again:
``PYTHONPATH=scripts:. python -m tests.unit.sequence.mutagenesis.peers``
"""

import json
from pathlib import Path

import numpy as np

from presage.sequence.mutagenesis.meme import Motif

FILE = Path(__file__).with_name("peers.json")
THRESHOLDS = (0.01, 0.05)


def attributions() -> list[np.ndarray]:
    """Noise with a few raised stretches, float64 [150] each."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(6):
        values = rng.laplace(size=150) * 0.05
        for start in rng.integers(5, 130, 4):
            values[start : start + rng.integers(5, 12)] += rng.random()
        found.append(values)
    return found


def motifs() -> list[Motif]:
    """Sixty motifs of 6 to 13 bp."""
    rng = np.random.default_rng(1)
    return [Motif(str(i), rng.dirichlet(np.ones(4) * 0.3, int(rng.integers(6, 14)))) for i in range(60)]


def queries() -> list[np.ndarray]:
    """Sites of the first eight motifs on alternating strands, half of them cut short, two bases before each."""
    rng = np.random.default_rng(2)
    found = []
    for i, motif in enumerate(motifs()[:8]):
        site = motif.probabilities.argmax(axis=1)
        site = site if i % 2 else 3 - site[::-1]
        codes = np.concatenate([rng.integers(0, 4, 2), site])
        found.append(np.eye(4)[codes[: 5 + 2 * i] if i < 4 else codes])
    return found


def main() -> None:
    """Ask both peers."""
    import memelite
    import tangermeme
    from tangermeme.seqlet import recursive_seqlets

    columns = ["start", "end", "attribution", "p-value"]
    seqlets = [
        [recursive_seqlets(values[None], threshold=p)[columns].to_numpy().tolist() for p in THRESHOLDS]
        for values in attributions()
    ]
    targets = [motif.probabilities.T for motif in motifs()]
    p, _, _, _, strands = memelite.tomtom([query.T for query in queries()], targets, n_target_bins=None, n_jobs=1)
    made = {
        "tangermeme": tangermeme.__version__,
        "memelite": memelite.__version__,
        "seqlets": seqlets,
        "p": p.tolist(),
        "strands": strands.tolist(),
    }
    FILE.write_text(json.dumps(made) + "\n")


if __name__ == "__main__":
    main()
