"""sequence_given: an adapter that was fitted elsewhere, checked against this study's trunk and put among its own."""

import shutil
from pathlib import Path

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """Copy weights and card."""
    from presage.sequence.adapters.files import check_adapter
    from presage.sequence.model.shape import read_card

    folder = Path(job.input.card).parent
    card = check_adapter(folder, read_card(Path(job.input.trunk).parent)["trunk_hash"])
    if card.get("simulated") and not job.params.simulated:
        log.warning("%s: was fitted to simulated data: what it predicts says nothing of a real genome", folder)
    shutil.copyfile(job.input.weights, job.output.weights)
    shutil.copyfile(job.input.card, job.output.card)


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
