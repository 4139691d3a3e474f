"""The matched null: like the variants in everything that is matched, and away from them."""

from collections import Counter

import numpy as np
import pandas as pd
import pysam
import pytest

from presage.sequence.genome import Genome
from presage.sequence.variants.alleles import Variant
from presage.sequence.variants.matched_null import _keys, change_of, draw_null
from presage.sequence.variants.places import Places

LENGTHS = {"chr1": 60_000, "chr2": 30_000}
WINDOWS = pd.DataFrame(
    {
        "chrom": ["chr1", "chr1", "chr2"],
        "out_start": [0, 30_000, 0],
        "out_end": [30_000, 60_000, 30_000],
        "fold": ["train", "test", "valid"],
    }
)
GENES = pd.DataFrame(
    {
        "gene_id": ["a", "b", "c"],
        "chrom": ["chr1", "chr1", "chr2"],
        "strand": ["+", "-", "+"],
        "tss": [10_000, 45_000, 15_000],
    }
)
BLACK = pd.DataFrame({"chrom": ["chr1"], "start": [10_000], "end": [12_000]})
NOTHING = BLACK.iloc[:0]


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    path, rng = tmp_path_factory.mktemp("genome") / "g.fa", np.random.default_rng(0)
    path.write_text("".join(f">{name}\n{''.join(rng.choice(list('ACGT'), n))}\n" for name, n in LENGTHS.items()))
    pysam.faidx(str(path))
    return Genome(path)


def text_of(genome, chrom, start, end):
    return "".join("ACGTN"[code] for code in genome.codes(chrom, start, end))


def some(genome, number=40, seed=1):
    """SNVs, and every fifth an insertion or a deletion, on both contigs."""
    rng, found = np.random.default_rng(seed), []
    for i in range(number):
        chrom = ("chr1", "chr2")[i % 2]
        pos = int(rng.integers(100, LENGTHS[chrom] - 100))
        ref = text_of(genome, chrom, pos, pos + 1)
        alt = str(rng.choice([b for b in "ACGT" if b != ref]))
        if i % 10 == 3:
            alt = ref + "ACG"
        if i % 10 == 8:
            ref, alt = text_of(genome, chrom, pos, pos + 3), ref
        found.append(Variant("", chrom, pos, ref, alt, i))
    return [v for v in found if v.kind == "snv" or v.ref[-1] != v.alt[-1]]


def draw(variants, genome, black=NOTHING, **more):
    settings = {"each": 3, "most": 1000, "apart": 200, "seed": 5, **more}
    return draw_null(variants, genome, Places(WINDOWS, GENES), black, **settings)


def test_what_is_drawn_is_matched(genome):
    variants = some(genome)
    drawn = draw(variants, genome)
    assert drawn.asked == 3 * len(variants) == len(drawn.variants) == sum(drawn.relaxed.values())
    places = Places(WINDOWS, GENES)
    want, have = (Counter(_keys(v, genome, places)) for v in (variants, drawn.variants))
    exact = sum((have & Counter({key: 3 * n for key, n in want.items()})).values())
    assert exact >= drawn.relaxed["nothing"] > 0.5 * drawn.asked
    # Whatever had to be given up: substitutions and kinds are those of the variants.
    plain = lambda keys: Counter(k[0][k[0].index("[") :][:5] if "[" in k[0] else k[0] for k in keys.elements())  # noqa: E731
    assert plain(have) == Counter({change: 3 * n for change, n in plain(want).items()})


def test_every_allele_is_of_the_genome_and_away_from_the_variants(genome):
    variants = some(genome)
    drawn = draw(variants, genome, BLACK).variants
    assert len({(v.chrom, v.pos, v.ref, v.alt) for v in drawn}) == len(drawn)
    for v in drawn:
        assert text_of(genome, v.chrom, v.pos, v.pos + len(v.ref)) == v.ref and v.ref != v.alt
        assert v.name == f"{v.chrom}:{v.pos + 1}:{v.ref}:{v.alt}"
        assert not (v.chrom == "chr1" and v.pos < 12_000 and v.pos + len(v.ref) > 10_000)
        assert all(
            v.chrom != o.chrom or v.pos - o.pos - len(o.ref) >= 200 or o.pos - v.pos - len(v.ref) >= 200
            for o in variants
        )
    order = [(list(LENGTHS).index(v.chrom), v.pos) for v in drawn]
    assert order == sorted(order)


def test_seeded_and_limited(genome):
    variants = some(genome)
    assert draw(variants, genome) == draw(variants, genome) != draw(variants, genome, seed=6)
    assert len(draw(variants, genome, most=17).variants) == 17
    assert draw([], genome).variants == []


def test_a_demand_that_cannot_be_met_is_given_up_and_told(genome):
    """The only gene is far from everything but a blacklisted stretch: distance goes first, the rest stays."""
    genes = pd.DataFrame({"gene_id": ["a"], "chrom": ["chr1"], "strand": ["+"], "tss": [11_000]})
    pos = 11_000
    ref = text_of(genome, "chr1", pos, pos + 1)
    variant = Variant("", "chr1", pos, ref, "A" if ref != "A" else "C", 1)
    places = Places(WINDOWS, genes)
    drawn = draw_null([variant], genome, places, BLACK, each=5, most=100, apart=10, seed=1)
    assert drawn.relaxed == {"distance": 5}
    keys = _keys([variant, *drawn.variants], genome, places)
    assert len({key[:2] for key in keys}) == 1 and all(key[2] != keys[0][2] for key in keys[1:])


def test_the_same_change_on_either_strand(genome):
    at = next(p for p in range(100, 5000) if text_of(genome, "chr1", p, p + 3) == "ACG")
    back = next(p for p in range(100, 50_000) if text_of(genome, "chr1", p, p + 3) == "CGT")
    forward, reverse = Variant("", "chr1", at + 1, "C", "T", 1), Variant("", "chr1", back + 1, "G", "A", 1)
    assert change_of(forward, genome) == change_of(reverse, genome) == "A[C>T]G"
    assert change_of(Variant("", "chr1", at, "AC", "A", 1), genome) == "deletion 2 1"
