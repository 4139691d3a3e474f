"""presage.sequence.bam: every read used or counted, blocks exact, bad files refused."""

from collections import Counter

import pysam
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from presage.errors import UserError
from presage.sequence.atac import read_atac
from presage.sequence.bam import Bam, Rules
from presage.sequence.barcodes import Barcodes
from presage.sequence.rna import read_rna
from presage.sequence.stretches import Stretch, cut
from presage.sequence.umis import molecules
from tests.unit.sequence.small_reads import CELLS, CONTIGS, Read, random_reads, slow_reading, write_bam

FEW = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read_all(path, rules=Rules(), known=CELLS, reference=None, longest=25_000_000):  # noqa: B008
    """Fates, depth (position -> reads) per (cell, strand, contig), and the number of reads, stretch by stretch."""
    bam, barcodes = Bam(path, reference, rules), Barcodes(known)
    fate, depth = Counter(bam.skipped), {}
    for stretch in cut(reference or bam.lengths, longest=longest):
        reads, dropped, _ = read_rna(bam, stretch, barcodes, rules)
        first = molecules(reads, reads.gene)
        fate += dropped + Counter(used=int(first.sum()), umi_duplicate=int((~first).sum()))
        kept = reads.take(first)
        for i in range(len(kept)):
            key = (list(barcodes.index)[kept.cell[i]], "-" if kept.minus[i] else "+", stretch.chrom)
            here = depth.setdefault(key, Counter())
            for b in range(kept.offset[i], kept.offset[i + 1]):
                here.update(range(kept.block_start[b], kept.block_end[b]))
    bam.close()
    return {k: v for k, v in fate.items() if v}, depth, bam.total


@FEW
@given(random_reads())
def test_any_bam_gives_the_depth_and_fates_of_a_plain_loop(tmp_path, reads):
    reads[0] = reads[0]._replace(tags=(("CB", "AAAC-1"), ("UB", "ACGT")))
    path = write_bam(tmp_path / "a.bam", reads)
    slow = slow_reading(path, dict(zip(CELLS, CELLS)))
    fate, depth, total = read_all(path)
    assert fate == slow["fate"]
    assert sum(fate.values()) == total == len(reads)
    assert depth == slow["depth"]


@FEW
@given(random_reads(), st.integers(1, 200))
def test_stretches_of_any_length_read_each_read_once(tmp_path, reads, longest):
    """Molecules reach as far as a stretch, so here every read is one of its own."""
    reads = [
        r._replace(tags=(*[t for t in r.tags if t[0] == "CB"], ("UB", f"{i:020b}".translate({48: "A", 49: "C"}))))
        for i, r in enumerate(reads)
    ]
    reads[0] = reads[0]._replace(tags=(("CB", "AAAC-1"), ("UB", "G")))
    path = write_bam(tmp_path / "a.bam", reads)
    assert read_all(path, longest=longest) == read_all(path)


@pytest.mark.parametrize("name", ["mgatk_test2_umi.bam", "bamtofastq_cr12-v1.bam"])
def test_real_bams_give_the_depth_and_fates_of_a_plain_loop(real_data, tmp_path, name):
    path = tmp_path / name
    path.write_bytes((real_data / "singlecell" / name).read_bytes())
    pysam.index(str(path))
    with pysam.AlignmentFile(str(path)) as file:
        cells = sorted({r.get_tag("CB") for r in file.fetch(until_eof=True) if r.has_tag("CB")})
    used_contigs = {"MT": 16569} if "mgatk" in name else None
    slow = slow_reading(path, dict(zip(cells, cells)))
    fate, depth, total = read_all(path, known=cells, reference=used_contigs)
    assert fate == slow["fate"]
    assert sum(fate.values()) == total == {"mgatk_test2_umi.bam": 48_130, "bamtofastq_cr12-v1.bam": 5_738}[name]
    assert depth == slow["depth"]


def test_without_umis_the_duplicate_flag_decides(tmp_path):
    path = write_bam(tmp_path / "a.bam", [Read(), Read(), Read(flag=1024)])
    fate, _, _ = read_all(path, Rules(umi=False))
    assert fate == {"used": 2, "duplicate": 1}


def test_five_prime_reads_are_antisense(tmp_path):
    path = write_bam(tmp_path / "a.bam", [Read(flag=16)])
    assert [key[1] for key in read_all(path)[1]] == ["-"]
    assert [key[1] for key in read_all(path, Rules(antisense=True))[1]] == ["+"]


def test_xf_counts_only_when_it_is_asked_for(tmp_path):
    tags = (("CB", "AAAC-1"), ("UB", "ACGT"))
    path = write_bam(tmp_path / "a.bam", [Read(tags=(*tags, ("xf", 17)))])
    assert read_all(path)[0] == {"not_xf": 1}
    assert read_all(path, Rules(require_xf=False))[0] == {"used": 1}


@pytest.mark.parametrize("umi", [True, False])
def test_barcode_and_umi_in_the_read_name(tmp_path, umi):
    names = ["AAAC-1_ACGT#1", "AAAC-1_ACGT#2", "CCCG-1_AC#1", "nothing"]
    path = write_bam(tmp_path / "a.bam", [Read(name=name, tags=()) for name in names])
    rules = Rules(read_name=r"^(?P<barcode>[ACGT]+-1)_(?P<umi>[ACGT]+)", umi=umi)
    fate, depth, _ = read_all(path, rules)
    assert fate == ({"used": 2, "umi_duplicate": 1, "no_cb": 1} if umi else {"used": 3, "no_cb": 1})
    assert set(depth) == {("AAAC-1", "+", "chr1"), ("CCCG-1", "+", "chr1")}
    with pytest.raises(UserError, match="carries no barcode in its read names"):
        Bam(path, rules=Rules(read_name="(?P<barcode>XYZ)"))


def test_a_bam_that_mostly_lacks_barcodes_is_refused_early(tmp_path):
    bare = [Read(tags=(("UB", "ACGT"),))] * 60
    path = write_bam(tmp_path / "a.bam", [*bare, *[Read()] * 40])
    with pytest.raises(UserError, match=r"60 % of reads carry no CB tag .* raise pseudobulk.max_no_barcode"):
        Bam(path)
    assert Bam(path, most_bare=0.6).peek.reads == 100


def test_a_look_at_the_file_tells_what_reads_carry(tmp_path):
    tags = (("CB", "AAAC-1"), ("UB", "ACGT"))
    path = write_bam(tmp_path / "a.bam", [Read(tags=(*tags, ("xf", 25))), Read("chr2", tags=tags[:1]), Read(flag=256)])
    assert Bam(path).peek == (2, 2, 1, 1, ["AAAC-1"])


def test_unlabelled_barcodes_are_counted_for_the_knee(tmp_path):
    tags = (("CB", "TTTT-1"), ("UB", "ACGT"))
    path = write_bam(tmp_path / "a.bam", [Read(), Read(tags=tags), Read(tags=(*tags, ("xf", 17)))])
    barcodes = Barcodes(CELLS)
    _, dropped, others = read_rna(Bam(path), Stretch("chr1", 0, 400), barcodes, Rules())
    assert (dropped["not_labelled"], dropped["not_xf"]) == (1, 1)
    assert others.tolist() == [barcodes.index["TTTT-1"]] == [3]


def test_contigs_that_the_genome_lacks_are_counted(tmp_path):
    path = write_bam(tmp_path / "a.bam", [Read("chr1"), Read("chr2"), Read("chr2")])
    assert read_all(path, reference={"1": 400})[0] == {"used": 1, "contig_not_in_genome": 2}


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


# ---- bad input -------------------------------------------------------------------------------------------------


def test_bam_without_index(tmp_path):
    with pytest.raises(UserError, match="has no index; run `samtools index"):
        Bam(write_bam(tmp_path / "a.bam", [Read()], index=False))


@pytest.mark.parametrize("keep", [-28, 0.5])
def test_truncated_bam(tmp_path, real_data, keep):
    whole = (real_data / "singlecell/mgatk_test2_umi.bam").read_bytes()
    path = tmp_path / "a.bam"
    path.write_bytes(whole)
    pysam.index(str(path))
    path.write_bytes(whole[:keep] if keep < 0 else whole[: int(keep * len(whole))])
    with pytest.raises(UserError, match="is truncated"):
        Bam(path)


def test_bam_with_a_hole_in_the_middle(tmp_path, real_data):
    """The end marker is there, so only reading can tell."""
    whole = bytearray((real_data / "singlecell/mgatk_test2_umi.bam").read_bytes())
    path = tmp_path / "a.bam"
    path.write_bytes(whole)
    pysam.index(str(path))
    whole[len(whole) // 2 : len(whole) // 2 + 5000] = bytes(5000)
    path.write_bytes(whole)
    with pytest.raises(UserError, match="is truncated, corrupt or no BAM") as error:
        read_rna(Bam(path), Stretch("MT", 0, 16_569), Barcodes(), Rules())
    assert "\n" not in str(error.value)


def test_bam_without_cell_barcodes(tmp_path):
    with pytest.raises(UserError, match="carries no CB tag"):
        Bam(write_bam(tmp_path / "a.bam", [Read(tags=(("UB", "ACGT"),))]))


def test_bam_of_another_genome(tmp_path):
    path = write_bam(tmp_path / "a.bam", [Read()])
    with pytest.raises(UserError, match="no contig name matches"):
        Bam(path, {"I": 400})
    with pytest.raises(UserError, match="contig chr1 is 400 bp here and 401 bp"):
        Bam(path, {"chr1": 401})


def test_no_bam_at_all(tmp_path):
    (tmp_path / "a.bam").write_text("text")
    with pytest.raises(UserError, match="is not a BAM file"):
        Bam(tmp_path / "a.bam")
    with pytest.raises(UserError, match="cannot be read"):
        Bam(tmp_path / "none.bam")


def test_contig_order_of_the_reference_does_not_matter(tmp_path):
    path = write_bam(tmp_path / "a.bam", [Read("chr1"), Read("chr2")])
    forward = read_all(path, reference=CONTIGS)
    backward = read_all(path, reference=dict(reversed(CONTIGS.items())))
    assert forward[0] == backward[0] == {"used": 2}
