"""presage.sequence.reference.blacklist: BED in any state to disjoint regions of the genome."""

import gzip

import pytest

from presage import tables
from presage.errors import UserError
from presage.sequence.reference.blacklist import read_blacklist
from tests.unit.sequence.small_reads import CONTIGS


@pytest.mark.parametrize("zipped", [False, True])
def test_regions_are_merged_matched_and_cut(tmp_path, zipped):
    text = b"2\t50\t60\tHigh Signal Region\n1\t30\t50\tx\n1\t0\t40\tx\n1\t390\t500\tx\n9\t0\t5\tx\n1\t7\t7\tx\n"
    (tmp_path / "b.bed").write_bytes(gzip.compress(text) if zipped else text)
    path = (tmp_path / "b.bed").rename(tmp_path / ("b.bed.gz" if zipped else "b.txt"))
    regions, left_out = read_blacklist(path, CONTIGS)
    assert regions.to_numpy().tolist() == [["chr1", 0, 50], ["chr1", 390, 400], ["chr2", 50, 60]]
    assert left_out == {"regions_not_in_genome": 1}
    tables.write(tmp_path / "b.parquet", "blacklist", regions)


def test_an_empty_list_is_none(tmp_path):
    (tmp_path / "b.bed").write_text("# nothing\n")
    assert len(read_blacklist(tmp_path / "b.bed", CONTIGS)[0]) == 0


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("chr1\tx\ty\n", "is not BED; give chrom, start, end"),
        ("chr1\t1\n", "is not BED"),
        ("chr1\t9\t1\n", "is not BED"),
        ("I\t1\t9\n", "no contig name matches"),
        (None, "cannot be read"),
    ],
)
def test_bad_lists_are_told_in_one_line(tmp_path, text, what):
    if text is not None:
        (tmp_path / "b.bed").write_text(text)
    with pytest.raises(UserError, match=what) as error:
        read_blacklist(tmp_path / "b.bed", CONTIGS)
    assert "\n" not in str(error.value)


# ---- coverage in it ----
