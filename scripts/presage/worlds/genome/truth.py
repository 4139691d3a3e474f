"""The world's rule and what it expects, from settings and seed alone: all data are drawn from this."""

import zlib
from dataclasses import dataclass

import numpy as np

from presage.config.genome_world import GenomeWorld
from presage.worlds.genome.expression import Expectation, expect
from presage.worlds.genome.grammar import Oracle, make_motifs, make_states
from presage.worlds.genome.layout import Layout, make_layout


@dataclass(frozen=True)
class Difficulty:
    """What ``difficulty`` changes."""

    strength: float  # of all factors
    purity: float  # main base's probability in a motif
    dispersion: float  # of molecules per gene and cell
    bulk: float  # depth of bulk


DIFFICULTIES = {"standard": Difficulty(1.0, 0.97, 0.15, 1.0), "hard": Difficulty(0.8, 0.90, 0.5, 0.25)}


@dataclass(frozen=True)
class Truth:
    """A genome, the oracle that reads it, and what the oracle expects of it."""

    layout: Layout
    rule: Oracle
    expectation: Expectation


def make_truth(settings: GenomeWorld, seed: int) -> Truth:
    """The genome, its grammar and its expected activity. ``Truth.rule`` is the oracle of the world."""
    level = DIFFICULTIES[settings.difficulty]
    motifs = make_motifs(stream(seed, "motifs"), level.purity)
    states = make_states(level.strength, settings.gradient, blend=settings.blend, disease=bool(settings.diseased))
    rule = Oracle(motifs, states)
    layout = make_layout(settings.chromosomes, settings.gene_spacing_bp, motifs, stream(seed, "layout"))
    return Truth(layout, rule, expect(layout, rule, stream(seed, "genes")))


def stream(seed: int, part: str) -> np.random.Generator:
    """The random stream of one part, so that a change of one part leaves the others as they are."""
    return np.random.default_rng([seed, zlib.crc32(part.encode())])
