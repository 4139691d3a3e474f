"""sequence_history: the loss curves of one fit as a picture, apart from the fit: a new look trains nothing again."""

from presage.entry import Job, main


def run(job: Job) -> None:
    """Draw the history table."""
    import json
    from pathlib import Path

    from presage import tables
    from presage.report.figures.history import history
    from presage.report.style import drawn

    card = json.loads(Path(job.input.card).read_text(encoding="utf-8"))
    table = tables.read(job.input.history, "history")
    loss = card["training"]["loss"]
    figure, _ = history(table, job.wildcards.fit, card["best_epoch"], loss, job.params.simulated)
    job.output.picture.write_bytes(drawn(figure, "svg"))


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
