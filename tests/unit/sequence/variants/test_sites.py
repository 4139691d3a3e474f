"""From a file to the sites that are scored: nothing lost, nothing twice, in genome order."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from presage import tables
from presage.errors import UserError
from presage.sequence.variants import sites as module
from presage.sequence.variants.alleles import REASONS
from presage.sequence.variants.places import Places
from presage.sequence.variants.sites import Sites, longest, write_sites
from tests.unit.sequence.variants.cases import GENES, WINDOWS, random_genome, write_vcf


def sites(folder, path, genome, **more):
    """Counts, sites and dropped."""
    folder.mkdir(exist_ok=True)
    out = folder / "sites.parquet", folder / "dropped.parquet"
    counts = write_sites(path, genome, Places(WINDOWS, GENES), *out, **{"max_length": 19, **more})
    return counts, tables.read(out[0], "sites"), tables.read(out[1], "dropped")


def snv(text, pos, chrom="chr1"):
    """1-based."""
    ref = text[chrom][pos - 1]
    return chrom, pos, ref, "A" if ref != "A" else "C"


def test_sorted_once_each_and_the_rest_with_its_reason(tmp_path):
    genome, text = random_genome(tmp_path)
    rows = [
        snv(text, 40, "chr2"),
        snv(text, 250),
        snv(text, 120),
        ("2", *snv(text, 40, "chr2")[1:]),  # the same allele under the contig's other name
        ("chr1", 208, text["chr1"][207:210], text["chr1"][207]),
        ("chr1", 207, text["chr1"][206:209], text["chr1"][206]),  # another spelling of the same deletion in a repeat
        ("chr1", 100, text["chr1"][99], "<DUP>"),
        ("chr9", 1, "A", "C"),
    ]
    counts, found, dropped = sites(tmp_path / "a", write_vcf(tmp_path / "x.vcf", rows), genome)
    assert counts.as_dict() == {
        "given": 8,
        "scored": 4,
        "dropped": {"duplicate": 2, "symbolic": 1, "unknown_contig": 1},
    }
    assert found["site"].tolist() == [0, 1, 2, 3] and found["chrom"].tolist() == ["chr1"] * 3 + ["chr2"]
    assert found["pos"].is_monotonic_increasing is False and found["pos"][:3].is_monotonic_increasing
    assert found["record"].tolist() == [3, 5, 2, 1] and found["kind"].tolist() == ["snv", "deletion", "snv", "snv"]
    assert found["variant"][1] == f"chr1:208:{rows[4][2]}:{rows[4][3]}"  # as given, though it moved to the left
    assert dropped["record"].tolist() == [7, 8, 6, 4]  # in the file's order, then what stands twice in the genome's
    assert found["fold"].tolist() == ["train", "test", "test", "valid"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_scored_and_dropped_are_what_was_given(tmp_path, data):
    genome, text = random_genome(tmp_path)
    rows = []
    for _ in range(data.draw(st.integers(0, 12))):
        chrom = data.draw(st.sampled_from(["chr1", "1", "chr2", "chrX"]))
        pos = data.draw(st.integers(0, 620))
        here = text.get(chrom, text["chr1"])[max(0, pos - 1) : max(0, pos - 1) + data.draw(st.integers(1, 4))]
        ref = data.draw(st.sampled_from([here or "A", here.lower() or "a", "A", "ACG", "N"]))
        alts = data.draw(
            st.lists(st.sampled_from(["A", "c", "GT", "*", "<DEL>", ".", "N", "A[chr2:5["]), min_size=1, max_size=3)
        )
        rows.append((chrom, pos, ref, ",".join(alts)))
    rows.append(snv(text, 50))  # so that some contig is known
    counts, found, dropped = sites(tmp_path / "a", write_vcf(tmp_path / "x.vcf", rows), genome, max_mismatch=1.0)
    assert counts.given == sum(len(row[3].split(",")) for row in rows) == len(found) + len(dropped)
    assert counts.scored == len(found) and dict(dropped["reason"].value_counts()) == counts.dropped
    assert set(dropped["reason"]) <= set(REASONS)
    assert not found.duplicated(["chrom", "pos", "ref", "alt"]).any()
    for chrom, pos, ref in zip(found["chrom"], found["pos"], found["ref"]):
        assert text[chrom][pos : pos + len(ref)] == ref
    order = list(zip(found["chrom"].map({"chr1": 0, "chr2": 1}), found["pos"]))
    assert order == sorted(order)


def test_sets_that_are_larger_than_what_is_held(tmp_path, monkeypatch):
    genome, text = random_genome(tmp_path)
    rows = [snv(text, pos, chrom) for pos in range(299, 50, -1) for chrom in ("chr1", "chr2")]
    _, once, _ = sites(tmp_path / "a", write_vcf(tmp_path / "x.vcf", rows), genome)
    monkeypatch.setattr(module, "_HELD", 7)
    _, again, _ = sites(tmp_path / "b", tmp_path / "x.vcf", genome)
    assert again.equals(once) and len(once) == 498
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == ["dropped.parquet", "sites.parquet"]


def test_a_null_set_without_what_is_scored(tmp_path):
    genome, text = random_genome(tmp_path)
    own = write_vcf(tmp_path / "x.vcf", [snv(text, 50), snv(text, 60, "chr2")])
    sites(tmp_path / "a", own, genome)
    null = write_vcf(tmp_path / "n.vcf", [snv(text, pos) for pos in (50, 51)] + [snv(text, 60, "chr2")])
    without = Sites(tmp_path / "a" / "sites.parquet")
    counts, found, _ = sites(tmp_path / "b", null, genome, without=without)
    assert counts.dropped == {"in_the_set": 2} and found["pos"].tolist() == [50]


def test_wrong_build_is_one_line(tmp_path):
    genome, text = random_genome(tmp_path)
    base = text["chr1"][49]
    wrong = "C" if base == "A" else "A"
    path = write_vcf(tmp_path / "x.vcf", [("chr1", 50, wrong, base)])
    with pytest.raises(UserError, match=rf"x\.vcf: REF differs .* 1 of 1 .*chr1:50 {wrong}, genome {base}"):
        sites(tmp_path / "a", path, genome)
    mixed = write_vcf(tmp_path / "y.vcf", [("chr1", 50, wrong, base), ("chr1", 50, base, wrong)])
    assert sites(tmp_path / "b", mixed, genome, max_mismatch=0.5)[0].dropped == {"ref_mismatch": 1}
    with pytest.raises(UserError, match="REF differs"):
        sites(tmp_path / "b", mixed, genome, max_mismatch=0.4)


def test_unknown_contigs_only_is_one_line(tmp_path):
    genome, _ = random_genome(tmp_path)
    path = write_vcf(tmp_path / "x.vcf", [("NT_187361.1", 50, "A", "C"), ("chr9", 50, "A", "C")])
    with pytest.raises(UserError, match=r"no contig is in the genome \(NT_187361.1, chr9 against chr1, chr2\)"):
        sites(tmp_path / "a", path, genome)


def test_no_allele_left_is_not_an_error(tmp_path):
    genome, _ = random_genome(tmp_path)
    counts, found, dropped = sites(tmp_path / "a", write_vcf(tmp_path / "x.vcf", [("chr1", 5, "A", "<DEL>")]), genome)
    assert counts.dropped == {"symbolic": 1} and found.empty and len(dropped) == 1
    counts, found, dropped = sites(tmp_path / "b", write_vcf(tmp_path / "y.vcf", []), genome)
    assert counts.given == 0 and found.empty and dropped.empty


def test_longest_allele_is_that_of_the_window_too():
    assert longest(1000, WINDOWS) == 64 and longest(10, WINDOWS) == 10
