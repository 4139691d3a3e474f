"""Regions against going through them base by base."""

from hypothesis import given
from hypothesis import strategies as st

from presage.sequence.reference.genome import encode
from presage.sequence.variants.alleles import Site
from presage.sequence.variants.readers.bed import read_bed, regions


class Text:
    """A genome in memory."""

    def __init__(self, **contigs):
        self.text, self.lengths = contigs, {name: len(text) for name, text in contigs.items()}

    def codes(self, chrom, start, end):
        return encode(self.text[chrom][start:end])


GENOME = Text(chr1="ACGTNNNACGTNAC", chr2="TTTT")
INTERVALS = st.lists(
    st.tuples(st.sampled_from(["chr1", "2", "chrX"]), st.integers(0, 20), st.integers(0, 12)), min_size=1, max_size=8
)


@given(INTERVALS)
def test_every_substitution_once_and_every_gap_counted(tmp_path_factory, intervals):
    path = tmp_path_factory.mktemp("bed") / "x.bed"
    path.write_text("browser x\n" + "".join(f"{c}\t{s}\t{s + n}\tname with spaces\n" for c, s, n in intervals))
    found = list(read_bed(path, GENOME))
    wanted = {(c, p) for c, s, n in intervals for p in range(s, s + n)}
    name = {"chr1": "chr1", "2": "chr2"}
    text = {(c, p): GENOME.text[name[c]][p] for c, p in wanted if c in name and p < GENOME.lengths[name[c]]}
    expected = {(c, p, base, alt) for (c, p), base in text.items() if base != "N" for alt in "ACGT" if alt != base}
    given_ = [(s.chrom, s.pos, s.ref, s.alt) for s in found if s.ref != "N"]
    assert len(given_) == len(expected) and set(given_) == expected
    # What cannot be changed is said once for each of its stretches, at a place that it holds.
    gaps = [s for s in found if s.ref == "N"]
    assert all(s.alt == "N" and (s.chrom, s.pos) in wanted and text.get((s.chrom, s.pos), "N") == "N" for s in gaps)
    assert bool(gaps) == any(text.get(place, "N") == "N" for place in wanted)
    # The record is that of a region that holds the base.
    for s in found:
        chrom, start, size = intervals[s.record - 1]
        assert chrom == s.chrom and start <= s.pos < start + size


def test_a_run_of_unknown_bases_is_one(tmp_path):
    (tmp_path / "x.bed").write_text("chr1 3 8\nchr1\t12\t99\nchrX\t0\t5\n")
    gaps = [s for s in read_bed(tmp_path / "x.bed", GENOME) if s.ref == "N"]
    assert gaps == [Site("chr1", 4, "N", "N", 1), Site("chr1", 14, "N", "N", 2), Site("chrX", 0, "N", "N", 3)]


def test_overlapping_regions_are_parted(tmp_path):
    (tmp_path / "x.bed").write_text("c\t5\t9\nc\t0\t7\nc\t8\t8\nc\t2\t3\nb\t1\t2\n")
    assert list(regions(tmp_path / "x.bed")) == [("b", 1, 2, 5), ("c", 0, 7, 2), ("c", 7, 9, 1)]
