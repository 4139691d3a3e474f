"""sequence_pseudobulk_page: the page to look at before believing any track."""

from presage.entry import Job, main


def run(job: Job) -> None:
    """Write qc.html."""
    from presage.config.report import Report
    from presage.report.pseudobulk.page import pseudobulk_page
    from presage.report.run import Run

    page = pseudobulk_page(Run(job.params.run), Report(**job.params.settings).title, job.params.genome)
    job.output.page.write_text(page, encoding="utf-8")


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
