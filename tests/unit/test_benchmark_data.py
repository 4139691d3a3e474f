"""tests.benchmarks: the simulated data have the properties that the benchmarks' numbers rest on."""

import subprocess
import sys
from collections import Counter

import numpy as np
import pysam
import pytest

from tests.benchmarks import atac, tenx, tenx_bam
from tests.benchmarks.measure import run
from tests.benchmarks.pysam_loop import shares

READS, SCALE = 20_000, 200.0


@pytest.fixture(scope="module")
def world():
    return tenx.make_world(seed=1, scale=SCALE, genes=300)


@pytest.fixture(scope="module")
def bam(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tenx")
    tenx.write_world(folder, world)
    tenx_bam.write_bam(folder / "a.bam", world, READS, seed=1)
    return folder / "a.bam"


@pytest.fixture(scope="module")
def reads(bam):
    with pysam.AlignmentFile(str(bam)) as file:
        return list(file.fetch(until_eof=True))


def share(reads, condition):
    return sum(map(condition, reads)) / len(reads)


def test_reads_are_sorted_valid_and_of_the_promised_kinds(bam, reads):
    pysam.samtools.quickcheck(str(bam))
    places = [(r.reference_id if r.reference_id >= 0 else 99, r.reference_start) for r in reads]
    assert places == sorted(places)
    primary = [r for r in reads if not r.is_secondary]
    assert len(primary) == READS
    assert share(primary, lambda r: r.is_unmapped) == pytest.approx(tenx.UNMAPPED, abs=0.001)
    assert 0.10 < share(primary, lambda r: "N" in (r.cigarstring or "")) < 0.22
    assert 0.02 < share(primary, lambda r: not r.is_unmapped and r.mapping_quality < 30) < 0.07
    assert 0.02 < share(primary, lambda r: not r.has_tag("CB")) < 0.06
    with pysam.AlignmentFile(str(bam)) as file:
        for read in reads:
            assert read.query_length == 91
            if not read.is_unmapped:
                assert read.infer_query_length() == 91
                assert read.reference_end <= file.get_reference_length(read.reference_name)


def test_aligned_bases_are_the_genome_but_for_errors(bam, reads):
    with pysam.FastaFile(str(bam.parent / "genome.fa")) as genome:
        contigs = {name: genome.fetch(name) for name in genome.references}
    wrong = total = 0
    for read in reads[::20]:
        for base, at in read.get_aligned_pairs(matches_only=True):
            total += 1
            wrong += read.query_sequence[base] != contigs[read.reference_name][at]
    assert 0.001 < wrong / total < 0.006


def test_labelled_cells_hold_most_reads_and_few_hold_many(bam, reads):
    labels = [line.split("\t") for line in (bam.parent / "labels.tsv").read_text().splitlines()[1:]]
    labelled = dict(labels)
    assert len(labelled) == tenx.CELLS and len(set(labelled.values())) == tenx.TYPES
    counts = Counter(r.get_tag("CB") for r in reads if r.has_tag("CB"))
    inside = sum(number for barcode, number in counts.items() if barcode in labelled)
    assert 0.75 < inside / len(reads) < 0.85
    assert max(counts.values()) > 5 * np.median([counts[barcode] for barcode in labelled if barcode in counts])


def test_one_read_of_a_molecule_is_counted(reads):
    counted = Counter((r.get_tag("CB"), r.get_tag("UB"), r.get_tag("GX")) for r in reads if r.get_tag("xf") == 25)
    copies = Counter(
        (r.get_tag("CB"), r.get_tag("UB"), r.get_tag("GX")) for r in reads if r.get_tag("xf") == 17 and r.has_tag("UB")
    )
    assert set(counted.values()) == {1}
    assert copies.keys() <= counted.keys()
    assert 2 < 1 + sum(copies.values()) / len(counted) < 4


def test_same_seed_same_bytes(world, bam, tmp_path):
    tenx_bam.write_bam(tmp_path / "b.bam", world, READS, seed=1)
    assert (tmp_path / "b.bam").read_bytes() == bam.read_bytes()


def test_the_loops_two_shares_hold_every_contig_once(world, bam):
    one, two = shares(str(bam))
    assert sorted([*one, *two]) == sorted(world.lengths)


def test_fragments_are_sorted_unique_and_inside(world, tmp_path):
    path = tmp_path / "f.tsv.gz"
    atac.write_fragments(path, world, 5000, seed=1)
    order = list(world.lengths)
    with pysam.TabixFile(str(path)) as file:
        rows = [line.split("\t") for name in file.contigs for line in file.fetch(name)]
    places = [(order.index(c), int(start), int(end), barcode) for c, start, end, barcode, _ in rows]
    assert [p[:2] for p in places] == sorted(p[:2] for p in places)
    assert len(set(places)) == len(places) > 4900
    assert all(0 <= start < end <= world.lengths[order[contig]] for contig, start, end, _ in places)


def test_the_cost_of_a_command_counts_its_children():
    child = "import time; held = bytearray(80_000_000); time.sleep(0.5)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    cost = run([sys.executable, "-c", parent])
    assert cost.seconds > 0.5 and cost.rss_mb > 80


def test_a_command_that_fails_says_so():
    with pytest.raises(RuntimeError, match="no such thing"):
        run([sys.executable, "-c", "raise SystemExit('no such thing')"])


@pytest.mark.parametrize("script", ["bench_pseudobulk", "bench_fragments"])
def test_the_scripts_start_from_anywhere(script, tmp_path, request):
    path = request.config.rootpath / "tests" / "benchmarks" / f"{script}.py"
    assert subprocess.run([sys.executable, path, "--help"], cwd=tmp_path, capture_output=True).returncode == 0
