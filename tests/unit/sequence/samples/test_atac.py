"""presage.sequence.samples.atac: pairs become fragments, every read used or counted."""

from collections import Counter

import pysam
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from presage.sequence.reference.stretches import Stretch, cut
from presage.sequence.samples.atac import read_atac
from presage.sequence.samples.bam import Bam, Rules
from presage.sequence.samples.barcodes import Barcodes
from tests.unit.sequence.small_reads import CELLS, Read, write_bam

FEW = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def pair(cell, start, size, name, **more):
    """Both mates of a proper pair whose fragment is [start, start + size)."""
    tags = (("CB", cell),)
    forward = Read(start=start, flag=1 | 2 | 32 | 64, name=name, length=size, tags=tags)._replace(**more)
    return [forward, Read(start=start + size - 10, flag=1 | 2 | 16 | 128, name=name, length=-size, tags=tags)]


@FEW
@given(st.lists(st.tuples(st.sampled_from(CELLS), st.integers(0, 200), st.integers(20, 90)), min_size=1, max_size=12))
def test_pairs_become_shifted_fragments_once_per_cell(tmp_path, pairs):
    reads = [read for i, (cell, start, size) in enumerate(pairs) for read in pair(cell, start, size, f"r{i}")]
    bam, barcodes = Bam(write_bam(tmp_path / "a.bam", reads)), Barcodes(CELLS[:2])
    mine = {(CELLS.index(c), s + 4, s + n - 5) for c, s, n in pairs if c in CELLS[:2]}
    for longest in (400, 37):
        found, fate = [], Counter()
        for stretch in cut({"chr1": 400}, longest=longest):
            fragments, dropped, _ = read_atac(bam, stretch, barcodes, Rules())
            found += zip(fragments.cell.tolist(), fragments.start.tolist(), fragments.end.tolist())
            fate.update(dropped)
        assert set(found) == mine
        assert len(found) == len(mine)
        assert fate["used"] == 2 * len(mine)
        assert sum(fate.values()) == len(reads)
    bam.close()


def test_what_is_no_pair_is_counted(tmp_path):
    reads = [
        *pair("AAAC-1", 10, 50, "lone", mapq=3),
        *pair("AAAC-1", 10, 50, "wide", flag=1 | 32 | 64),
        *pair("AAAC-1", 60, 50, "good"),
        *[read._replace(flag=read.flag | 1024) for read in pair("AAAC-1", 60, 50, "copy")],
        Read(flag=1 | 2, tags=(), name="bare"),
    ]
    fragments, dropped, _ = read_atac(
        Bam(write_bam(tmp_path / "a.bam", reads)), Stretch("chr1", 0, 400), Barcodes(CELLS), Rules()
    )
    assert (fragments.start.tolist(), fragments.end.tolist()) == ([64], [105])
    assert +dropped == Counter(used=2, low_mapq=1, not_proper_pair=1, mate_not_used=2, duplicate=2, no_cb=1)


def test_real_atac_bam_matches_pairing_by_name(real_data, tmp_path):
    path = tmp_path / "atac.bam"
    path.write_bytes((real_data / "singlecell/mgatk_cra_v2_atac.bam").read_bytes())
    pysam.index(str(path))
    mates, total = {}, 0
    with pysam.AlignmentFile(str(path)) as file:
        for read in file.fetch(until_eof=True):
            total += 1
            if read.flag & 0xF04 == 0 and read.is_proper_pair and read.mapping_quality >= 30:
                mates.setdefault(read.query_name, {})[read.is_reverse] = read
    expected = {
        (m[False].get_tag("CB"), m[False].reference_start + 4, m[True].reference_end - 5)
        for m in mates.values()
        if len(m) == 2 and m[True].reference_end - 5 > m[False].reference_start + 4
    }
    barcodes = Barcodes()
    fragments, dropped, _ = read_atac(Bam(path, {"chrM": 16569}), Stretch("chrM", 0, 16_569), barcodes, Rules())
    names = list(barcodes.index)
    found = {(names[c], s, e) for c, s, e in zip(fragments.cell, fragments.start, fragments.end)}
    assert found == expected
    assert 2 * len(fragments) == dropped["used"]
    assert sum(dropped.values()) == total == 50_000
