"""From a configuration to the page that `snakemake cost` prints."""

from presage.config.root import Config
from presage.errors import UserError
from presage.sequence.cost.gpus import chosen
from presage.sequence.cost.plan import disk, steps
from presage.sequence.cost.sizes import FITTED, measure
from presage.sequence.cost.text import page
from presage.sequence.trace import fake_model, parts
from presage.sequence.trunk.borzoi import parameters
from presage.study import SequenceInputs, absent


def estimate(config: Config) -> str:
    """What the sequence branch of a run will cost, as text of some 40 lines. Nothing is run and nothing written.

    Raises :class:`UserError` when there is nothing to estimate, or what decides the cost cannot be told.
    """
    branch, folder = config.sequence, f"{config.results}/{config.run}"
    if branch is None:
        raise UserError(
            "config key sequence",
            "is not configured, and costs are worked out for that branch alone",
            "the home cage: `snakemake -n` counts its jobs, of finished pose some 3 s each (docs/access.md: measured)",
        )
    cards = chosen(config.cost.gpus, config.torch_threads)
    inputs = SequenceInputs(branch, f"{folder}/worlds/genome", f"{folder}/sequence/labels/labels.tsv")
    sizes = measure(inputs, folder, config.cost.tracks)
    model = fake_model(sizes.shape, max(1, sizes.tracks.value[FITTED]))
    title = f"Run {config.run}, sequence branch: what it will cost (worked out beforehand; nothing was run)"
    planned, files = list(steps(branch, sizes)), disk(branch, sizes)
    text = page(title, sizes, parts(model), parameters(model.trunk), planned, files, cards, config.cost)
    missing = ", ".join(f"{path} ({key})" for key, path in absent(inputs, None))
    return f"{text}\n\nnot there: {missing}; a run would stop" if missing else text
