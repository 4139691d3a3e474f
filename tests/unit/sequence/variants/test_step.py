"""The variants step on files: what is scored, what is dropped, what other tools read of it."""

import pandas as pd
import pysam
import pysam.bcftools
import pytest

from presage import tables
from presage.config.variants import Variants
from presage.errors import UserError
from presage.sequence.variants import step
from presage.sequence.variants.step import score_set, strongest
from tests.unit.sequence.variants.cases import GENES, SLUGS, TRACKS, WINDOWS, random_genome, small_model, write_vcf


def run(folder, vcf, null, genome, **settings):
    folder.mkdir(exist_ok=True)
    out = {"scores": folder / "scores.parquet", "dropped": folder / "dropped.parquet", "vcf": folder / "scores.vcf.gz"}
    models = [small_model(1), small_model(2)]
    counts = score_set(
        vcf,
        null,
        models,
        genome,
        TRACKS,
        WINDOWS,
        GENES,
        Variants(batch_size=3, **settings),
        out,
        seed=5,
        code_hash="c",
    )
    return counts, tables.read(out["scores"], "scores"), tables.read(out["dropped"], "dropped"), out


def snvs(text, positions, chrom="chr1"):
    return [(chrom, p, text[chrom][p - 1], "A" if text[chrom][p - 1] != "A" else "C") for p in positions]


def test_scored_and_dropped_make_what_was_given(tmp_path):
    genome, text = random_genome(tmp_path)
    # Not sorted, over both contigs, with an indel that moves left past its neighbour when normalised.
    rows = [
        *snvs(text, [250, 120]),
        ("2", 100, text["chr2"][99], "<DUP>"),
        *snvs(text, [40], "chr2"),
        ("chrX", 1, "A", "C"),
    ]
    rows += [("chr1", 208, text["chr1"][207:210], text["chr1"][207]), *snvs(text, [205])]
    vcf = write_vcf(tmp_path / "x.vcf", rows)
    null = write_vcf(tmp_path / "null.vcf.gz", snvs(text, range(10, 30)))
    counts, scores, dropped, out = run(tmp_path / "a", vcf, null, genome)
    assert counts["given"] == 7 and counts["scored"] == 5 and counts["dropped"] == {"symbolic": 1, "unknown_contig": 1}
    assert counts["null"] == {"given": 20, "scored": 20, "dropped": {}}
    assert scores["variant"].nunique() * len(SLUGS) == len(scores) == 30 and dropped["record"].tolist() == [3, 5]
    assert tables.read_meta(out["scores"])["counts"] == counts
    assert scores["p_null"].min() >= 1 / 21 and scores["p_null"].max() <= 1
    moved = scores[scores["variant"].str.startswith("chr1:208:")].iloc[0]
    assert moved["pos"] < 205 and len(moved["ref"]) == 3

    with pysam.VariantFile(str(out["vcf"])) as file:
        records = list(file)
        assert list(file.header.contigs) == ["chr1", "chr2"]
        assert [r.id for r in file.fetch("chr2")] == [rows[3][0] + f":40:{rows[3][2]}:{rows[3][3]}"]  # needs the index
    assert [(r.chrom, r.pos) for r in records] == sorted((r.chrom, r.pos) for r in records)
    top = scores.loc[scores.groupby("variant")["log_fc"].transform(lambda v: v.abs().max()) == scores["log_fc"].abs()]
    for record in records:
        row = top[top["variant"] == record.id].iloc[0]
        assert record.info["TRACK"] == row["track"] and record.info["LOGFC"] == pytest.approx(row["log_fc"], rel=1e-5)
        assert record.start == row["pos"] and record.ref == row["ref"] and record.alts == (row["alt"],)
        assert record.info["P"] == pytest.approx(row["p_null"], rel=1e-5)
    assert "TRACK=" in pysam.bcftools.view("-H", str(out["vcf"]))


def test_same_input_same_bytes_and_chunks_lose_nothing(tmp_path, monkeypatch):
    genome, text = random_genome(tmp_path)
    vcf = write_vcf(tmp_path / "x.vcf", snvs(text, range(100, 117)))
    _, once, _, first = run(tmp_path / "a", vcf, None, genome)
    _, _, _, again = run(tmp_path / "b", vcf, None, genome)
    assert all(first[name].read_bytes() == again[name].read_bytes() for name in first)
    monkeypatch.setattr(step, "_ROWS", 7)
    _, chunked, _, _ = run(tmp_path / "c", vcf, None, genome)
    pd.testing.assert_frame_equal(once, chunked)
    assert once["p_null"].isna().all()


def test_nothing_left_ends_clearly(tmp_path):
    genome, text = random_genome(tmp_path)
    null = write_vcf(tmp_path / "null.vcf", snvs(text, [20]))
    vcf = write_vcf(tmp_path / "x.vcf", [("chr1", 100, text["chr1"][99], "<DEL>,*")])
    counts, scores, dropped, out = run(tmp_path / "a", vcf, null, genome)
    assert (
        (counts["given"], counts["scored"]) == (2, 0)
        and scores.empty
        and dropped["reason"].tolist() == ["symbolic", "star"]
    )
    with pysam.VariantFile(str(out["vcf"])) as file:
        assert list(file) == []
    counts, scores, dropped, _ = run(tmp_path / "b", write_vcf(tmp_path / "none.vcf", []), None, genome)
    assert counts["given"] == 0 and scores.empty and dropped.empty


def test_a_vcf_of_another_build_stops_before_any_model_runs(tmp_path, monkeypatch):
    genome, text = random_genome(tmp_path)
    ((chrom, pos, ref, alt),) = snvs(text, [100])
    monkeypatch.setattr(step, "score", lambda *a, **k: pytest.fail("scored"))
    with pytest.raises(UserError, match=r"REF differs from the genome in 1 of 1 alleles \(first: record 1, chr1:100"):
        run(tmp_path / "a", write_vcf(tmp_path / "x.vcf", [(chrom, pos, alt, ref)]), None, genome)


def test_long_alleles_are_dropped_by_the_window_too(tmp_path):
    genome, text = random_genome(tmp_path)
    vcf = write_vcf(tmp_path / "x.vcf", [("chr1", 400, text["chr1"][399], text["chr1"][399] + "C" * 64)])
    counts, *_ = run(tmp_path / "a", vcf, None, genome)
    assert counts["dropped"] == {"too_long": 1}  # 65 > 256 / 4, although max_length is 1000


def test_strongest_keeps_one_row_per_allele_even_of_repeats():
    rows = pd.DataFrame({"variant": ["v"] * 4, "pos": [1] * 4, "log_fc": [0.1, -0.4, 0.3, 0.2]})
    assert strongest(rows, 2)["log_fc"].tolist() == [-0.4, 0.3]
