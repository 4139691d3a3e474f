"""sequence_evaluate_tracks: adapters, baselines and the trunk itself on windows and genes of each fold."""

import json
from pathlib import Path

from presage.entry import Job, main


def run(job: Job) -> None:
    """Write the metrics, and one window to look at."""
    import torch

    from presage import tables
    from presage.config.evaluate import Evaluate
    from presage.device import device
    from presage.sequence.evaluate_step import Models, evaluate_tracks
    from presage.sequence.targets.target_set import TargetSet
    from presage.sequence.targets.track_names import describe

    torch.set_num_threads(job.params.torch_threads)
    targets = TargetSet.open(job.input.targets, job.input.fasta)
    metrics, window = evaluate_tracks(
        Models(job.input.trunk, device(job.gpus)),
        [Path(path).parent for path in job.input.adapters],
        [Path(path).parent for path in job.input.given],
        targets,
        describe(targets, job.input.tracks[0] if job.input.tracks else None),
        tables.read(job.input.genes, "genes"),
        Evaluate(**job.params.settings),
        qc=json.loads(Path(job.input.qc[0]).read_text(encoding="utf-8"))["tracks"] if job.input.qc else {},
        trunk_targets=[TargetSet.open(path, job.input.fasta) for path in job.input.trunk_targets],
    )
    tables.write(job.output.metrics, "metrics", metrics, job.provenance())
    window.to_parquet(job.output.examples, index=False)


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
