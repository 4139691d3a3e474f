"""sequence_mpra: what the adapted model makes of the changes that a reporter assay measured."""

from pathlib import Path

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """Predict every measured change with all seeds of one adapter."""
    import torch

    from presage import tables
    from presage.config.ism import Mpra
    from presage.device import device
    from presage.sequence.loading import load_model
    from presage.sequence.model.outputs import outputs_of
    from presage.sequence.mutagenesis.mpra import effects, read_assay
    from presage.sequence.mutagenesis.saturate import chosen

    torch.set_num_threads(job.params.torch_threads)
    settings = Mpra(**job.params.settings)
    assay, others = read_assay(job.input.assay[0], settings.release, settings.elements)
    log.info("mpra: %d single-base changes, %d other rows left aside", len(assay), others)
    on = device(job.gpus)
    models = [load_model(job.input.trunk, Path(adapter).parent, on) for adapter in job.input.adapters]
    tracks = outputs_of(job.input.adapters).tracks
    found = effects(models, chosen(models[0].tracks, settings.tracks), tracks, assay, settings)
    own = {"settings": job.params.settings, "other_rows": others}
    tables.write(job.output.effects, "mpra_effects", found, job.provenance(**own))


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
