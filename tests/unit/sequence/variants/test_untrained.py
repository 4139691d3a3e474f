"""A model that was never trained must not tell planted variants from their controls: the world gives nothing away."""

import numpy as np
import pysam
import torch

from presage.config.genome_world import GenomeWorld
from presage.config.trunk import TrunkShape
from presage.sequence.evaluation.classification import auroc_with_interval
from presage.sequence.model.heads import Head
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.reference.genome import Genome
from presage.sequence.trunk.borzoi import new_trunk
from presage.sequence.variants.alleles import Variant
from presage.sequence.variants.effects import effects
from presage.sequence.variants.scorer import Scorer
from presage.worlds.genome.truth import make_truth, stream
from presage.worlds.genome.variants import plant_variants

SETTINGS = GenomeWorld.micro().model_copy(update={"causal_variants": 120, "control_variants": 240, "null_variants": 60})
TRACKS = 6


def untrained(seed: int) -> SequenceModel:
    """The world's own trunk and a head, both at random."""
    torch.manual_seed(seed)
    trunk = new_trunk(TrunkShape())
    return SequenceModel(trunk, Head(trunk.width, TRACKS), [str(t) for t in range(TRACKS)], np.arange(TRACKS))


def test_an_untrained_trunk_is_as_good_as_chance(tmp_path):
    truth = make_truth(SETTINGS, 1)
    variants, _ = plant_variants(SETTINGS, truth, stream(1, "variants"))
    fasta = tmp_path / "genome.fa"
    letters = np.frombuffer(b"ACGTN", np.uint8)
    contigs = truth.layout.sequence
    fasta.write_bytes(
        b"".join(b">%s\n%s\n" % (name.encode(), letters[codes].tobytes()) for name, codes in contigs.items())
    )
    pysam.faidx(str(fasta))
    kept = variants[variants["kind"] != "null"].sort_values(["chrom", "pos"], kind="stable")
    sites = [Variant("", *row, 0) for row in kept[["chrom", "pos", "ref", "alt"]].itertuples(index=False)]
    scorer = Scorer([untrained(0)], Genome(fasta), rc=False, spans=[512] * TRACKS)
    parts = [effects(scorer, start, group).scores["log_fc"] for start, group in scorer.grouped(sites, 64)]
    score = np.abs(np.concatenate(parts)).max(axis=1)
    found = auroc_with_interval(score, (kept["kind"] == "causal").to_numpy())
    assert len(np.unique(score)) > 300  # it does react to every change
    assert found.low < 0.5 < found.high
