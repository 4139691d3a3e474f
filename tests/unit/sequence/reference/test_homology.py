"""presage.sequence.reference.homology: k-mers against a plain loop, planted copies found, random sequence not."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presage.sequence.reference import homology
from presage.sequence.reference.genome import prepare_fasta
from presage.sequence.reference.homology import K, canonical, homologous, sketches

OUT = 4000


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 4), max_size=60))
def test_canonical_kmers_are_what_a_loop_says(codes):
    kmers, valid = canonical(np.array(codes, dtype=np.uint8))
    assert len(kmers) == len(valid) == max(0, len(codes) - K + 1)
    for i, (kmer, known) in enumerate(zip(kmers, valid)):
        letters = codes[i : i + K]
        assert known == (4 not in letters)
        if known:
            forward = int("".join(map(str, letters)), 4)
            reverse = int("".join(str(3 - x) for x in reversed(letters)), 4)
            assert kmer == min(forward, reverse)


def random_bases(rng, n):
    return "".join(rng.choice(list("ACGT"), n))


def mutated(rng, bases, identity):
    hit = rng.random(len(bases)) > identity
    return "".join("ACGT"[("ACGT".index(b) + rng.integers(1, 4)) % 4] if h else b for b, h in zip(bases, hit))


def pairs_of(tmp_path, contigs, max_share, folds, out=OUT):
    """Homologous pairs of windows that tile the contigs; ``folds`` by contig."""
    (tmp_path / "h.fa").write_text("".join(f">{name}\n{bases}\n" for name, bases in contigs.items()))
    genome = prepare_fasta(tmp_path / "h.fa", tmp_path / "genome.fa")
    rows = [(name, s, s + out, folds[name]) for name, b in contigs.items() for s in range(0, len(b) - out + 1, out)]
    windows = pd.DataFrame(rows, columns=["chrom", "out_start", "out_end", "fold"])
    return homologous(windows, genome, max_share), windows, genome


COMPLEMENT = str.maketrans("ACGT", "TGCA")


@pytest.mark.parametrize("reverse", [False, True])
def test_planted_copies_are_found_on_either_strand_and_random_sequence_is_not(tmp_path, reverse):
    rng = np.random.default_rng(0)
    train, held = random_bases(rng, 10 * OUT), random_bases(rng, 5 * OUT)
    copy = train[2 * OUT : 3 * OUT]
    copy = copy[::-1].translate(COMPLEMENT) if reverse else copy
    held = held[:OUT] + mutated(rng, copy, 0.97) + held[2 * OUT :]
    folds = {"t": "train", "h": "test"}
    pairs, _, _ = pairs_of(tmp_path, {"t": train, "h": held}, 0.2, folds)
    assert pairs[["train", "held"]].to_numpy().tolist() == [[2, 11]]
    assert pairs["share"].iloc[0] == pytest.approx(0.97**K, abs=0.1)
    held = random_bases(rng, 5 * OUT)
    assert not len(pairs_of(tmp_path, {"t": train, "h": held}, 0, folds)[0])


def test_the_share_is_of_the_smaller_of_both(tmp_path):
    """A window that is mostly unknown, and lies wholly inside another, is a copy of it."""
    rng = np.random.default_rng(1)
    train = random_bases(rng, OUT)
    held = train[:800] + "N" * (OUT - 800)
    pairs, _, _ = pairs_of(tmp_path, {"t": train, "h": held}, 0.9, {"t": "train", "h": "valid"})
    assert pairs["share"].tolist() == [1]


def test_masked_sequence_and_repeats_are_not_looked_at(tmp_path):
    rng = np.random.default_rng(2)
    train, held = random_bases(rng, OUT), random_bases(rng, OUT)
    folds = {"t": "train", "h": "test"}
    masked = train[:1000] + held[1000:3000].lower() + train[3000:]
    assert not len(pairs_of(tmp_path, {"t": masked, "h": held}, 0.05, folds)[0])
    element = random_bases(rng, 30)
    repeats = {"t": element * 130 + train[3900:], "h": held[:2000] + element * 60 + held[3800:]}
    assert not len(pairs_of(tmp_path, repeats, 0.01, folds)[0])


def test_blocks_and_chunks_change_nothing(tmp_path, monkeypatch):
    rng = np.random.default_rng(3)
    train = random_bases(rng, 6 * OUT)
    held = mutated(rng, train, 0.98)
    folds = {"t": "train", "h": "test"}
    whole, windows, genome = pairs_of(tmp_path, {"t": train, "h": held}, 0.1, folds)
    assert whole["train"].tolist() == list(range(6)) and whole["held"].tolist() == list(range(6, 12))
    monkeypatch.setattr(homology, "_BLOCK", 100)
    monkeypatch.setattr(homology, "_CHUNK", 997)
    pd.testing.assert_frame_equal(homologous(windows, genome, 0.1), whole)


def test_windows_beside_the_genome_and_no_windows_are_safe(tmp_path):
    rng = np.random.default_rng(4)
    bases = {"t": random_bases(rng, OUT), "h": random_bases(rng, OUT)}
    _, windows, genome = pairs_of(tmp_path, bases, 0, {"t": "train", "h": "test"})
    assert not len(homologous(windows.assign(chrom="none"), genome, 0))
    assert not len(homologous(windows.iloc[:0], genome, 0))


def test_real_segmental_duplications_are_found(real_data, tmp_path):
    """The first megabase of hg38 is largely copies of itself: half of its windows of 8 kb have a near copy in it."""
    genome = prepare_fasta(real_data / "mini_borzoi/hg38_chr1_1m.fa.gz", tmp_path / "genome.fa")
    start = np.arange(0, 1_000_000 - 8192 + 1, 8192)
    windows = pd.DataFrame({"chrom": "chr1", "out_start": start, "out_end": start + 8192})
    known = np.unique(sketches(windows, genome)[0])
    windows["fold"] = np.where(np.arange(len(start)) % 2, "train", "test")
    training = (known % 2 == 1).sum()
    alike = {share: homologous(windows, genome, share)["train"].nunique() for share in (0.1, 0.2, 0.5)}
    assert training > 50
    assert 0.45 < alike[0.5] / training <= alike[0.2] / training <= alike[0.1] / training < 0.7
