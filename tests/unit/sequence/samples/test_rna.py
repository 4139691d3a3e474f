"""presage.sequence.samples.rna: every read used or counted, blocks exact."""

from collections import Counter

import pysam
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from presage.errors import UserError
from presage.sequence.reference.stretches import Stretch, cut
from presage.sequence.samples.bam import Bam, Rules
from presage.sequence.samples.barcodes import Barcodes
from presage.sequence.samples.rna import read_rna
from presage.sequence.samples.umis import molecules
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
    reads[0] = reads[0]._replace(flag=0, tags=(("CB", "AAAC-1"), ("UB", "ACGT")))
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
    reads[0] = reads[0]._replace(flag=0, tags=(("CB", "AAAC-1"), ("UB", "G")))
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


def test_contig_order_of_the_reference_does_not_matter(tmp_path):
    path = write_bam(tmp_path / "a.bam", [Read("chr1"), Read("chr2")])
    forward = read_all(path, reference=CONTIGS)
    backward = read_all(path, reference=dict(reversed(CONTIGS.items())))
    assert forward[0] == backward[0] == {"used": 2}
