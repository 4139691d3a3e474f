"""homecage_distress: every cage-day judged against the cage's own baseline; alarms, dated models, and the ledger."""

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """Judge, and keep in the ledger what was to be said on each day."""
    from presage import tables
    from presage.homecage.alarms import ledger
    from presage.homecage.detectors import judge as judging
    from presage.homecage.detectors import models
    from presage.homecage.detectors.reasons import reasons_table
    from presage.homecage.detectors.study import read_study

    study = read_study(job.input, job.params)
    ours = study.judge()[judging.OURS]
    stamp = judging.Stamp(
        seed=job.params.seed,
        code_hash=job.params.code,
        config_hash=study.config_hash,
        data_hash=study.data_hash,
    )
    urgent = tables.read(job.input.urgent, "urgent")
    latency = study.recording.latency_minutes
    scores = judging.scores_table(ours, study.alarms, latency, stamp)
    alarms = judging.alarms_table(ours, study.alarms, latency, stamp, urgent)
    hourly = tables.read(job.input.hourly, "hourly")
    reasons = reasons_table(ours, study.alarms, study.daily, hourly, study.lights, study.detector.lookback_days)
    tables.write(job.output.scores, "distress_scores", scores, job.provenance())
    tables.write(job.output.alarms, "alarms", alarms, job.provenance())
    tables.write(job.output.reasons, "reasons", reasons, job.provenance())
    models.write(ours.models, job.output.model)
    kept = ledger.issue_all(job.params.ledger, judging.issued(ours, study.alarms, latency, stamp, urgent))
    log.info("ledger: %s", kept)
    if kept["differs"]:
        log.warning(
            "%d cage-days would be judged otherwise today; the ledger keeps what was said then", kept["differs"]
        )


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
