"""Ready bigWigs: what was written is read exactly; other genomes, damage and mixed signs are told."""

import numpy as np
import pyBigWig
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presage.errors import UserError
from presage.sequence.samples import bigwigs
from presage.sequence.samples.bigwigs import BigWigSource
from presage.sequence.samples.tracks import BigWigs, bin_sums
from presage.sheets import Sample

LENGTHS = {"chr1": 130, "chr2": 50}
VALUE = st.sampled_from([0.0, 1.0, 2.0, 3.5, 0.1, 1e-3, float("nan")])


def sample(path, **more):
    return Sample(**{"sample": "s1", "kind": "bigwig", "path": str(path), "assay": "rna", "cell_type": "T", **more})


def write(path, depth, chrom="chr1", lengths=LENGTHS):
    """A bigWig with ``depth`` per base on one contig."""
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader(list(lengths.items()))
        if len(depth):
            at = list(range(len(depth)))
            file.addEntries([chrom] * len(at), at, ends=[a + 1 for a in at], values=[float(v) for v in depth])
    return path


def per_base(runs, length=130):
    depth = np.zeros(length)
    for i, value in enumerate(runs.value):
        depth[runs.edge[i] : runs.edge[i + 1]] = value
    return depth


@settings(max_examples=40)
@given(st.lists(VALUE, min_size=1, max_size=130), st.integers(1, 200), st.sampled_from([1, -1]))
def test_every_base_is_read_whatever_the_piece(tmp_path_factory, depth, piece, sign):
    path = write(tmp_path_factory.mktemp("bw") / "x.bw", sign * np.array(depth))
    expected = np.nan_to_num(np.array(depth + [0] * (130 - len(depth)), np.float32)).astype(np.float64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bigwigs, "_PIECE", piece)
        source = BigWigSource(sample(path), {"1": 130, "2": 50})
        runs = source.runs("1")
    np.testing.assert_array_equal(per_base(runs), expected)
    assert (np.diff(runs.value) != 0).all()
    assert runs.value.dtype == (np.int64 if (expected == np.rint(expected)).all() else np.float64)
    assert ("without their sign" in "".join(source.warnings)) is (sign < 0 and bool(expected.any()))
    assert len(source.runs("2").value) == len(source.runs("unknown").value) == 0


@settings(max_examples=40)
@given(st.lists(VALUE, min_size=1, max_size=130))
def test_reading_and_writing_again_changes_nothing(tmp_path_factory, depth):
    folder = tmp_path_factory.mktemp("bw")
    runs = BigWigSource(sample(write(folder / "x.bw", depth)), LENGTHS).runs("chr1")
    files = BigWigs(folder, ["again"], LENGTHS)
    files.add("again", "chr1", runs)
    files.close()
    again = BigWigSource(sample(folder / "again.bw"), LENGTHS).runs("chr1")
    np.testing.assert_array_equal(per_base(again), per_base(runs))
    bins = bin_sums(runs, np.array([-8, 0, 100]), 4, 8)
    padded = np.concatenate([np.zeros(8), per_base(runs), np.zeros(40)])
    expected = [padded[8 + s : 40 + s].reshape(4, 8).sum(1) for s in (-8, 0, 100)]
    np.testing.assert_allclose(bins, expected, rtol=1e-6, atol=1e-12)
    assert ((bins == 0) == (np.array(expected) == 0)).all()


def test_the_row_says_what_it_is(tmp_path):
    path = write(tmp_path / "x.bw", [1])
    source = BigWigSource(sample(path, assay="atac", donor="d1", tissue="blood"))
    assert (source.assay, source.strand, source.lengths) == ("atac", ".", LENGTHS)
    assert source.group == ("T", "d1", "unknown", "blood")
    assert BigWigSource(sample(path, strand="-")).group[1] == "s1"
    for column, value in (("assay", "cage"), ("assay", ""), ("strand", "plus"), ("cell_type", "")):
        with pytest.raises(UserError, match=f"sample s1, column {column}"):
            BigWigSource(sample(path, **{column: value}))


def test_another_genome_is_told(tmp_path):
    path = write(tmp_path / "x.bw", [1])
    with pytest.raises(UserError, match=r"x\.bw: contig chr1 is 130 bp here and 131 bp"):
        BigWigSource(sample(path), {"chr1": 131})
    with pytest.raises(UserError, match=r"x\.bw: no contig name matches"):
        BigWigSource(sample(path), {"scaffold_1": 130})
    source = BigWigSource(sample(path), {"chr1": 130})
    assert source.warnings == [f"{path}: 1 contigs are not in the genome (chr2 ...)"]


def test_an_empty_bigwig_is_zero_and_said(tmp_path):
    source = BigWigSource(sample(write(tmp_path / "x.bw", [])), LENGTHS)
    assert len(source.runs("chr1").value) == 0
    assert source.warnings == [f"{tmp_path / 'x.bw'}: holds no value"]
    source.close()


def test_every_cut_of_a_bigwig_is_told(tmp_path):
    whole = write(tmp_path / "x.bw", np.arange(130)).read_bytes()
    for size in [0, 3, 4, 40, *range(64, len(whole), 37), len(whole) - 1]:
        (tmp_path / "cut.bw").write_bytes(whole[:size])
        with pytest.raises(UserError, match=r"cut\.bw: is (truncated|no bigWig)"):
            BigWigSource(sample(tmp_path / "cut.bw"), LENGTHS)
    with pytest.raises(UserError, match="cannot be read"):
        BigWigSource(sample(tmp_path / "nothing.bw"), LENGTHS)


def test_damaged_data_are_told(tmp_path):
    raw = bytearray(write(tmp_path / "x.bw", np.random.default_rng(0).random(130)).read_bytes())
    at = int.from_bytes(raw[16:24], "little") + 8 + 2  # into the first compressed block, behind the count of blocks
    raw[at : at + 60] = bytes(60)
    (tmp_path / "x.bw").write_bytes(raw)
    with pytest.raises(UserError, match=r"x\.bw: cannot be read on chr1"):
        BigWigSource(sample(tmp_path / "x.bw"), LENGTHS).runs("chr1")


def test_both_signs_are_refused_by_name(tmp_path):
    with pytest.raises(UserError, match=r"mixed\.bw: holds values of both signs"):
        BigWigSource(sample(write(tmp_path / "mixed.bw", [1, 0, -2])), LENGTHS).runs("chr1")
    with pyBigWig.open(str(tmp_path / "two.bw"), "w") as file:
        file.addHeader(list(LENGTHS.items()))
        file.addEntries(["chr1", "chr2"], [0, 0], ends=[5, 5], values=[-1.0, 1.0])
    source = BigWigSource(sample(tmp_path / "two.bw"), LENGTHS)
    assert source.runs("chr1").value.tolist() == [1]
    with pytest.raises(UserError, match=r"two\.bw: holds values of both signs \(seen up to chr2\)"):
        source.runs("chr2")
    with pytest.raises(UserError, match="infinite"):
        BigWigSource(sample(write(tmp_path / "inf.bw", [1, np.inf])), LENGTHS).runs("chr1")
