"""Effects against a slow second way, on every kind of variant, strand, shift and window."""

import math

import numpy as np
import pandas as pd
import pytest
import torch

from presage.sequence.targets.scaling import Scale
from presage.sequence.variants.alleles import Variant
from presage.sequence.variants.effects import effects
from presage.sequence.variants.scorer import Scorer
from tests.unit.sequence.variants.cases import SLUGS, random_genome, small_model
from tests.unit.sequence.variants.slow import BIN, LENGTH, edges, profiles, slow_effects


def cases(text):
    """SNVs, MNVs, indels short and long, inside and at both ends of the contig, beside N."""
    flip = str.maketrans("ACGT", "CATG")
    n = len(text)
    yield from ((p, text[p], text[p].translate(flip)) for p in (0, 1, 137, 299, n - 1))
    yield 150, text[150:154], text[150:154].translate(flip)
    yield 90, text[90], text[90] + "G"
    yield 91, text[91], text[91] + "ACGTTGCAAGTCCA" * 3
    yield 0, text[0], text[0] + "TT"
    yield 120, text[120:122], text[120]
    yield 160, text[160:199], text[160]
    yield 160, text[160:199], "GATTACA"
    yield n - 5, text[n - 5 :], text[n - 5]
    yield 0, text[:30], text[0]


def close(found, slow, message=""):
    np.testing.assert_allclose(found, slow, rtol=0, atol=1e-5 * max(1, np.abs(slow).max()), err_msg=message)


@pytest.mark.parametrize("rc", [True, False])
@pytest.mark.parametrize("spans", [None, [None, None, 40, 40, 100, 1]])
def test_effects_equal_the_slow_way(tmp_path, rc, spans):
    """Every variant in the middle of its own window."""
    genome, text = random_genome(tmp_path)
    models = [small_model(1), small_model(2)]
    scorer = Scorer(models, genome, rc, 0.5, spans)
    largest = 0.0
    for chrom in text:
        for case in cases(text[chrom]):
            variant = Variant("", chrom, *case, 1)
            assert scorer.window(variant) == variant.pos - LENGTH // 2
            fast = effects(scorer, scorer.window(variant), [variant])
            slow, each = slow_effects(models, text[chrom], *case, rc=rc, pseudocount=0.5, spans=spans)
            for name, values in slow.items():
                close(fast.scores[name][0], values, f"{name} {chrom} {case}")
            close(fast.log_fc[:, 0], each)
            largest = max(largest, np.abs(each).max() if len(case[1]) == len(case[2]) else 0)
    assert largest > 1e-3  # the small models do react, far above the tolerance


def test_variants_that_share_a_window(tmp_path):
    """All of a contig's variants in one window each way, two shifts, in batches that do not divide them."""
    genome, text = random_genome(tmp_path)
    model = small_model(1)
    scorer = Scorer([model], genome, shifts=(0, -3), step=100)
    variants = [Variant("", "chr1", *case, 1) for case in sorted(cases(text["chr1"])) if 100 <= case[0] < 200]
    ((start, group),) = scorer.grouped(variants, 100)
    assert group == variants and len(variants) == 5 and start == 150 - LENGTH // 2
    fast = effects(scorer, start, variants, batch_size=2)
    for i, variant in enumerate(variants):
        case = (variant.pos, variant.ref, variant.alt)
        slow, each = slow_effects([model], text["chr1"], *case, start=start, shifts=(0, -3))
        for name, values in slow.items():
            close(fast.scores[name][i], values, f"{name} {case}")
        close(fast.log_fc[:, i], each)


def test_a_window_holds_its_variants_and_neighbours_share_it(tmp_path):
    genome, text = random_genome(tmp_path)
    scorer = Scorer([small_model(1)], genome, step=8)
    variants = [Variant("", "chr1", p, text["chr1"][p], "A", 1) for p in (0, 7, 8, 9, 15, 16)]
    groups = list(scorer.grouped(variants, 2))
    assert [[v.pos for v in group] for _, group in groups] == [[0, 7], [8, 9], [15], [16]]
    for start, group in groups:
        assert all(abs(v.pos - (start + LENGTH // 2)) <= 4 for v in group)


def test_effects_on_genes_equal_the_slow_way(tmp_path):
    genome, text = random_genome(tmp_path)
    model = small_model(1)
    genes = pd.DataFrame(
        {"start": [100, 20], "end": [200, 60], "exon_starts": [[100, 150], [20]], "exon_ends": [[120, 200], [60]]}
    )
    variant = Variant("", "chr1", 137, text["chr1"][137], "A" if text["chr1"][137] != "A" else "C", 1)
    start = variant.pos - LENGTH // 2
    scorer = Scorer([model], genome, rc=False, pseudocount=0.5, spans=[10] * 6)  # bins of genes lie farther
    found = effects(scorer, start, [variant], genes).genes
    before, after = profiles(model, text["chr1"], variant.pos, variant.ref, variant.alt, start, False)
    for g, gene in genes.iterrows():
        exon = inside(start, list(zip(gene["exon_starts"], gene["exon_ends"])))
        body = inside(start, [(gene["start"], gene["end"])])
        for t in range(len(SLUGS)):
            a, b = (sum(rows[i][t] for i in exon) for rows in (before, after))
            c, d = (sum(rows[i][t] for i in body) / len(body) for rows in (before, after))
            assert float(found.sed[0, 0, g, t]) == pytest.approx(b - a, abs=1e-5)
            assert float(found.log_sed[0, 0, g, t]) == pytest.approx(math.log2((b + 0.5) / (a + 0.5)), abs=1e-5)
            assert float(found.body_log_fc[0, 0, g, t]) == pytest.approx(math.log2((d + 1e-3) / (c + 1e-3)), abs=1e-5)


def inside(start, spans):
    """Numbers of the bins that touch any of these intervals."""
    return [i for i, low in enumerate(edges(start)) if any(low < e and low + BIN > s for s, e in spans)]


def test_a_squash_is_undone_bin_by_bin(tmp_path):
    """With sqrt targets, coverage is (1 + y)^2 - 1 in each bin, and only then summed."""
    genome, text = random_genome(tmp_path)
    model = small_model(1)
    scale = Scale.by_assay(["a"] * 6, {"a": "sqrt"}, {}, {})
    variant = Variant("", "chr1", 137, text["chr1"][137], "A" if text["chr1"][137] != "A" else "C", 1)
    start = variant.pos - LENGTH // 2
    found = effects(Scorer([model], genome, rc=False, scale=scale), start, [variant])
    before, after = profiles(model, text["chr1"], variant.pos, variant.ref, variant.alt, start, False)
    sums = [sum((1 + row[0]) ** 2 - 1 for row in rows) for rows in (before, after)]
    assert found.scores["sad"][0, 0] == pytest.approx(sums[1] - sums[0], abs=1e-4)
    assert found.scores["log_fc"][0, 0] == pytest.approx(math.log2((sums[1] + 1) / (sums[0] + 1)), abs=1e-5)


def test_swapping_ref_and_alt_swaps_the_sign(tmp_path):
    """The effect of ALT over REF in one genome is minus that of REF over ALT in the genome that carries ALT."""
    import pysam

    from presage.sequence.reference.genome import Genome

    genome, text = random_genome(tmp_path)
    alt = "C" if text["chr1"][150] != "C" else "G"
    (tmp_path / "swapped").mkdir()
    fasta = tmp_path / "swapped" / "genome.fa"
    fasta.write_text("".join(f">{c}\n{t[:150] + alt + t[151:] if c == 'chr1' else t}\n" for c, t in text.items()))
    pysam.faidx(str(fasta))
    there, back = (
        Variant("", "chr1", 150, text["chr1"][150], alt, 1),
        Variant("", "chr1", 150, alt, text["chr1"][150], 1),
    )
    scorers = [Scorer([small_model(3)], g) for g in (genome, Genome(fasta))]
    one, other = (effects(s, s.window(v), [v]).scores for s, v in zip(scorers, (there, back)))
    for name in ("log_fc", "sad", "d2", "log_d2", "centre_log_fc"):
        close(one[name], -other[name])
    close(one["js"], other["js"])


def test_models_that_differ_are_refused(tmp_path):
    genome, _ = random_genome(tmp_path)
    other = small_model(2)
    other.tracks = SLUGS[::-1]
    with pytest.raises(ValueError, match="differ"):
        Scorer([small_model(1), other], genome)
    with pytest.raises(ValueError, match="no model"):
        Scorer([], genome)


def test_real_snv_on_the_real_mini_borzoi(real_data, tmp_path):
    """The first published SNV: its window runs 50,860 bp over the start of the real chr1, where it must read N."""
    from presage.sequence.model.keras import load_keras_h5
    from presage.sequence.reference.genome import prepare_fasta

    folder = real_data / "mini_borzoi"
    model = load_keras_h5(folder / "model.h5", folder / "params.json", folder / "targets.txt")
    genome = prepare_fasta(folder / "hg38_chr1_1m.fa.gz", tmp_path / "genome.fa")
    scorer = Scorer([model], genome, rc=False)
    variant = Variant("", "chr1", 14_676, "G", "A", 1)
    found = effects(scorer, scorer.window(variant), [variant]).scores["log_fc"]
    lines = (tmp_path / "genome.fa").read_text().splitlines()
    text = "".join(lines[1:4000]).upper()
    sums = []
    for base in "GA":
        sequence = "N" * (65_536 - 14_676) + text[:14_676] + base + text[14_677 : 14_676 + 65_536]
        x = torch.stack([torch.tensor([letter == b for letter in sequence]) for b in "ACGT"]).float()[None]
        with torch.no_grad():
            sums.append(model(x)[0].double().sum(0).numpy())
    assert text[14_676] == "G" and len(sequence) == 131_072
    np.testing.assert_allclose(found[0], np.log2((sums[1] + 1) / (sums[0] + 1)), atol=1e-5)
    assert np.abs(found).max() > 0.01
