"""sequence_evaluate_tracks: adapters, baselines and the trunk itself on held-out windows and genes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from presage.entry import Job, main


def run(job: Job) -> None:
    """Write the metrics, and one window to look at."""
    import pandas as pd
    import torch

    from presage import tables
    from presage.config.variants import Evaluate
    from presage.sequence.device import device
    from presage.sequence.evaluation.ceilings import ceilings
    from presage.sequence.evaluation.examples import example
    from presage.sequence.evaluation.tracks import evaluate_tracks
    from presage.sequence.loading import load_model
    from presage.sequence.model import SequenceModel
    from presage.sequence.targets import TargetSet
    from presage.sequence.track_names import describe

    torch.set_num_threads(job.params.torch_threads)
    settings = Evaluate(**job.params.settings)
    targets = TargetSet.open(job.input.targets, job.input.fasta)
    genes = tables.read(job.input.genes, "genes")
    tracks = describe(targets, job.input.tracks[0] if job.input.tracks else None)
    qc = json.loads(Path(job.input.qc[0]).read_text(encoding="utf-8"))["tracks"] if job.input.qc else {}
    folders = [Path(path).parent for path in job.input.adapters]
    on = device(job.gpus)

    def models() -> Iterator[tuple[str, int, SequenceModel]]:
        for folder in folders:
            yield folder.parent.name, int(folder.name.removeprefix("seed")), load_model(job.input.trunk, folder, on)

    rows = evaluate_tracks(
        models(),
        targets,
        tracks,
        genes if len(genes) else None,
        reference=settings.reference,
        resamples=settings.bootstrap,
        min_types=settings.min_types,
        batch_size=settings.batch_size,
        seed=settings.seed,
        divided_by={slug: track["divided_by"] for slug, track in qc.items()},
    )
    first = load_model(job.input.trunk, folders[0], on)
    metrics = [rows, ceilings(qc, first.tracks, targets.simulated)]
    if job.input.trunk_targets:
        metrics += trunk_metrics(job, settings)
    filled = [part for part in metrics if len(part)]
    tables.write(job.output.metrics, "metrics", pd.concat(filled, ignore_index=True), job.provenance())
    example(first, targets).to_parquet(job.output.examples, index=False)


def trunk_metrics(job: Job, settings: Any) -> list[Any]:
    """The trunk with its own head on the tracks it was trained on, in every fold, where those are at hand."""
    from presage.sequence.device import device
    from presage.sequence.evaluation.tracks import evaluate_tracks
    from presage.sequence.folds import FOLDS
    from presage.sequence.loading import load_model
    from presage.sequence.targets import TargetSet
    from presage.sequence.track_names import describe

    trunk = load_model(job.input.trunk, device=device(job.gpus))
    own = TargetSet.open(job.input.trunk_targets[0], job.input.fasta)
    if not set(trunk.tracks) <= set(own.tracks):
        return []
    return [
        evaluate_tracks(
            [("trunk", 0, trunk)],
            own,
            describe(own),
            None,
            split=fold,
            resamples=settings.bootstrap,
            batch_size=settings.batch_size,
            seed=settings.seed,
            baseline=False,
        )
        for fold in FOLDS
    ]


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
