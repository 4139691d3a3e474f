"""From a file of any mess to a table of sites: nothing is lost, nothing is scored twice, order does not matter."""

import ast
import random

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presage import provenance, tables
from presage.errors import UserError
from presage.sequence.reference.genome import Genome
from presage.sequence.variants import sites as module
from presage.sequence.variants.alleles import REASONS
from presage.sequence.variants.places import Places
from presage.sequence.variants.sites import Study, longest, write_sites
from tests.unit.sequence.variants.cases import GENES, WINDOWS, random_genome, write_vcf


def study(genome: Genome, max_length: int = 20, max_mismatch: float = 1.0) -> Study:
    return Study(genome, Places(WINDOWS, GENES), max_length, max_mismatch)


def run(folder, path, genome, known=None, **limits):
    """Counts, sites, dropped, and the files."""
    folder.mkdir(exist_ok=True)
    out = {"sites": folder / "sites.parquet", "dropped": folder / "dropped.parquet"}
    counts = write_sites(path, study(genome, **limits), out, known=known, meta={"simulated": True})
    table = "sites" if known is None else "null_sites"
    return counts, tables.read(out["sites"], table), tables.read(out["dropped"], "dropped"), out


def haplotype(text, row):
    """The contig with the allele in it: what two spellings of one allele share."""
    return row.chrom, text[row.chrom][: row.pos] + row.alt + text[row.chrom][row.pos + len(row.ref) :]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return random_genome(tmp_path_factory.mktemp("genome"))


def snv(text, pos, chrom="chr1"):
    """A record of a substitution at a 0-based position."""
    ref = text[chrom][pos]
    return chrom, pos + 1, ref, "A" if ref != "A" else "C"


@st.composite
def messy(draw, text):
    """One VCF record, good or bad."""
    chrom = draw(st.sampled_from(["chr1", "1", "chr2", "chrX", "chrUn"]))
    known = text.get({"1": "chr1"}.get(chrom, chrom), "")
    at = draw(st.one_of(st.integers(1, 12), st.integers(195, 225), st.integers(296, 306), st.integers(-3, 700)))
    true = known[max(at, 1) - 1 : max(at, 1) - 1 + draw(st.integers(1, 25))]
    ref = draw(st.one_of(st.just(true or "A"), st.just((true or "A").lower()), st.text("ACGTNacgtn-", min_size=1)))
    bases = st.one_of(
        st.text("ACGT", min_size=1, max_size=4),
        st.just(ref + "A"),
        st.just(ref[0]),
        st.just(ref[:-1] + "T"),  # several bases that may come down to one
        st.sampled_from(
            ["*", ".", "<DEL>", "<*>", "", "N", "acgt", f"{ref}[chr2:5[", f"]chr2:5]{ref}", ".A", "A.", "-"]
        ),
    )
    return chrom, at, ref, ",".join(draw(st.lists(bases, min_size=1, max_size=4)))


@settings(max_examples=60)
@given(st.data())
def test_scored_and_dropped_make_what_was_given(world, tmp_path_factory, data):
    genome, text = world
    folder = tmp_path_factory.mktemp("messy")
    # At least one known contig, or the file is refused as a whole.
    rows = [snv(text, 50), *data.draw(st.lists(messy(text), max_size=12))]
    counts, sites, dropped, _ = run(folder, write_vcf(folder / "x.vcf", rows), genome)
    given_ = sum(len(alts.split(",")) for *_, alts in rows)
    assert counts["given"] == given_ == len(sites) + len(dropped)
    assert counts["scored"] == len(sites) and counts["dropped"] == dropped["reason"].value_counts().to_dict()
    assert set(dropped["reason"]) <= set(REASONS)
    haplotypes = [haplotype(text, row) for row in sites.itertuples()]
    assert len(set(haplotypes)) == len(haplotypes)
    for row in sites.itertuples():
        assert text[row.chrom][row.pos : row.pos + len(row.ref)] == row.ref and set(row.ref + row.alt) <= set("ACGT")
        chrom, pos, ref, alt = row.variant.split(":")  # as given, and it is that record's
        assert (chrom, int(pos), ref.lower()) == (*rows[row.record - 1][:2], rows[row.record - 1][2].lower())
        assert alt.lower() in rows[row.record - 1][3].lower().split(",")
    # A duplicate's allele is scored, by an earlier allele of the file.
    for row in dropped[dropped["reason"] == "duplicate"].itertuples():
        twin = sites[(sites["chrom"] == row.chrom) & (sites["pos"] == row.pos) & (sites["alt"] == row.alt)]
        assert len(twin) == 1 and twin["record"].iloc[0] <= row.record and twin["ref"].iloc[0] == row.ref


def test_sites_stand_in_genome_order_with_their_places(world, tmp_path):
    genome, text = world
    rows = [snv(text, 250), snv(text, 40, "chr2"), snv(text, 120), snv(text, 30)]
    rows.append(("chr1", 210, text["chr1"][209:211], text["chr1"][209]))  # moves left over the repeat
    counts, sites, dropped, out = run(tmp_path / "a", write_vcf(tmp_path / "x.vcf.gz", rows), genome)
    assert sites["site"].tolist() == list(range(5)) and dropped.empty
    assert sites["record"].tolist() == [4, 3, 5, 1, 2] and sites["chrom"].tolist() == ["chr1"] * 4 + ["chr2"]
    assert sites["pos"][:4].is_monotonic_increasing
    assert sites["kind"].tolist() == ["snv", "snv", "deletion", "snv", "snv"] and sites["pos"][2] < 209
    assert sites["fold"].tolist() == ["train", "train", "test", "test", "valid"]
    assert sites["gene"].tolist() == ["g1", "g1", "g1", "g1", None]
    assert sites["tss_distance"].tolist()[:2] == [-70, 20] and pd.isna(sites["tss_distance"][4])
    assert tables.read_meta(out["sites"]) == {"simulated": True, "sites": {"counts": counts}}
    assert tables.read_meta(out["dropped"]) == {"simulated": True, "counts": counts}


def test_order_in_the_file_and_rows_in_memory_do_not_matter(world, tmp_path, monkeypatch):
    genome, text = world
    rows = [snv(text, pos, chrom) for chrom in ("chr1", "chr2") for pos in range(100, 140)]
    _, once, _, first = run(tmp_path / "a", write_vcf(tmp_path / "x.vcf", rows), genome)
    _, _, _, again = run(tmp_path / "b", tmp_path / "x.vcf", genome)
    assert all(first[name].read_bytes() == again[name].read_bytes() for name in first)
    monkeypatch.setattr(module, "_BATCH", 7)
    random.Random(1).shuffle(rows)
    _, shuffled, _, _ = run(tmp_path / "c", write_vcf(tmp_path / "y.vcf", rows), genome)
    pd.testing.assert_frame_equal(once.drop(columns="record"), shuffled.drop(columns="record"))


def test_duplicates_are_found_however_they_are_spelled(world, tmp_path):
    genome, text = world
    chrom, pos, ref, alt = snv(text, 60)
    after = text["chr1"][pos]
    rows = [
        ("chr1", 205, text["chr1"][204:206], text["chr1"][204]),  # one CA unit less is the same wherever it is taken
        (chrom, pos, ref, alt),
        ("1", pos, ref.lower(), alt.lower()),
        (chrom, pos, ref + after, alt + after),
        (chrom, pos, ref, f"{alt},{alt}"),
    ]
    rows += [("chr1", p, text["chr1"][p - 1 : p + 2], text["chr1"][p - 1]) for p in (200, 202)]
    counts, sites, dropped, _ = run(tmp_path / "a", write_vcf(tmp_path / "x.vcf", rows), genome)
    assert sorted(dropped["record"]) == [3, 4, 5, 5, 7]
    assert counts == {"given": 8, "scored": 3, "dropped": {"duplicate": 5}}
    assert sorted(sites["record"]) == [1, 2, 6] and f"chr1:{pos}:{ref}:{alt}" in set(sites["variant"])


def test_a_null_set_keeps_nothing_of_its_set(world, tmp_path):
    genome, text = world
    _, _, _, known = run(tmp_path / "a", write_vcf(tmp_path / "x.vcf", [snv(text, p) for p in (20, 30, 40)]), genome)
    rows = [snv(text, p) for p in (50, 40, 10, 30, 30)]
    path = write_vcf(tmp_path / "null.vcf", rows)
    counts, null, dropped, _ = run(tmp_path / "b", path, genome, known=known["sites"])
    assert counts == {"given": 5, "scored": 2, "dropped": {"duplicate": 1, "in_set": 2}}
    assert null["pos"].tolist() == [10, 50] and null["matched"].isna().all() and null["relaxed"].isna().all()
    assert set(dropped.loc[dropped["reason"] == "in_set", "record"]) == {2, 4}


def test_wrong_build_is_one_line(world, tmp_path):
    genome, text = world
    chrom, pos, base, wrong = snv(text, 49)
    path = write_vcf(tmp_path / "x.vcf", [(chrom, pos, wrong, base)])
    with pytest.raises(UserError, match=rf"x\.vcf: REF differs .* 1 of 1 .*record 1, chr1:50 {wrong}, genome {base}"):
        run(tmp_path / "a", path, genome, max_mismatch=0.5)
    mixed = write_vcf(tmp_path / "y.vcf", [(chrom, pos, wrong, base), (chrom, pos, base, wrong)])
    assert run(tmp_path / "b", mixed, genome, max_mismatch=0.5)[0]["dropped"] == {"ref_mismatch": 1}
    with pytest.raises(UserError, match="REF differs"):
        run(tmp_path / "c", mixed, genome, max_mismatch=0.4)


def test_unknown_contigs_only_is_one_line(world, tmp_path):
    path = write_vcf(tmp_path / "x.vcf", [("NT_187361.1", 50, "A", "C"), ("chr9", 50, "A", "C")])
    with pytest.raises(UserError, match=r"no contig is in the genome \(NT_187361.1, chr9 against chr1, chr2\)"):
        run(tmp_path / "a", path, world[0])


def test_no_allele_left_is_no_error(world, tmp_path):
    counts, sites, dropped, _ = run(tmp_path / "a", write_vcf(tmp_path / "x.vcf", []), world[0])
    assert counts == {"given": 0, "scored": 0, "dropped": {}} and sites.empty and dropped.empty
    path = write_vcf(tmp_path / "y.vcf", [("chr1", 5, "A", "<DEL>,*")])
    counts, sites, dropped, _ = run(tmp_path / "b", path, world[0])
    assert counts["dropped"] == {"star": 1, "symbolic": 1} and sites.empty and len(dropped) == 2


def test_genotypes_and_sample_names_go_nowhere(world, tmp_path):
    genome, text = world
    rows = [snv(text, 50), ("chr1", 60, "A", "<DEL>")]
    plain = run(tmp_path / "a", write_vcf(tmp_path / "a.vcf", rows), genome)[3]
    carried = run(tmp_path / "b", write_vcf(tmp_path / "b.vcf", rows, "\tGT\tMRS_SMITH"), genome)[3]
    assert all(plain[name].read_bytes() == carried[name].read_bytes() for name in plain)


def test_the_window_limits_alleles_too():
    assert longest(1000, WINDOWS) == 64 and longest(10, WINDOWS) == 10  # a quarter of 256 bp
    assert longest(1000, WINDOWS.iloc[:0]) == 1000


@pytest.mark.parametrize("script", ["sequence_sites", "sequence_null_sites", "sequence_calibration_sites"])
def test_these_jobs_need_no_torch(script):
    """The rules run in an environment without it."""
    named = set()
    for path in provenance.import_closure(provenance.SCRIPTS / f"{script}.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                named |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                named.add(node.module.split(".")[0])
    assert "pyarrow" in named and "torch" not in named
