"""presage.sequence.reference.windows: cut fresh or published, with unknown bases, blacklists, contigs too short."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presage.config.reference import Reference
from presage.errors import UserError
from presage.sequence.reference.genome import prepare_fasta
from presage.sequence.reference.windows import chosen_contigs, cut_windows, published_windows
from tests.unit.sequence.small_reads import CONTIGS, write_fasta


def cut(tmp_path, contigs, out, blacklist=None, only=None, **keys):
    """Windows without crop on a FASTA of the given sequences."""
    (tmp_path / "n.fa").write_text("".join(f">{name}\n{bases}\n" for name, bases in contigs.items()))
    genome = prepare_fasta(tmp_path / "n.fa", tmp_path / "genome.fa")
    return cut_windows(Reference(**keys), genome, out, 0, only, blacklist)


def test_fresh_windows_tile_each_contig_and_count_what_they_leave(tmp_path):
    genome = prepare_fasta(write_fasta(tmp_path / "a.fa"), tmp_path / "genome.fa")
    windows, count = cut_windows(Reference(), genome, context=64, crop=16)
    for chrom, length in CONTIGS.items():
        here = windows[windows["chrom"] == chrom]
        assert here["out_start"].tolist() == list(range(0, length - 31, 32))
        assert (here["out_end"] <= length).all()
    inside = np.minimum(windows["end"], windows["chrom"].map(CONTIGS)) - np.maximum(windows["start"], 0)
    assert (windows["padded"] == 64 - inside).all()
    assert windows["padded"].iloc[0] == 16
    assert count == {
        "windows_with_n": 0,
        "windows_blacklisted": 0,
        "bp_at_contig_ends": 400 % 32 + 300 % 32 + 100 % 32,
        "windows_on_short_contigs": 0,
    }


def test_windows_of_unknown_bases_are_left_out(tmp_path):
    windows, count = cut(tmp_path, {"a": "N" * 100 + "A" * 300}, 20)
    assert windows["out_start"].min() == 100
    assert count["windows_with_n"] == 5
    with pytest.raises(UserError, match="holds no window of 20 bp") as error:
        cut(tmp_path, {"a": "N" * 100}, 20)
    assert "\n" not in str(error.value)


@settings(deadline=None, max_examples=40)
@given(
    st.text("AN", min_size=30, max_size=120), st.sampled_from([0, 0.3, 0.5, 1]), st.booleans(), st.sampled_from([7, 20])
)
def test_what_is_kept_is_what_counting_bases_says(tmp_path_factory, bases, max_n, tails, stride):
    starts = range(0, len(bases), stride) if tails else range(0, len(bases) - 19, stride)
    known = [s for s in starts if 20 - bases[s : s + 20].count("A") <= max_n * 20]
    folder = tmp_path_factory.mktemp("cut")
    try:
        windows, count = cut(folder, {"a": bases}, 20, max_n=max_n, tails=tails, stride=stride)
    except UserError:
        assert not known
        return
    assert windows["out_start"].tolist() == known
    assert count["windows_with_n"] == len(starts) - len(known)


def test_a_tail_gets_a_window_when_enough_of_it_is_known(tmp_path):
    contigs = {"half": "A" * 50, "little": "A" * 45}
    assert len(cut(tmp_path, contigs, 20)[0]) == 4
    windows, count = cut(tmp_path, contigs, 20, tails=True)
    assert windows["chrom"].tolist() == ["half"] * 3 + ["little"] * 2
    assert windows["padded"].tolist() == [0, 0, 10, 0, 0]
    assert (count["windows_with_n"], count["bp_at_contig_ends"]) == (1, 0)


def test_contigs_that_are_all_too_short_get_one_centred_window_each(tmp_path):
    contigs = {"a": "A" * 60, "b": "A" * 41, "n": "N" * 40 + "A" * 20}
    windows, count = cut(tmp_path, contigs, 100)
    assert windows[["chrom", "start", "end", "padded"]].to_numpy().tolist() == [["a", -20, 80, 40], ["b", -30, 70, 59]]
    assert (count["windows_on_short_contigs"], count["windows_with_n"]) == (2, 1)
    assert cut(tmp_path, {**contigs, "long": "A" * 100}, 100)[0]["chrom"].tolist() == ["long"]


def test_an_empty_contig_is_passed_over(tmp_path):
    (tmp_path / "e.fa").write_text(">empty\n>a\n" + "A" * 40 + "\n")
    genome = prepare_fasta(tmp_path / "e.fa", tmp_path / "genome.fa")
    assert cut_windows(Reference(), genome, 20, 0)[0]["chrom"].tolist() == ["a", "a"]


def test_blacklisted_windows_and_other_contigs_are_left_out(tmp_path):
    contigs = {"a": "A" * 60, "b": "A" * 20}
    blacklist = pd.DataFrame({"chrom": ["a", "a"], "start": [0, 25], "end": [10, 36]})
    windows, count = cut(tmp_path, contigs, 20, blacklist, only=["a"])
    assert windows["out_start"].tolist() == [0, 40]  # half of the first, 11 of 20 bp of the second
    assert count["windows_blacklisted"] == 1


def test_contigs_by_pattern():
    lengths = {"chr1": 1, "chr2": 1, "chr1_random": 1}
    assert chosen_contigs(["chr[0-9]"], lengths) == ["chr1", "chr2"]
    with pytest.raises(UserError, match="no contig is named chrX"):
        chosen_contigs(["chr1", "chrX"], lengths)


@pytest.mark.parametrize(
    ("bed", "context", "crop", "folds"),
    [
        ("mini_borzoi/sequences.bed", 131_072, 32_768, {"train": 45, "valid": 10, "test": 10}),
        ("folds/borzoi_sequences_human.bed.gz", 524_288, 163_840, {"train": 41_699, "valid": 6_910, "test": 6_888}),
    ],
)
def test_real_published_windows_are_outputs(real_data, bed, context, crop, folds):
    """Bins times bin size is the BED's span in both files (2,048 x 32 and 6,144 x 32): outputs, not inputs."""
    settings = Reference(windows=str(real_data / bed))
    windows = published_windows(settings, {"chr1": 248_956_422}, context, crop)
    assert windows["fold"].value_counts().to_dict() == folds
    raw = pd.read_csv(real_data / bed, sep="\t", header=None)
    assert (windows["out_start"] == raw[1]).all()
    assert (windows["out_end"] - windows["out_start"] == context - 2 * crop).all()
    assert (windows["start"] == raw[1] - crop).all()
    # The folds mean outputs: no test output overlaps a training output.
    test, train = windows[windows["fold"] == "test"], windows[windows["fold"] == "train"]
    for chrom, here in test.groupby("chrom"):
        other = train[train["chrom"] == chrom]
        ends = np.sort(other["out_end"].to_numpy())
        starts = np.sort(other["out_start"].to_numpy())
        begun = np.searchsorted(starts, here["out_end"].to_numpy(), side="left")
        over = np.searchsorted(ends, here["out_start"].to_numpy(), side="right")
        assert (begun == over).all()


def test_published_windows_as_inputs(tmp_path):
    (tmp_path / "w.bed").write_text("1\t100\t164\ttrain\n1\t164\t228\tvalid\n9\t0\t64\ttest\n")
    settings = Reference(windows=str(tmp_path / "w.bed"), windows_are="input")
    windows = published_windows(settings, CONTIGS, 64, 16)
    assert windows["chrom"].tolist() == ["chr1", "chr1", "9"]
    assert windows["start"].tolist() == [100, 164, 0]
    assert windows["out_start"].tolist() == [116, 180, 16]
    assert windows["padded"].tolist() == [0, 0, 64]


@pytest.mark.parametrize(
    ("bed", "what"),
    [
        ("chr1\t0\t64\ttrain\n", "set windows_are: input"),
        ("chr1\t0\t50\ttrain\n", "row 1: spans 50 bp, the model's output 32 bp"),
        ("chr1\t0\t32\n", "is not BED with a fold"),
        ("chr1\ta\tb\ttrain\n", "is not BED with a fold"),
        ("chr1\t0\t32\ttrain\nchr1\t32\t64\tvalid\n", "no window is test"),
        ("", "cannot be read as BED"),
    ],
)
def test_bad_published_windows(tmp_path, bed, what):
    (tmp_path / "w.bed").write_text(bed)
    with pytest.raises(UserError, match=what) as error:
        published_windows(Reference(windows=str(tmp_path / "w.bed")), CONTIGS, 64, 16)
    assert "\n" not in str(error.value)
