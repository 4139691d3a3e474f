"""sequence_evaluation_page: what the trunk had seen, metrics by fold, hold-outs and labelled variants, to be read."""

from presage.entry import Job, main


def run(job: Job) -> None:
    """Write evaluation.html."""
    from presage.config.report import Report
    from presage.report.evaluation_page import evaluation_page
    from presage.report.run import Run

    page = evaluation_page(Run(job.params.run), Report(**job.params.settings).title)
    job.output.page.write_text(page, encoding="utf-8")


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
