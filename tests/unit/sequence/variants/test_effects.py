"""Effects against a slow second way: one variant at a time, sequences as strings, bins in genome coordinates."""

import math

import numpy as np
import pytest
import torch

from presage import tables
from presage.sequence.variants.alleles import Variant
from presage.sequence.variants.calibration import Null
from presage.sequence.variants.effects import Places, Scorer, null_of, score, specificity, track_info
from tests.unit.sequence.variants.cases import GENES, SHAPE, SLUGS, TRACKS, WINDOWS, random_genome, small_model

LENGTH, BIN, BINS = SHAPE.context, SHAPE.bin_size, SHAPE.out_bins
PARTNER = [SLUGS.index(slug.translate(str.maketrans("+-", "-+"))) for slug in SLUGS]


def dense(model, sequence, reverse):
    """Prediction [bins][tracks] of one string, by the book: complement letters, then undo the turn on the output."""
    if reverse:
        sequence = sequence.translate(str.maketrans("ACGT", "TGCA"))[::-1]
    x = torch.zeros(1, 4, LENGTH)
    for i, base in enumerate(sequence):
        if base in "ACGT":
            x[0, "ACGT".index(base), i] = 1
    with torch.no_grad():
        out = model(x)[0].tolist()
    if reverse:
        out = [[row[PARTNER[t]] for t in range(len(SLUGS))] for row in out[::-1]]
    return out


def slow_effects(models, text, pos, ref, alt, rc, pseudocount, spans):
    """(log_fc, sad, d2, sd) per track of one variant of a contig."""
    pad = "N" * LENGTH
    assert text[pos : pos + len(ref)] == ref
    whole, changed = pad + text + pad, pad + text[:pos] + alt + text[pos + len(ref) :] + pad
    start, grow = pos - LENGTH // 2, len(alt) - len(ref)
    cut = lambda s, at: s[at + LENGTH : at + 2 * LENGTH]  # noqa: E731
    anchor = 1 if len(alt) != len(ref) and alt[0] == ref[0] else 0
    values = []
    for model in models:
        for reverse in (False, True) if rc else (False,):
            before = dense(model, cut(whole, start), reverse)
            left = dense(model, cut(changed, start), reverse)
            right = dense(model, cut(changed, start + grow), reverse)
            per_track = []
            for t in range(len(SLUGS)):
                a, b, square = 0.0, 0.0, 0.0
                for i in range(BINS):
                    low = start + (LENGTH - BINS * BIN) // 2 + i * BIN
                    middle = start + LENGTH // 2
                    if spans[t] is not None and not (low < middle + spans[t] / 2 and low + BIN > middle - spans[t] / 2):
                        continue
                    gone = grow < 0 and low >= pos + len(alt) and low + BIN <= pos + len(ref)
                    after = 0.0 if gone else left[i][t] if low <= pos + anchor else right[i][t]
                    a, b, square = a + before[i][t], b + after, square + (after - before[i][t]) ** 2
                sad = b - a
                per_track.append(
                    (
                        math.log2((b + pseudocount) / (a + pseudocount)),
                        sad,
                        math.copysign(math.sqrt(square), sad) if sad else 0.0,
                    )
                )
            values.append(per_track)
    values = np.array(values)  # [model x strand, track, 3]
    sd = values[:, :, 0].std(axis=0, ddof=1) if len(values) > 1 else np.full(len(SLUGS), np.nan)
    return np.stack([*values.mean(axis=0).T, sd])


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


@pytest.mark.parametrize("rc", [True, False])
@pytest.mark.parametrize("spans", [None, [None, None, 40, 40, 100, 1]])
def test_effects_equal_the_slow_way(tmp_path, rc, spans):
    genome, text = random_genome(tmp_path)
    models = [small_model(1), small_model(2)]
    todo = [(chrom, *case) for chrom in text for case in cases(text[chrom])]
    variants = [Variant("", *case, 1) for case in todo]
    fast = Scorer(models, genome, rc, 0.5, spans)(variants)
    for i, (chrom, pos, ref, alt) in enumerate(todo):
        slow = slow_effects(models, text[chrom], pos, ref, alt, rc, 0.5, spans or [None] * len(SLUGS))
        found = np.stack([values[i] for values in fast])
        np.testing.assert_allclose(
            found, slow, rtol=0, atol=1e-5 * max(1, np.abs(slow).max()), err_msg=f"{chrom} {pos}"
        )
    snvs = [len(ref) == len(alt) for _, _, ref, alt in todo]
    assert np.abs(fast.log_fc[snvs]).max() > 1e-3  # the small models do react, far above the tolerance


def test_positive_is_a_gain_by_alt(tmp_path):
    """A model that counts G and nothing else: ALT G over REF A gains, ALT A over REF G loses."""
    genome, text = random_genome(tmp_path)
    model = small_model(1)

    class CountG(torch.nn.Module):
        trunk, tracks, strand_pair = SHAPE, SLUGS, model.strand_pair

        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(1))

        def forward(self, x):
            g = x[:, 2].unfold(1, BIN, BIN).sum(-1)[:, SHAPE.crop : SHAPE.crop + BINS]
            return g[..., None].expand(-1, -1, len(SLUGS))

    a, g = text["chr1"].index("A", 100), text["chr1"].index("G", 100)
    effects = Scorer([CountG()], genome, rc=False)(
        [Variant("", "chr1", a, "A", "G", 1), Variant("", "chr1", g, "G", "A", 1)]
    )
    assert (effects.sad == [[1] * 6, [-1] * 6]).all() and (effects.d2 == effects.sad).all()
    assert (effects.log_fc[0] > 0).all() and (effects.log_fc[1] < 0).all()
    assert np.isnan(effects.log_fc_sd).all()


def test_swapping_ref_and_alt_swaps_the_sign(tmp_path):
    """The effect of ALT over REF in one genome is minus that of REF over ALT in the genome that carries ALT."""
    genome, text = random_genome(tmp_path)
    alt = "C" if text["chr1"][150] != "C" else "G"
    (tmp_path / "swapped").mkdir()
    fasta = tmp_path / "swapped" / "genome.fa"
    fasta.write_text("".join(f">{c}\n{t[:150] + alt + t[151:] if c == 'chr1' else t}\n" for c, t in text.items()))
    import pysam

    from presage.sequence.genome import Genome

    pysam.faidx(str(fasta))
    there = Scorer([small_model(3)], genome)([Variant("", "chr1", 150, text["chr1"][150], alt, 1)])
    back = Scorer([small_model(3)], Genome(fasta))([Variant("", "chr1", 150, alt, text["chr1"][150], 1)])
    for name in ("log_fc", "sad", "d2"):
        np.testing.assert_allclose(getattr(there, name), -getattr(back, name), atol=1e-6)


def test_batches_do_not_matter(tmp_path):
    genome, text = random_genome(tmp_path)
    variants = [Variant("", "chr1", *case, 1) for case in cases(text["chr1"])]
    scorer = Scorer([small_model(1)], genome)
    rows = [
        np.concatenate([r["log_fc"] for r in score(scorer, variants, TRACKS, Places(WINDOWS), batch_size=size)])
        for size in (1, 4, 100)
    ]
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-5)
    np.testing.assert_allclose(rows[0], rows[2], atol=1e-5)


def test_rows_fit_the_scores_table(tmp_path):
    genome, text = random_genome(tmp_path)
    first = Variant("1:138:x", "chr1", 137, text["chr1"][137], "A" if text["chr1"][137] != "A" else "C", 1)
    second = Variant("2:11:x", "chr2", 10, text["chr2"][10], "A" if text["chr2"][10] != "A" else "C", 2)
    scorer = Scorer([small_model(1), small_model(2)], genome)
    null = null_of(
        scorer, [Variant("", "chr1", p, text["chr1"][p], "T", 1) for p in (20, 21, 22) if text["chr1"][p] != "T"], 2
    )
    (rows,) = score(scorer, [first, second], TRACKS, Places(WINDOWS, GENES), null=null, seed=7, code_hash="c")
    tables.write(tmp_path / "s.parquet", "scores", rows)
    assert rows["track"].tolist() == SLUGS * 2 and rows["cell_type"].tolist() == TRACKS["cell_type"].tolist() * 2
    assert rows["fold"].tolist() == ["train"] * 6 + ["outside"] * 6
    assert rows["gene"].tolist()[::6] == ["g1", None] and rows["tss_distance"].tolist()[0] == 37
    assert rows["model_hash"].unique() == ["t"] and rows["seed"].unique() == [7]
    assert rows["p_null"].between(0, 1).all() and (rows["p_null"] > 0).all()
    plus = rows[rows["track"].isin(["a_rna+", "b_rna+"])].groupby("variant")["specificity"].sum()
    np.testing.assert_allclose(plus, 0, atol=1e-12)


def test_specificity_compares_within_assay_and_strand():
    log_fc = np.array([[1.0, 10, 3, 30, 5, 9]])
    expected = [[-1.0, -10, 1, 10, -2, 2]]
    assert specificity(log_fc, track_info(SLUGS, TRACKS)).tolist() == expected


def test_nearest_start_and_its_sign():
    places = Places(WINDOWS, GENES)
    at = lambda pos: places([Variant("", "chr1", pos, "A", "C", 1)]).iloc[0]  # noqa: E731
    assert (at(90)["gene"], at(90)["tss_distance"]) == ("g1", -10)  # upstream of a gene on +
    assert (at(410)["gene"], at(410)["tss_distance"]) == ("g2", -10)  # upstream of a gene on -
    assert (at(390)["gene"], at(390)["tss_distance"]) == ("g2", 10)
    assert (at(250)["gene"], at(251)["gene"]) == ("g1", "g2")
    assert at(191)["fold"] == "train" and at(192)["fold"] == "test" and at(384)["fold"] == "outside"


def test_models_that_differ_are_refused(tmp_path):
    genome, _ = random_genome(tmp_path)
    other = small_model(2)
    other.tracks = SLUGS[::-1]
    with pytest.raises(ValueError, match="differ"):
        Scorer([small_model(1), other], genome)
    with pytest.raises(ValueError, match="no model"):
        Scorer([], genome)
    with pytest.raises(ValueError, match="lacks b_atac"):
        track_info(SLUGS, TRACKS.iloc[:5])
    with pytest.raises(ValueError, match="finite"):
        Null.of(np.empty((0, 3)))


def test_real_snv_on_the_real_mini_borzoi(real_data, tmp_path):
    """The first published SNV: its window runs 50,860 bp over the start of the real chr1, where it must read N."""
    from presage.sequence.genome import prepare_fasta
    from presage.sequence.trunk.keras import load_keras_h5

    folder = real_data / "mini_borzoi"
    model = load_keras_h5(folder / "model.h5", folder / "params.json", folder / "targets.txt")
    genome = prepare_fasta(folder / "hg38_chr1_1m.fa.gz", tmp_path / "genome.fa")
    found = Scorer([model], genome, rc=False)([Variant("", "chr1", 14_676, "G", "A", 1)])
    lines = (tmp_path / "genome.fa").read_text().splitlines()
    text = "".join(lines[1:4000]).upper()
    sums = []
    for base in "GA":
        sequence = "N" * (65_536 - 14_676) + text[:14_676] + base + text[14_677 : 14_676 + 65_536]
        x = torch.stack([torch.tensor([letter == b for letter in sequence]) for b in "ACGT"]).float()[None]
        with torch.no_grad():
            sums.append(model(x)[0].double().sum(0).numpy())
    assert text[14_676] == "G" and len(sequence) == 131_072
    np.testing.assert_allclose(found.log_fc[0], np.log2((sums[1] + 1) / (sums[0] + 1)), atol=1e-5)
    assert np.abs(found.log_fc).max() > 0.01
