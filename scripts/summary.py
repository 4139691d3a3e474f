"""summary: the run's headline numbers, and the configuration that they were made with."""

import json

from presage.entry import Job, main


def run(job: Job) -> None:
    """Write summary.json and config.yaml."""
    import yaml

    from presage.report.run import Run
    from presage.report.summary import build_summary

    summary = build_summary(Run(job.params.run), job.params.config)
    job.output.summary.write_text(json.dumps(summary, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    job.output.config.write_text(yaml.safe_dump(job.params.config, sort_keys=False), encoding="utf-8")


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
