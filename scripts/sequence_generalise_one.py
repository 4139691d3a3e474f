"""sequence_generalise_one: a hold-out predicted by all that may predict it, on test windows."""

import json
from pathlib import Path

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """Write the hold-out's part of the generalisation table."""
    import torch

    from presage import tables
    from presage.config.evaluate import Evaluate
    from presage.device import device
    from presage.sequence.generalise.split import SHARED, both_sides
    from presage.sequence.generalise.step import generalise
    from presage.sequence.targets.target_set import TargetSet
    from presage.sequence.targets.track_names import describe
    from presage.study.hold_outs import HoldOut

    torch.set_num_threads(job.params.torch_threads)
    out, genes = HoldOut(**job.params.hold_out), tables.read(job.input.genes, "genes")
    opened = {name: TargetSet.open(job.input[name], job.input.fasta) for name in ("study", "kept", "held")}
    tracks = {name: describe(opened[name], next(iter(job.input[f"{name}_tracks"]), None)) for name in opened}
    study, kept, held = both_sides(opened, tracks, out, job.params.tracks)
    qc = json.loads(Path(job.input.qc[0]).read_text(encoding="utf-8")) if job.input.qc else {}
    ceilings = {slug: track["noise_ceiling"]["test"] for slug, track in qc.get("tracks", {}).items()}
    shared = qc.get(SHARED, []) if out.pools_again else []
    if shared:
        log.warning("%s %s: fitted to the same donors: %s", out.axis, out.value, ", ".join(shared))
    fits = {_seed(path): Path(path).parent for path in job.input.fits}
    decoder = None
    if job.input.decoder:
        first = next(iter(fits.values()))
        decoder = Path(job.input.decoder[0]).parent, first if job.params.on_adapter else None
    rows = generalise(
        out,
        study,
        kept,
        held,
        genes if len(genes) else None,
        job.input.trunk,
        fits,
        {_seed(path): Path(path).parent for path in job.input.whole},
        Evaluate(**job.params.settings),
        job.params.name,
        decoder=decoder,
        note=f"the same donors on both sides: {', '.join(shared)}" if shared else None,
        ceilings={slug: value for slug, value in ceilings.items() if value is not None},
        device=device(job.gpus),
    )
    tables.write(job.output.metrics, "generalise", rows, job.provenance())


def _seed(path: str | Path) -> int:
    return int(Path(path).parent.name.removeprefix("seed"))


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
