"""The two sides of a hold-out: pooled again they are what those cells alone would give."""

import json

import numpy as np
import pandas as pd
import pytest

from presage import tables
from presage.config.pseudobulk import Pseudobulk
from presage.config.reference import Reference
from presage.errors import UserError
from presage.sequence.generalise.split import SHARED, pool_sides, sides
from presage.sequence.pseudobulk.aggregate import aggregate, read_sample
from presage.sequence.reference.genome import Genome
from presage.sequence.reference.step import prepare_reference
from presage.sequence.targets.target_set import TargetSet
from presage.sheets import Sample
from presage.study.hold_outs import HoldOut
from tests.unit.sequence.small_reads import CELLS, Read, write_bam, write_fasta, write_labels

LABELS = {"AAAC-1": "T cell", "CCCG-1": "B cell", "GGGT-1": "T cell"}
KEYS = {"min_cells": 1, "count_introns": False, "downsample": []}


def reads(rng, n):
    """Molecules of three cells on both strands of two contigs."""
    umis = ["".join("ACGT"[i >> 2 * k & 3] for k in range(6)) for i in range(n)]
    return [
        Read(
            contig=str(rng.choice(["chr1", "chr2"])),
            start=int(rng.integers(0, 280)),
            flag=int(rng.choice([0, 16])),
            tags=(("CB", str(rng.choice(CELLS))), ("UB", umi)),
        )
        for umi in umis
    ]


@pytest.fixture
def study(tmp_path):
    fasta = write_fasta(tmp_path / "in.fa")
    prepare_reference(Reference(fasta=str(fasta)), 64, 16, tmp_path / "reference")
    rng = np.random.default_rng(1)
    samples = []
    for name, condition in (("s1", "well"), ("s2", "well"), ("s3", "ill")):
        path = write_bam(tmp_path / f"{name}.bam", reads(rng, 400))
        labels = str(write_labels(tmp_path / f"{name}.tsv", LABELS))
        samples.append(Sample(name, "bam", str(path), labels, donor=f"d_{name}", condition=condition))
    return tmp_path, samples, Genome(tmp_path / "reference/genome.fa")


def split(study, out, number=2):
    folder, samples, genome = study
    parts = []
    for i, sample in enumerate(samples):
        for part in range(number):
            place = folder / f"parts/{i}.{part}"
            read_sample(sample, Pseudobulk(**KEYS), genome, tables.empty("genes"), place, number=part, of=number)
            parts.append(place)
    windows = tables.read(folder / "reference/windows.parquet", "windows")
    pool_sides(samples, parts, Pseudobulk(**KEYS), genome, windows, 8, out, folder / "split")
    return [TargetSet.open(folder / f"split/{side}/targets.zarr") for side in ("kept", "held")]


def alone(study, rows, name):
    """The same samples, as a study of their own."""
    folder, samples, genome = study
    windows = tables.read(folder / "reference/windows.parquet", "windows")
    none = tables.empty("genes")
    aggregate([samples[i] for i in rows], Pseudobulk(**KEYS), genome, none, windows, 8, folder / name)
    return TargetSet.open(folder / f"{name}/targets.zarr")


@pytest.mark.parametrize(
    ("out", "kept", "held"),
    [
        (HoldOut("donor", "d_s2", "d_s2"), [0, 2], [1]),
        (HoldOut("condition", "ill", "ill"), [0, 1], [2]),
    ],
)
def test_sides_are_what_their_samples_alone_give(study, out, kept, held):
    for found, rows, name in zip(split(study, out), (kept, held), ("a", "b")):
        expected = alone(study, rows, name)
        assert found.tracks == expected.tracks
        every = np.arange(len(expected))
        np.testing.assert_array_equal(found.values(every), expected.values(every))
        np.testing.assert_array_equal(found.scale.factor, expected.scale.factor)


def test_donors_on_both_sides_are_named(study):
    folder, samples, _ = study
    samples[2] = Sample(**{**vars(samples[2]), "donor": "d_s1"})  # one donor, well and ill
    split(study, HoldOut("condition", "ill", "ill"))
    assert json.loads((folder / "split/held/qc.json").read_text())[SHARED] == ["d_s1"]


def test_a_value_that_does_not_occur_and_a_side_without_a_track(study):
    _, samples, _ = study
    with pytest.raises(UserError, match=r"held-out donor: 'nobody' does not occur; choose from d_s1, d_s2, d_s3"):
        split(study, HoldOut("donor", "nobody", "nobody"))
    with pytest.raises(UserError, match=r"condition 'well': has every cell"):
        samples[2] = Sample(**{**vars(samples[2]), "condition": "well"})
        split(study, HoldOut("condition", "well", "well"))


def test_whole_tracks(tmp_path):
    names = ["a rna+", "a rna-", "b rna+", "b rna-", "a atac"]
    slugs = ["a_rna_plus", "a_rna_minus", "b_rna_plus", "b_rna_minus", "a_atac"]
    window = {"window": [0], "chrom": ["c"], "start": [0], "end": [8], "out_start": [0], "out_end": [8]}
    frame = pd.DataFrame(window | {"fold": ["train"], "padded": [0]})
    targets = TargetSet.write(
        tmp_path / "t", np.ones((1, 1, 5), np.float32), frame, slugs, 8, "x", names=names, strand_pair=[1, 0, 3, 2, 4]
    )
    tracks = pd.DataFrame({"slug": slugs, "cell_type": list("aabba")})
    assert sides(targets, tracks, HoldOut("cell_type", "a", "a")) == (slugs[2:4], [*slugs[:2], slugs[4]])
    group = HoldOut("tracks", "first", "first", ("a rna*",))
    assert sides(targets, tracks, group) == (slugs[2:], slugs[:2])
    for out, words in (
        (HoldOut("cell_type", "z", "z"), "cell_type 'z': fits no track; choose from a, b"),
        (HoldOut("tracks", "g", "g", ("nothing*",)), "fits no track"),
        (HoldOut("tracks", "g", "g", ("*",)), "leaves no track to fit"),
        (HoldOut("tracks", "g", "g", ("a rna+",)), "without its other strand"),
    ):
        with pytest.raises(UserError, match=words):
            sides(targets, tracks, out)
