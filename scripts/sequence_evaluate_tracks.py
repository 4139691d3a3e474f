"""sequence_evaluate_tracks: adapters, baselines and the trunk itself on windows and genes of each fold."""

import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """Write the metrics, and one window to look at."""
    import pandas as pd
    import torch

    from presage import tables
    from presage.config.evaluate import Evaluate
    from presage.device import device
    from presage.sequence.adapters.files import WEIGHTS
    from presage.sequence.evaluation.ceilings import ceilings
    from presage.sequence.evaluation.examples import example
    from presage.sequence.evaluation.folds import evaluate_folds, evaluate_trunk
    from presage.sequence.evaluation.given import evaluate_given
    from presage.sequence.loading import load_model
    from presage.sequence.model.outputs import outputs_of
    from presage.sequence.model.sequence_model import SequenceModel
    from presage.sequence.targets.target_set import TargetSet
    from presage.sequence.targets.track_names import describe

    torch.set_num_threads(job.params.torch_threads)
    settings = Evaluate(**job.params.settings)
    targets = TargetSet.open(job.input.targets, job.input.fasta)
    genes = tables.read(job.input.genes, "genes")
    tracks = describe(targets, job.input.tracks[0] if job.input.tracks else None)
    qc = json.loads(Path(job.input.qc[0]).read_text(encoding="utf-8"))["tracks"] if job.input.qc else {}
    folders = [Path(path).parent for path in job.input.adapters]
    on = device(job.gpus)
    trunk = load_model(job.input.trunk, device=on)

    def models() -> Iterator[tuple[str, int, SequenceModel]]:
        for folder in folders:
            yield folder.parent.name, int(folder.name.removeprefix("seed")), load_model(job.input.trunk, folder, on)

    def elsewhere(name: str, theirs: list[Path]) -> pd.DataFrame | None:
        outputs = outputs_of([folder / WEIGHTS for folder in theirs])
        found = evaluate_given(
            name,
            lambda: (
                (int(folder.name.removeprefix("seed")), load_model(job.input.trunk, folder, on)) for folder in theirs
            ),
            outputs.tracks,
            targets,
            tracks,
            genes if len(genes) else None,
            settings,
            divided_by,
        )
        if found is None:
            log.warning("%s is not evaluated: none of its tracks (cell type, assay, strand) was measured here", name)
        return found

    divided_by = {slug: track["divided_by"] for slug, track in qc.items()}
    metrics = [
        evaluate_folds(
            models,
            targets,
            tracks,
            genes if len(genes) else None,
            settings,
            trunk=trunk,
            divided_by=divided_by,
        )
    ]
    for name, theirs in groupby([Path(path).parent for path in job.input.given], lambda folder: folder.parent.name):
        metrics.append(elsewhere(name, [*theirs]))
    first = load_model(job.input.trunk, folders[0], on)
    metrics.append(ceilings(qc, first.tracks, targets.simulated))
    for path in job.input.trunk_targets:
        own = TargetSet.open(path, job.input.fasta)
        metrics.append(evaluate_trunk(trunk, own, describe(own), settings))
    filled = [part for part in metrics if part is not None and len(part)]
    tables.write(job.output.metrics, "metrics", pd.concat(filled, ignore_index=True), job.provenance())
    example(first, targets).to_parquet(job.output.examples, index=False)


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
