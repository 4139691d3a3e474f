"""sequence_ism: every change of a single base of a region, per track, and predicted coverage before and after one."""

from pathlib import Path

from presage.entry import Job, main


def run(job: Job) -> None:
    """Saturate one region with all seeds of one adapter."""
    import torch

    from presage import tables
    from presage.config.ism import Ism
    from presage.device import device
    from presage.sequence.loading import load_model
    from presage.sequence.model.outputs import outputs_of
    from presage.sequence.mutagenesis.coverage import coverage, shown_change
    from presage.sequence.mutagenesis.regions import locate, read_bed
    from presage.sequence.mutagenesis.saturate import chosen, rows, saturate, spans, window
    from presage.sequence.reference.genome import Genome
    from presage.sequence.variants.scorer import Scorer

    torch.set_num_threads(job.params.torch_threads)
    settings, name = Ism(**job.params.settings), job.wildcards.region
    genome = Genome(job.input.fasta)
    if settings.regions:
        place = locate(name, settings.regions[name], genome, tables.read(job.input.genes, "genes"))
    else:
        place = read_bed(job.input.planted[0], name)
    on = device(job.gpus)
    models = [load_model(job.input.trunk, Path(adapter).parent, on) for adapter in job.input.adapters]
    outputs = outputs_of(job.input.adapters)
    columns = chosen(models[0].tracks, settings.tracks)
    scorer = Scorer(
        models,
        genome,
        rc=settings.rc,
        pseudocount=settings.pseudocount,
        spans=spans(models[0].tracks, outputs.tracks, settings.span),
        scale=outputs.scale,
        sparse=settings.sparse,
    )
    found = saturate(scorer, place, columns, settings.deletions, settings.batch_size)
    slugs = [models[0].tracks[i] for i in columns]
    own = {"region": name, "settings": job.params.settings}
    tables.write(job.output.table, "ism", rows(found, place.chrom, slugs, outputs.tracks), job.provenance(**own))
    shown = shown_change(found, place, window(scorer, place)[0])
    drawn = coverage(scorer, place, columns, shown.change) if shown else tables.empty("ism_coverage")
    change = shown.words if shown else None
    tables.write(job.output.coverage, "ism_coverage", drawn, job.provenance(**own, change=change))


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
