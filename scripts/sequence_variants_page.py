"""sequence_variants_page: the page to read for one set of variants."""

from pathlib import Path

from presage.entry import Job, main


def run(job: Job) -> None:
    """Write variants.html; the models predict both alleles around the strongest variants."""
    import torch

    from presage import tables
    from presage.config.report import Report
    from presage.config.variants import Variants
    from presage.device import device
    from presage.report.run import card_of
    from presage.report.variants.head import ScoredSet
    from presage.report.variants.page import variants_page
    from presage.sequence.variants.predicted import predicted
    from presage.sequence.variants.setup import load_scoring

    torch.set_num_threads(job.params.torch_threads)
    settings = Variants(**job.params.settings)
    scoring = load_scoring(job.input.trunk, job.input.adapters, job.input.fasta, settings, device(job.gpus))
    folders = [Path(adapter).parent for adapter in job.input.adapters]
    scored = ScoredSet(
        name=job.wildcards.set,
        scores=Path(job.input.scores),
        dropped=Path(job.input.dropped),
        null=Path(job.input.null[0]) if job.input.null else None,
        genes=tables.read(job.input.genes, "genes"),
        tracks=scoring.tracks,
        models=[f"{folder.parent.name} {folder.name}" for folder in folders],
        strands=1 + settings.rc,
        shifts=len(settings.shifts),
        cards=[card_of(folder / "card.json") for folder in folders],
        folds_known=job.params.folds_known,
        regions={Path(table).name.removesuffix(".parquet"): Path(table) for table in job.input.ism},
    )
    report = Report(**job.params.report)
    page = variants_page(
        scored,
        lambda site, slugs: predicted(scoring.scorer, site, slugs),
        report.title or job.params.run,
        report.variant_tracks,
    )
    job.output.page.write_text(page, encoding="utf-8")


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
