"""Saturation mutagenesis against a plain one, against tangermeme, and against the scoring of variants."""

import numpy as np
import pandas as pd
import pytest
import torch

from presage import tables
from presage.errors import UserError
from presage.sequence.mutagenesis.regions import Place
from presage.sequence.mutagenesis.saturate import chosen, first_of_run, rows, saturate, spans
from presage.sequence.reference.genome import encode
from presage.sequence.sparse_tower import Window
from presage.sequence.targets.target_set import onehot
from presage.sequence.variants.alleles import Variant
from presage.sequence.variants.effects import effects
from presage.sequence.variants.scorer import Scorer
from tests.unit.sequence.mutagenesis.slow import effect
from tests.unit.sequence.variants.cases import SHAPE, SLUGS, TRACKS, random_genome, small_model

COLUMNS = np.arange(len(SLUGS))
REACH = SHAPE.out_bins * SHAPE.bin_size


def table(scorer, start, end, chrom="chr1", columns=COLUMNS, **more):
    found = saturate(scorer, Place(chrom, start, end), columns, **more)
    return rows(found, chrom, [SLUGS[i] for i in columns], TRACKS)


def test_every_change_equals_the_plain_implementation(tmp_path):
    """Runs of equal bases, an edge of the contig, N, both strands, two models; every track in its place."""
    genome, text = random_genome(tmp_path)
    models = [small_model(1), small_model(2)]
    for start, end in ((207, 213), (298, 306), (0, 3)):
        got = table(Scorer(models, genome), start, end, batch_size=5)
        first = (start + end) // 2 - SHAPE.context // 2
        for (pos, alt), part in got.groupby(["pos", "alt"], sort=False):
            each = [effect(m, text["chr1"], first, pos, alt, reverse) for m in models for reverse in (False, True)]
            assert part["track"].tolist() == SLUGS
            np.testing.assert_allclose(part["log_fc"], np.mean(each, axis=0), atol=1e-5)
            np.testing.assert_allclose(part["log_fc_sd"], np.std(each, axis=0, ddof=1), atol=1e-5)
        assert got["log_fc"].abs().max() > 1e-3
        bases = [p for p in range(start, end) if text["chr1"][p] != "N"]
        assert len(got) == 4 * len(SLUGS) * len(bases)
        assert {(p, r) for p, r in zip(got["pos"], got["ref"])} == {(p, text["chr1"][p]) for p in bases}
        assert (got["ref"] != got["alt"]).all()
        tables.write(tmp_path / "ism.parquet", "ism", got)


def test_substitutions_are_tangermemes(tmp_path):
    """The same model with six outputs at once: multi-output effects must not change places."""
    tangermeme = pytest.importorskip("tangermeme.saturation_mutagenesis")
    genome, _ = random_genome(tmp_path)
    model = small_model(3)

    class Sums(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, x):
            return self.model(x).double().sum(1)

    start, end = 230, 241
    first = (start + end) // 2 - SHAPE.context // 2
    x = torch.from_numpy(onehot(genome.codes("chr1", first, first + SHAPE.context)[None]))
    span = {"start": start - first, "end": end - first}
    before, after = tangermeme.saturation_mutagenesis(Sums(), x, raw_outputs=True, device="cpu", **span)
    expected = torch.log2((after[0] + 1) / (before[0] + 1)).permute(1, 0, 2).numpy()  # [position, base, track]
    got = table(Scorer([model], genome, rc=False), start, end, deletions=False)
    for (pos, alt), part in got.groupby(["pos", "alt"], sort=False):
        np.testing.assert_allclose(part["log_fc"], expected[pos - start, "ACGT".index(alt)], atol=1e-5)
    assert got["log_fc_sd"].isna().all()
    assert len(set(np.abs(expected).max(axis=(0, 1)).round(6))) == len(SLUGS)  # or their order would not matter


def test_changes_are_scored_as_in_a_vcf(tmp_path):
    """Of a region's middle base, on which a variant's window is centred; the deletion needs one base before it."""
    genome, text = random_genome(tmp_path)
    scorer = Scorer([small_model(1), small_model(2)], genome, spans=[None, None, 40, 40, 64, 64])
    for pos in (123, 245):
        got = table(scorer, pos - 3, pos + 4)
        for alt in set("ACGT") - {text["chr1"][pos]}:
            variant = Variant("", "chr1", pos, text["chr1"][pos], alt, 1)
            (expected,) = effects(scorer, scorer.window(variant), [variant]).scores["log_fc"]
            part = got[(got["pos"] == pos) & (got["alt"] == alt)]
            np.testing.assert_allclose(part["log_fc"], expected, atol=1e-6)
    # A VCF's deletion begins with the base before it, and so does its window: the base after that is deleted.
    plain = Scorer([small_model(1)], genome)
    pos = next(p for p in range(120, 160) if text["chr1"][p] not in text["chr1"][p - 1] + text["chr1"][p + 1])
    deletion = Variant("", "chr1", pos - 1, text["chr1"][pos - 1 : pos + 1], text["chr1"][pos - 1], 1)
    (expected,) = effects(plain, plain.window(deletion), [deletion]).scores["log_fc"]
    got = table(plain, pos - 4, pos + 3)
    part = got[(got["pos"] == pos) & (got["alt"] == "-")]
    np.testing.assert_allclose(part["log_fc"], expected, atol=1e-6)


def test_a_run_of_equal_bases_is_deleted_once(tmp_path, monkeypatch):
    genome, text = random_genome(tmp_path)
    run = text["chr1"].index("AAAAAA")
    seen = []
    plain = Window.whole
    monkeypatch.setattr(Window, "whole", lambda self, codes: seen.append(codes) or plain(self, codes))
    got = table(Scorer([small_model(1)], genome, rc=False), run + 2, run + 6)
    deleted = got[got["alt"] == "-"]
    assert deleted.groupby("track")["log_fc"].nunique().eq(1).all()
    assert len(deleted) == 4 * len(SLUGS)
    assert sum(map(len, seen)) == 2  # one deletion, on either side


def test_a_region_as_long_as_the_output(tmp_path):
    genome, _ = random_genome(tmp_path)
    scorer = Scorer([small_model(1)], genome, rc=False)
    got = table(scorer, 10, 10 + REACH, columns=np.array([4]), deletions=False)
    assert sorted(set(got["pos"])) == list(range(10, 10 + REACH))
    assert set(got["track"]) == {"a_atac"}
    with pytest.raises(UserError, match=rf"chr1:10-{11 + REACH}: is longer than the model's output \({REACH} bp\)"):
        table(scorer, 10, 11 + REACH)


def test_bases_that_are_n_are_left_out(tmp_path):
    genome, _ = random_genome(tmp_path)
    scorer = Scorer([small_model(1)], genome)
    assert sorted(set(table(scorer, 298, 306)["pos"])) == [298, 299, 304, 305]
    none = table(scorer, 300, 304)
    tables.write(tmp_path / "none.parquet", "ism", none)
    assert none.empty


def test_tracks_by_pattern_and_spans_by_assay():
    assert chosen(SLUGS, ["*_atac", "a_rna?"]).tolist() == [0, 1, 4, 5]
    with pytest.raises(UserError, match=r"track pattern 'c_\*': fits none of 6 tracks; e\.g\. a_rna\+"):
        chosen(SLUGS, ["*", "c_*"])
    assert spans(SLUGS, TRACKS, {"atac": 512}) == [None] * 4 + [512] * 2


def test_first_of_a_run():
    codes = encode("AACCCG")
    assert [first_of_run(codes, i) for i in range(6)] == [0, 0, 2, 2, 2, 5]


def test_rows_are_ordered_by_position_change_and_track(tmp_path):
    genome, _ = random_genome(tmp_path)
    got = table(Scorer([small_model(1)], genome, rc=False), 120, 124)
    rank = {letter: i for i, letter in enumerate("ACGT-")}
    keys = pd.DataFrame({"pos": got["pos"], "alt": got["alt"].map(rank), "track": got["track"].map(SLUGS.index)})
    assert keys.sort_values(["pos", "alt", "track"]).index.tolist() == list(range(len(got)))
