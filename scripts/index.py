"""index: the run's page, which opens from disk without a network."""

import json
from pathlib import Path

from presage.entry import Job, main


def run(job: Job) -> None:
    """Write index.html."""
    from presage.config.report import FIGURES, Report
    from presage.report.page import CAPTIONS, index_page
    from presage.report.run import Run

    summary = json.loads(Path(job.input.summary).read_text(encoding="utf-8"))
    stems = {Path(path).stem for path in job.input.figures}
    page = index_page(
        Run(job.params.run),
        summary,
        {stem: branch for stem, branch in FIGURES.items() if stem in stems},
        CAPTIONS,
        Report(**job.params.settings).title,
        job.params.facts,
    )
    job.output.page.write_text(page, encoding="utf-8")


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
