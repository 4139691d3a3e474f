"""A set shared by jobs: what they find, and what is made of it, does not depend on how many they were."""

import numpy as np
import pandas as pd
import pysam
import pysam.bcftools
import pytest

from presage import tables
from presage.sequence.sparse_tower import SparseMismatch
from presage.sequence.sparse_tower.tower import Tower
from presage.sequence.targets.track_names import track_info
from presage.sequence.variants.alleles import Variant
from presage.sequence.variants.calibration import Null
from presage.sequence.variants.effects import effects
from presage.sequence.variants.gather import gather, main_strand, read_conformal, read_nulls
from presage.sequence.variants.part import NearGenes, read_variants, score_share, share
from presage.sequence.variants.places import Places
from presage.sequence.variants.scorer import Scorer
from presage.sequence.variants.sites import site_rows
from tests.unit.sequence.variants.cases import GENES, SLUGS, TRACKS, WINDOWS, random_genome, small_model

GENES = GENES.assign(name=["one", "two"], exon_starts=[[100, 180], [300]], exon_ends=[[150, 200], [401]])
SENSE = {"g1": ["a_rna+", "b_rna+"], "g2": ["a_rna-", "b_rna-"]}


def write_sites(path, text, places, chrom="chr1"):
    """SNVs at ``places`` (0-based), and a deletion of two bases after each fifth of them."""
    variants = []
    for i, pos in enumerate(places):
        ref = text[chrom][pos : pos + 3] if i % 5 == 4 else text[chrom][pos]
        alt = ref[0] if i % 5 == 4 else "A" if ref != "A" else "C"
        known_as = f"rs{i}" if i % 2 else ""
        variants.append(Variant(f"{chrom}:{pos + 1}:{ref}:{alt}", chrom, pos, ref, alt, i + 1, known_as))
    tables.write(path, "sites", site_rows(variants, 0, Places(WINDOWS, GENES)), {"null_name": "some"})
    return variants


def score(folder, sites, genome, jobs, name="sites", models=(1, 2), batch_size=3):
    """The parts of ``jobs`` jobs."""
    scorer = Scorer([small_model(seed) for seed in models], genome, step=40)
    count, parts = len(tables.read(sites, "sites")), []
    for job in range(jobs):
        out = {key: folder / f"{name}.{job}.{key}.parquet" for key in ("effects", "genes")}
        hashes = {"model_hash": "t", "adapter_hash": "a"}
        near = NearGenes(GENES)
        score_share(sites, share(count, job, jobs), scorer, TRACKS, near, out, batch_size=batch_size, meta=hashes)
        parts.append(out)
    return parts


def gathered(folder, sites, parts, genome, **more):
    out = {
        "scores": folder / "scores.parquet",
        "genes": folder / "gene_scores.parquet",
        "vcf": folder / "scores.vcf.gz",
    }
    gather(sites, parts, TRACKS, GENES, genome.lengths, out, seed=7, code_hash="c", meta={"null_name": "some"}, **more)
    return tables.read(out["scores"], "scores"), tables.read(out["genes"], "gene_scores"), out


@pytest.fixture
def study(tmp_path):
    genome, text = random_genome(tmp_path)
    sites = tmp_path / "sites.parquet"
    return genome, text, sites, write_sites(sites, text, [100, 105, 110, 118, 125, 130, 131, 190, 195, 220])


def test_rows_say_what_the_effects_are(tmp_path, study):
    genome, _, sites, variants = study
    scores, genes, _ = gathered(tmp_path, sites, score(tmp_path, sites, genome, 1), genome)
    assert scores["variant"].tolist() == [v.name for v in variants for _ in SLUGS]
    assert scores["track"].tolist() == SLUGS * len(variants)
    assert scores["cell_type"].tolist() == TRACKS["cell_type"].tolist() * len(variants)
    assert (scores["model_hash"] == "t").all() and (scores["seed"] == 7).all() and scores["p_null"].isna().all()
    assert scores["fold"].tolist()[:: len(SLUGS)] == ["train"] * 8 + ["test"] * 2
    scorer = Scorer([small_model(1), small_model(2)], genome, step=40)
    ((start, first),) = list(scorer.grouped(variants, 100))[:1]
    near = NearGenes(GENES).within("chr1", scorer.first_base(start), scorer.first_base(start) + 192)
    found = effects(scorer, start, first, near)
    own = scores[scores["variant"] == first[0].name]
    np.testing.assert_allclose(own["log_fc"], found.scores["log_fc"][0], atol=1e-6)
    np.testing.assert_allclose(own["log_fc_sd"], found.log_fc[:, 0].std(axis=0, ddof=1), atol=1e-6)
    # Each gene on the tracks of its strand, with its own distance.
    on = genes[genes["variant"] == first[0].name]
    assert on["track"].tolist() == SENSE["g1"] and (on["gene_tss_distance"] == first[0].pos - 100).all()
    last = genes[genes["variant"] == variants[-1].name]
    assert {gene: rows["track"].tolist() for gene, rows in last.groupby("gene_id")} == SENSE
    assert dict(zip(last["gene_id"], last["gene_tss_distance"])) == {"g1": 120, "g2": 180}
    g1 = near["gene_id"].tolist().index("g1")
    expected = found.genes.log_sed[:, 0, g1, SLUGS.index("a_rna+")].mean()
    assert on.iloc[0]["log_sed"] == pytest.approx(float(expected), abs=1e-6) and on.iloc[0]["gene"] == "one"


def test_of_two_strands_the_one_counts_on_which_more_changes():
    """All cell types together, so that none is read on the other strand; a track without strand always counts."""
    strands = {"a_rna+": "+", "a_rna-": "-", "b_rna+": "+", "b_rna-": "-", "a_atac": "."}
    info = pd.DataFrame({"strand": strands.values(), "assay": [name[2:].rstrip("+-") for name in strands]})
    sad = np.array([[5.0, -1.0, 0.1, 0.5, 0.0], [-0.1, 0.3, 0.0, -0.2, 9.0], [0.0, 0.0, 0.0, 0.0, 0.0]])
    expected = [[True, False, True, False, True], [False, True, False, True, True], [True, False, True, False, True]]
    assert main_strand(sad, info).tolist() == expected


def test_jobs_do_not_matter(tmp_path, study):
    genome, _, sites, _ = study
    found = []
    for jobs, batch in ((1, 4), (3, 4), (7, 2)):
        folder = tmp_path / str(jobs)
        folder.mkdir()
        found.append(gathered(folder, sites, score(folder, sites, genome, jobs, batch_size=batch), genome)[:2])
    for scores, genes in found[1:]:
        pd.testing.assert_frame_equal(scores, found[0][0], atol=1e-5)
        pd.testing.assert_frame_equal(genes, found[0][1], atol=1e-5)


def test_every_site_belongs_to_one_job():
    for sites, jobs in ((0, 3), (2, 5), (10, 3), (7, 7)):
        rows = [i for job in range(jobs) for i in range(*share(sites, job, jobs))]
        assert rows == list(range(sites))


def test_substitutions_and_indels_have_their_own_null(tmp_path, study):
    genome, text, sites, variants = study
    null = tmp_path / "null.parquet"
    harmless = write_sites(null, text, range(60, 90))
    parts = [part["effects"] for part in score(tmp_path, null, genome, 2, "null")]
    nulls = read_nulls(null, parts)
    assert {name: len(one.magnitudes) for name, one in nulls.items()} == {"substitution": 24, "indel": 6}
    scores, *_ = gathered(tmp_path, sites, score(tmp_path, sites, genome, 1), genome, nulls=nulls)
    scorer = Scorer([small_model(1), small_model(2)], genome, step=40)
    log_fc = {v.name: effects(scorer, scorer.window(v), [v]).scores["log_fc"][0] for v in (*harmless, *variants)}
    for kinds in (("snv",), ("deletion",)):
        own = Null.of(np.stack([log_fc[v.name] for v in harmless if v.kind in kinds]))
        for v in (v for v in variants if v.kind in kinds):
            rows = scores[scores["variant"] == v.name]
            np.testing.assert_allclose(rows["p_null"], own.p(log_fc[v.name][None])[0], atol=1e-9)
            np.testing.assert_allclose(rows["percentile"], own.percentile(log_fc[v.name][None])[0], atol=1e-9)


def test_intervals_come_with_a_calibration_set(tmp_path, study):
    genome, text, sites, _ = study
    known = tmp_path / "known.parquet"
    variants = write_sites(known, text, range(40, 80))
    parts = [part["effects"] for part in score(tmp_path, known, genome, 1, "known")]
    predicted = pd.concat([tables.read(part, "variant_effects") for part in parts])
    measured = predicted[predicted["track"] == "a_atac"][["site", "track"]].assign(
        effect=3 * predicted["log_fc"][predicted["track"] == "a_atac"]
    )
    tables.write(tmp_path / "m.parquet", "calibration_effects", measured)
    conformal = read_conformal(tmp_path / "m.parquet", parts, 0.9, 0)
    assert conformal.slope == {"a_atac": pytest.approx(3)} and conformal.number == {"a_atac": len(variants)}
    scores, *_ = gathered(tmp_path, sites, score(tmp_path, sites, genome, 1), genome, conformal=conformal)
    own = scores["track"] == "a_atac"
    np.testing.assert_allclose(scores["conformal_low"][own], 3 * scores["log_fc"][own], atol=1e-9)
    assert scores["conformal_high"][~own].isna().all()


def test_other_tools_read_the_vcf(tmp_path, study):
    genome, _, sites, variants = study
    scores, _, out = gathered(tmp_path, sites, score(tmp_path, sites, genome, 2), genome)
    with pysam.VariantFile(str(out["vcf"])) as file:
        records = list(file)
        assert list(file.header.contigs) == ["chr1", "chr2"] and not list(file.header.samples)
        last = [v.id or v.name for v in variants[-2:]]
        assert [r.id for r in file.fetch("chr1", 195, 221)] == last  # needs the index
    for record, variant in zip(records, variants, strict=True):
        rows = scores[scores["variant"] == variant.name]
        top = rows.loc[rows.loc[rows["main_strand"], "log_fc"].abs().idxmax()]
        assert (record.id, record.start, record.ref) == (variant.id or variant.name, variant.pos, variant.ref)
        assert record.info["NAME"].replace("%3A", ":") == variant.name and set(rows["id"]) == {variant.id or None}
        assert record.alts == (variant.alt,)
        assert record.info["TRACK"] == top["track"] and record.info["LOGFC"] == pytest.approx(top["log_fc"], rel=1e-5)
        assert record.info["FOLD"] == top["fold"] and record.info["TSSD"] == top["tss_distance"]
    assert "LOGFC=" in pysam.bcftools.view("-H", str(out["vcf"]))


def test_no_site_is_no_error(tmp_path):
    genome, text = random_genome(tmp_path)
    sites = tmp_path / "sites.parquet"
    write_sites(sites, text, [])
    scores, genes, out = gathered(tmp_path, sites, score(tmp_path, sites, genome, 2), genome)
    assert scores.empty and genes.empty and list(pysam.VariantFile(str(out["vcf"]))) == []
    assert read_nulls(sites, []) == {}


def test_sites_are_read_in_slices(tmp_path, study):
    *_, sites, variants = study
    assert list(read_variants(sites)) == variants and list(read_variants(sites, 3, 8)) == variants[3:8]
    assert list(read_variants(sites, 4, 4)) == []


def test_a_reach_leaves_genes_out():
    near = NearGenes(GENES, reach=50)
    genes = near.within("chr1", 0, 600)
    found = [near.reached(Variant("", "chr1", pos, "A", "C", 1), genes).tolist() for pos in (150, 249, 250, 20)]
    assert found == [[True, False], [True, False], [False, True], [False, False]]
    assert near.within("chr2", 0, 100) is None and track_info(SLUGS, TRACKS)["track"].tolist() == SLUGS


def test_a_sparse_way_that_is_wrong_stops_the_job(tmp_path, study, monkeypatch):
    genome, _, sites, _ = study
    own = Tower.edited
    off = lambda self, edits: (own(self, edits)[0]._replace(starts=own(self, edits)[0].starts + 1), own(self, edits)[1])  # noqa: E731
    monkeypatch.setattr(Tower, "edited", off)
    with pytest.raises(
        SparseMismatch, match=r"sparse tower: differs from the dense forward pass .*; set sparse: false"
    ):
        score(tmp_path, sites, genome, 1)
