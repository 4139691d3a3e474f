"""The planted regulatory grammar and its oracle: from sequence to expected activity in each cell state.

A factor occupies a site by a logistic function of the site's PWM score. Occupancy is smoothed over neighbouring sites,
weighted by the factor's activity in the state, and turned into accessibility by a Hill function (power 2), so sites
cooperate and saturate. Everything is a pure function of the sequence, so the true effect of a variant is this rule on
ALT against the rule on REF.

Sequences are uint8 0..3 = A C G T. Activity lives on a grid of ``GRID`` bp.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

GRID = 8  # bp
SMOOTHING = 48.0  # bp, standard deviation of the kernel that lets neighbouring sites cooperate
REACH = 160  # bp, how far a changed base can matter: the kernel is cut at 3 sd, plus a motif's width
HILL_MIDPOINT = 1.8  # drive of half the activity; a little more than one good site of a strong factor
FLOOR = 0.2  # how smoothly the drive ends at 0
MIDPOINT_BELOW_CONSENSUS, SCORE_SCALE = 2.7, 0.55  # nats

CELL_TYPES = ("alpha", "beta", "gamma", "delta", "epsilon", "rare")
FACTORS = ("UBI", "ALF", "BEF", "GAF", "DEF", "REP", "EPF", "RAF")
REPRESSOR = "REP"
DECOYS = ("DECOY1", "DECOY2", "DECOY3")
# Rows are cell types, columns factors. UBI is everywhere, REP represses, RAF is strong in the rare type alone.
FACTOR_ACTIVITY = np.array(
    [
        [0.5, 1.6, 0.0, 0.4, 0.0, -1.0, 0.0, 0.0],
        [0.5, 0.0, 1.6, 0.0, 0.6, 0.0, 0.3, 0.0],
        [0.5, 0.0, 0.0, 1.6, 0.0, -1.0, 0.6, 0.0],
        [0.5, 0.6, 0.0, 0.0, 1.6, 0.0, 0.0, 0.1],
        [0.5, 0.0, 0.8, 0.0, 0.0, -1.0, 1.6, 0.0],
        [0.5, 0.0, 0.0, 0.3, 0.0, 0.0, 0.0, 1.8],
    ]
)
BLEND = "blend"  # a further type, if asked for: between alpha and beta, with no factor of its own
DISEASE = {"EPF": 1.0}  # what diseased cells of every type have on top: a factor that healthy cells of epsilon use
# Cells of these types differ along a gradient that scales one factor.
GRADIENTS = {"alpha": "ALF", "gamma": "GAF"}
GRADIENT_LEVELS = np.array([0.0, 0.25, 0.5, 0.75, 1.0])


@dataclass(frozen=True)
class Motif:
    """A motif as base probabilities, float64 [width, 4]; a decoy has no factor that is active anywhere."""

    name: str
    probabilities: NDArray[np.float64]
    decoy: bool

    @property
    def width(self) -> int:
        return len(self.probabilities)

    @property
    def consensus(self) -> NDArray[np.uint8]:
        return self.probabilities.argmax(axis=1).astype(np.uint8)

    def sample(self, rng: np.random.Generator) -> NDArray[np.uint8]:
        """One site drawn from the PWM."""
        draws = rng.random((self.width, 1)) < self.probabilities.cumsum(axis=1)
        return np.minimum(draws.argmax(axis=1), 3).astype(np.uint8)


@dataclass(frozen=True)
class States:
    """Cell states: a type at one level of its gradient (types without a gradient have one), healthy or diseased."""

    types: tuple[str, ...]
    cell_type: NDArray[np.int64]  # [state], index into types
    gradient: NDArray[np.float64]  # [state], 0..1; 0.5 where the type has none
    activity: NDArray[np.float64]  # [state, factor]
    diseased: NDArray[np.bool_]  # [state]

    def type_means(self) -> NDArray[np.float64]:
        """[type, state] weights that average healthy states to their cell type."""
        weights = (self.cell_type == np.arange(len(self.types))[:, None]) & ~self.diseased
        return weights / weights.sum(axis=1, keepdims=True)


def make_states(strength: float, gradient: float, *, blend: bool = False, disease: bool = False) -> States:
    """All cell states; ``strength`` scales every factor's activity (1 = standard).

    Along its gradient a factor has 1 - ``gradient`` to 1 + ``gradient`` of its activity. ``blend`` adds a type, and
    ``disease`` a diseased state for each healthy one.
    """
    rows = []
    types = CELL_TYPES + (BLEND,) * blend
    between = FACTOR_ACTIVITY[[CELL_TYPES.index("alpha"), CELL_TYPES.index("beta")]].mean(axis=0)
    for t, cell_type in enumerate(types):
        factor = GRADIENTS.get(cell_type)
        for level in GRADIENT_LEVELS if factor else (0.5,):
            activity = strength * (between if cell_type == BLEND else FACTOR_ACTIVITY[t])
            if factor:
                activity[FACTORS.index(factor)] *= 1 - gradient + 2 * gradient * level
            rows.append((t, level, activity, False))
    if disease:
        more = np.array([strength * DISEASE.get(name, 0.0) for name in FACTORS])
        rows += [(t, level, activity + more, True) for t, level, activity, _ in rows]
    numbers, levels, activities, ill = zip(*rows)
    return States(types, np.array(numbers), np.array(levels), np.stack(activities), np.array(ill))


def make_motifs(rng: np.random.Generator, purity: float) -> list[Motif]:
    """One motif of 9 or 10 bp per factor and decoy, none alike; ``purity`` is the main base's probability."""
    motifs: list[Motif] = []
    for name in FACTORS + DECOYS:
        width = int(rng.integers(9, 11))
        while True:
            consensus = rng.integers(0, 4, width)
            palindromic = (consensus == 3 - consensus[::-1]).mean() > 0.5
            if len(set(consensus)) > 2 and not palindromic and not _alike(consensus, [m.consensus for m in motifs]):
                break
        probabilities = np.full((width, 4), (1 - purity) / 3)
        probabilities[np.arange(width), consensus] = purity
        for j in rng.choice(width, 2, replace=False):  # two positions tolerate a second base
            second = (consensus[j] + rng.integers(1, 4)) % 4
            probabilities[j] = 0.05
            probabilities[j, consensus[j]], probabilities[j, second] = 0.55, 0.35
        motifs.append(Motif(name, probabilities, decoy=name in DECOYS))
    return motifs


def _alike(consensus: NDArray[Any], others: list[NDArray[Any]]) -> bool:
    """Whether any other consensus, on either strand and at any offset, shares more than 6 bases in register."""
    for other in others:
        for oriented in (other, 3 - other[::-1]):
            for shift in range(-3, 4):
                a, b = consensus[max(0, shift) :], oriented[max(0, -shift) :]
                n = min(len(a), len(b))
                if (a[:n] == b[:n]).sum() > 6:
                    return True
    return False


class Oracle:
    """The world's own rule: expected activity of each state for any sequence."""

    def __init__(self, motifs: list[Motif], states: States) -> None:
        self.motifs, self.states = motifs, states
        self._tables = [(m.width, _occupancy_table(m)) for m in motifs if not m.decoy]

    def __call__(self, windows: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Activity, float32 [window, state, length / GRID] in 0..1, of ``windows``, uint8 [window, length].

        The outermost ``REACH`` bp lack the sites outside the window. To be in phase with the genome, a window starts at
        a multiple of GRID. Raises ``ValueError`` for N or a length that is no multiple of GRID.
        """
        n, length = windows.shape
        if length % GRID or (windows > 3).any():
            raise ValueError(f"windows need A C G T only and a length that is a multiple of {GRID}, not {length}")
        occupancy = np.zeros((n, len(self._tables), length // GRID), np.float32)
        codes: dict[int, NDArray[np.int32]] = {}
        for f, (width, table) in enumerate(self._tables):
            if width not in codes:
                codes[width] = _kmer_codes(windows, width)
            sites = np.zeros((n, length), np.float32)
            sites[:, width // 2 : width // 2 + length - width + 1] = table[codes[width]]
            occupancy[:, f] = sites.reshape(n, -1, GRID).sum(axis=2)
        sd = SMOOTHING / GRID
        together = gaussian_filter1d(occupancy, sd, axis=2, mode="constant", truncate=3.0) * (sd * np.sqrt(2 * np.pi))
        drive = np.einsum("sf,nfx->nsx", self.states.activity.astype(np.float32), together, optimize=True)
        drive = (drive + np.sqrt(drive * drive + np.float32(FLOOR**2))) / 2  # never negative, and smooth at 0
        squared = drive * drive
        return squared / (np.float32(HILL_MIDPOINT**2) + squared)


def oracle(windows: NDArray[np.uint8], rule: Oracle) -> NDArray[np.float32]:
    """Expected activity per cell type, float32 [window, type, length / GRID]: the mean over the type's states."""
    return np.einsum("ts,nsx->ntx", rule.states.type_means().astype(np.float32), rule(windows), optimize=True)


def _kmer_codes(windows: NDArray[np.uint8], width: int) -> NDArray[np.int32]:
    """Base-4 number of the k-mer that starts at each position, int32 [window, length - width + 1]."""
    last = windows.shape[1] - width + 1
    codes = np.zeros((windows.shape[0], last), np.int32)
    for j in range(width):
        codes *= 4
        codes += windows[:, j : j + last]
    return codes


def _occupancy_table(motif: Motif) -> NDArray[np.float32]:
    """Occupancy of every k-mer of the motif's width, the better strand counting."""
    forward = np.zeros(1)
    backward = np.zeros(1)
    log_p = np.log(motif.probabilities)
    for j in range(motif.width):
        forward = (forward[:, None] + log_p[j]).ravel()
        backward = (backward[:, None] + log_p[motif.width - 1 - j, ::-1]).ravel()
    score = np.maximum(forward, backward) - log_p.max(axis=1).sum()
    return (1 / (1 + np.exp(-(score + MIDPOINT_BELOW_CONSENSUS) / SCORE_SCALE))).astype(np.float32)
