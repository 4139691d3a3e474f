"""A drawn null set: it is like the set in every key that it says, and says every key that it gave up."""

import numpy as np
import pandas as pd
import pysam
import pytest
from scipy import stats

from presage import tables
from presage.config.variants import MatchedNull
from presage.sequence.reference.genome import Genome
from presage.sequence.variants import matched
from presage.sequence.variants.alleles import Variant
from presage.sequence.variants.matched import NAME, Wanted, spread, transplant
from presage.sequence.variants.null import write_matched
from presage.sequence.variants.places import Places
from presage.sequence.variants.sites import Study, write_sites
from tests.unit.sequence.variants.cases import write_vcf

EDGES = [100, 300, 1000, 3000]
TURN = str.maketrans("ACGT", "TGCA")
BLACK = pd.DataFrame({"chrom": ["c1"], "start": [20_000], "end": [24_000]})
NO_BLACK = BLACK.iloc[:0]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """60 and 30 kb with an N run, genes with exons on the first contig, windows of all folds, and a set of variants."""
    folder = tmp_path_factory.mktemp("matched")
    rng = np.random.default_rng(3)
    text = {"c1": "".join(rng.choice(list("ACGT"), 60_000)), "c2": "".join(rng.choice(list("ACGT"), 30_000))}
    text["c1"] = text["c1"][:30_000] + "N" * 2000 + text["c1"][32_000:]
    (folder / "g.fa").write_text("".join(f">{name}\n{bases}\n" for name, bases in text.items()))
    pysam.faidx(str(folder / "g.fa"))
    genes = pd.DataFrame(
        [
            (f"g{i}", "c1", p, p + 800, "+-"[i % 2], p if i % 2 == 0 else p + 799, [p], [p + 300])
            for i, p in enumerate((5_000, 15_000, 26_000, 41_000, 52_000))
        ],
        columns=["gene_id", "chrom", "start", "end", "strand", "tss", "exon_starts", "exon_ends"],
    )
    windows = pd.DataFrame(
        [("c1", 0, 20_000, "train"), ("c1", 18_000, 40_000, "valid"), ("c1", 40_000, 55_000, "test")],
        columns=["chrom", "out_start", "out_end", "fold"],
    )
    study = Study(Genome(folder / "g.fa"), Places(windows, genes), 50, 0.5)
    rows = []
    for pos in rng.choice(28_000, 60, replace=False).tolist() + rng.integers(33_000, 59_000, 60).tolist():
        ref = text["c1"][pos]
        rows.append(("c1", pos + 1, ref, rng.choice([b for b in "ACGT" if b != ref])))
    for pos in rng.integers(33_000, 59_000, 8).tolist():
        rows.append(("c1", pos + 1, text["c1"][pos : pos + 4], text["c1"][pos]))
        rows.append(("c1", pos + 100, text["c1"][pos + 99], text["c1"][pos + 99] + "ACG"))
        rows.append(("c1", pos + 200, text["c1"][pos + 199 : pos + 201], "GATTACA"))
        rows.append(("c1", pos + 300, text["c1"][pos + 299 : pos + 301], "TG"))
    rows += [("c2", pos + 1, text["c2"][pos], "A" if text["c2"][pos] != "A" else "C") for pos in (500, 9_000, 20_000)]
    out = {name: folder / f"{name}.parquet" for name in ("sites", "dropped")}
    write_sites(write_vcf(folder / "x.vcf", rows), study, out)
    return study, text, windows, genes, out["sites"]


def draw(world, folder, blacklist=NO_BLACK, seed=1, sites=None, **settings):
    study, _, windows, genes, own = world
    settings = {"tss_bins": EDGES, "exclusion": 20, **settings}
    out = folder / "null_sites.parquet"
    report = write_matched(
        sites or own, study, windows, genes, blacklist, MatchedNull(**settings), out, seed=seed, meta={"rule": "r"}
    )
    return report, tables.read(out, "null_sites"), tables.read(sites or own, "sites"), out


def spectrum(around, alt):
    """A substitution as people write it, on the pyrimidine's strand: A[C>T]G. ``around``: three bases."""
    if around[1] in "AG":
        around, alt = around[::-1].translate(TURN), alt.translate(TURN)
    return f"{around[0]}[{around[1]}>{alt}]{around[2]}"


def of_row(row, text):
    return spectrum(text[row.chrom][row.pos - 1 : row.pos + 2], row.alt)


def tss_bin(distance):
    return -1 if pd.isna(distance) else int(np.searchsorted(EDGES, abs(distance), side="right"))


def test_it_is_like_the_set_in_every_key_that_was_not_given_up(world, tmp_path):
    study, text, *_ = world
    report, null, sites, out = draw(world, tmp_path)
    assert report["wanted"] == report["drawn"] == 5 * len(sites) == len(null) and report["missing"] == 0
    assert report["exact"] > 0.9 * len(null)
    assert tables.read_meta(out) == {"rule": "r", "null_name": NAME, "matching": report}
    assert null["matched"].value_counts().tolist() == [5] * len(sites)
    for row in null.itertuples():
        own = sites.iloc[row.matched]
        assert text[row.chrom][row.pos : row.pos + len(row.ref)] == row.ref and row.kind == own["kind"]
        assert (len(row.ref), len(row.alt)) == (len(own["ref"]), len(own["alt"]))
        given_up = set((row.relaxed or "").split(",")) - {""}
        if row.kind == "snv":
            found, mine = of_row(row, text), of_row(own, text)
            assert found == mine or ("trinucleotide" in given_up and found[1:-1] == mine[1:-1])
        if "TSS distance" not in given_up:
            assert tss_bin(row.tss_distance) == tss_bin(own["tss_distance"])
        if "fold" not in given_up:
            assert row.fold == own["fold"]
    last = null["relaxed"].dropna().str.split(",").str[-1].value_counts()
    assert {key: report[key] for key in matched.KEYS} == {key: int(last.get(key, 0)) for key in matched.KEYS}
    where = study.places(list(map(as_variant, null.itertuples())))
    assert where["fold"].tolist() == null["fold"].tolist()


def as_variant(row):
    return Variant(row.variant, row.chrom, row.pos, row.ref, row.alt, row.record)


def test_it_stands_in_order_and_no_two_share_a_place(world, tmp_path):
    _, null, sites, _ = draw(world, tmp_path)
    places = list(zip(null["chrom"], null["pos"]))
    assert places == sorted(set(places)) and null["site"].tolist() == list(range(len(null)))
    assert all(row.variant == f"{row.chrom}:{row.pos + 1}:{row.ref}:{row.alt}" for row in null.itertuples())
    assert (null["record"].to_numpy() == sites["record"].to_numpy()[null["matched"]]).all()


def test_it_keeps_away_from_variants_artefacts_and_exons(world, tmp_path):
    genes = world[3]
    _, null, sites, _ = draw(world, tmp_path, BLACK, avoid_exons=True, exclusion=40)
    end = null["pos"] + null["ref"].str.len()
    assert not ((null["chrom"] == "c1") & (end > 20_000) & (null["pos"] < 24_000)).any()
    for start, stop in zip(genes["exon_starts"].str[0], genes["exon_ends"].str[0]):
        assert not ((null["chrom"] == "c1") & (end > start) & (null["pos"] < stop)).any()
    for row in sites.itertuples():
        near = (end > row.pos - 40) & (null["pos"] < row.pos + len(row.ref) + 40)
        assert not (near & (null["chrom"] == row.chrom)).any()
    _, free, _, _ = draw(world, tmp_path)
    inside = (free["pos"] >= 20_000) & (free["pos"] < 24_000)
    assert inside.any()  # so the blacklist did something


def test_a_seed_gives_the_same_bytes_and_another_does_not(world, tmp_path):
    first = draw(world, tmp_path)[3].read_bytes()
    assert draw(world, tmp_path)[3].read_bytes() == first != draw(world, tmp_path, seed=2)[3].read_bytes()


def test_a_large_set_gets_no_more_than_the_most(world, tmp_path):
    report, null, _, _ = draw(world, tmp_path, max=50)
    assert report["wanted"] == 50 == len(null) and null["matched"].is_unique
    rng = np.random.default_rng(0)
    assert spread(3, 5, 100, rng).tolist() == [0] * 5 + [1] * 5 + [2] * 5
    assert np.bincount(spread(10, 5, 24, rng), minlength=10).tolist().count(3) == 4
    assert len(set(spread(10**9, 5, 7, rng).tolist())) == 7 and not len(spread(0, 5, 7, rng))


@pytest.mark.parametrize("dry", [1 << 16, 1 << 12])
def test_places_are_drawn_evenly(world, tmp_path, monkeypatch, dry):
    """Whether a stratum is looked through or probed: every place that fits is as likely as any other."""
    monkeypatch.setattr(matched, "_DRY", dry)
    text, sites = world[1]["c2"], tables.read(world[4], "sites")
    one = sites[sites["chrom"] == "c2"].head(1).assign(site=0)
    tables.write(tmp_path / "one.parquet", "sites", one)
    row = next(one.itertuples())
    wanted = spectrum(text[row.pos - 1 : row.pos + 2], row.alt)
    around = {pos: text[pos - 1 : pos + 2] for pos in range(1, len(text) - 1) if abs(pos - row.pos) > 20}
    fits = [pos for pos, bases in around.items() if wanted in {spectrum(bases, alt) for alt in "ACGT"}]
    found = [
        draw(world, tmp_path, sites=tmp_path / "one.parquet", per_variant=100, seed=seed)[1]["pos"] for seed in range(4)
    ]
    assert set(np.concatenate(found)) <= set(fits)
    ranks = np.searchsorted(fits, np.concatenate(found)) / len(fits)
    assert stats.kstest(ranks, "uniform").pvalue > 1e-3


def test_what_cannot_be_matched_is_relaxed_in_order_and_counted(world, tmp_path):
    """With nearly all of the fold closed, trinucleotides are given up, then distances, then the fold."""
    only = tables.read(world[4], "sites")
    only = only[(only["fold"] == "test") & (only["kind"] == "snv")].head(10).assign(site=range(10))
    tables.write(tmp_path / "s.parquet", "sites", only)
    narrow = pd.DataFrame({"chrom": "c1", "start": [40_000, 50_060], "end": [50_000, 55_000]})
    report, null, _, _ = draw(world, tmp_path, narrow, sites=tmp_path / "s.parquet", per_variant=20, exclusion=0)
    assert report["wanted"] == 200 == report["drawn"] and report["missing"] == 0
    assert report["trinucleotide"] + report["TSS distance"] > 0 and report["fold"] > 0
    outside = null["relaxed"].fillna("").str.contains("fold")
    assert (null.loc[~outside, "fold"] == "test").all() and (~outside).sum() <= 60
    assert set(null["relaxed"].dropna()) <= {
        "trinucleotide", "trinucleotide,TSS distance", "trinucleotide,TSS distance,fold"
    }  # fmt: skip


def test_where_nothing_is_open_nothing_is_drawn(world, tmp_path):
    everything = pd.DataFrame({"chrom": ["c1", "c2"], "start": [0, 0], "end": [60_000, 30_000]})
    report, null, sites, _ = draw(world, tmp_path, everything)
    assert report["drawn"] == 0 and report["missing"] == report["wanted"] == 5 * len(sites) and null.empty
    tables.write(tmp_path / "none.parquet", "sites", tables.empty("sites"))
    report, null, _, _ = draw(world, tmp_path, sites=tmp_path / "none.parquet")
    assert report["wanted"] == 0 and null.empty


def test_a_change_is_made_elsewhere_only_where_it_stays_one(world):
    study, text, *_ = world
    genome = study.genome
    make = lambda ref, alt, pos: transplant(Wanted(0, 1, "c1", 0, ref, alt, "train", 0), "c1", pos, genome)  # noqa: E731
    at = 40_100
    gone = make("ACGT", "A", at)
    assert gone.kind == "deletion" and len(gone.ref) == 4 and gone.pos <= at
    more = make("A", "ACGT", at)
    assert more.kind == "insertion" and sorted(more.alt[1:]) == sorted("CGT")
    assert make("AC", "TG", 31_000) is None  # N
    same = text["c1"][at : at + 2]
    assert make("AC", same, at) is None  # no change there
    assert make("AC", same[0] + ("A" if same[1] != "A" else "C"), at) is None  # one base changes, not two
