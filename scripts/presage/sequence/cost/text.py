"""What `snakemake cost` shows: the study's sizes, its steps, their hours on each card, and what to lower."""

from collections.abc import Iterable, Mapping, Sequence

from presage.config.cost import Cost
from presage.config.training import Training
from presage.sequence.cost.gpus import Gpu
from presage.sequence.cost.measured import CPU_SHARE, LIBRARIES, START_S
from presage.sequence.cost.plan import Step
from presage.sequence.cost.sizes import ALL, FITTED, Sizes

_FLOPS = ((1e18, "EFLOP"), (1e15, "PFLOP"), (1e12, "TFLOP"), (1e9, "GFLOP"), (1e6, "MFLOP"))
_BYTES = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
_TIMES = ((86400 * 365, "years"), (86400, "days"), (3600, "h"), (60, "min"), (1, "s"))


def page(
    title: str,
    sizes: Sizes,
    parts: Mapping[str, float],
    trunk_parameters: int,
    steps: Sequence[Step],
    disk: Mapping[str, float],
    cards: Sequence[Gpu],
    cost: Cost,
) -> str:
    """The whole text. ``parts``: FLOPs of a forward pass of one window, by part of the model."""
    blocks = [
        [title],
        _study(sizes, parts, trunk_parameters),
        _steps(steps, cost),
        _hours(steps, cards, cost),
        _lower(steps, cards, cost),
        _disk(disk),
    ]
    return "\n\n".join("\n".join(line.rstrip() for line in block) for block in blocks if block)


def _study(sizes: Sizes, parts: Mapping[str, float], trunk_parameters: int) -> list[str]:
    shape, total = sizes.shape, sum(parts.values())
    shares = ", ".join(f"{name} {flops / total:.0%}" for name, flops in parts.items())
    folds = ", ".join(f"{count:,} {fold}" for fold, count in sizes.windows.value.items())
    tracks = sizes.tracks.value
    some = f"{tracks[FITTED]:,} of {tracks[ALL]:,}" if tracks[FITTED] < tracks[ALL] else f"{tracks[ALL]:,}"
    return [
        f"trunk    {shape.context:,} bp in, {shape.out_bins:,} bins of {shape.bin_size} bp out, "
        f"{trunk_parameters:,} parameters ({sizes.shape_source})",
        f"         a forward pass of one window is {unit(total, _FLOPS)}: {shares}",
        f"windows  {folds} ({sizes.windows.source})",
        f"tracks   {some} ({sizes.tracks.source})",
    ]


def _steps(steps: Sequence[Step], cost: Cost) -> list[str]:
    memory = ("on a GPU", "on a CPU")
    rows = [("step", "jobs", "trained", "of trunk", "a window", "in all", *memory, "batch", "precision")]
    for step in steps:
        fitted = ("", "") if step.trained is None else (f"{step.trained:,}", f"{step.fraction or 0:.2%}")
        total = unit(step.flops, _FLOPS) if step.flops else "unknown"
        held = step.memory.total
        amounts = (unit(step.pass_flops, _FLOPS), total, unit(held, _BYTES), unit(held + LIBRARIES, _BYTES))
        rows.append((step.name, str(step.jobs), *fitted, *amounts, str(step.memory.batch), step.precision))
    notes = [f"  {step.name}: {step.note}" for step in steps if step.note]
    return [
        *table(rows),
        f"memory on a GPU: the card's, for model and windows (CUDA's own is in the {cost.reserve_gb:g} GB to spare)",
        f"memory on a CPU: what to ask a cluster for; Python and its libraries, {unit(LIBRARIES, _BYTES)}, are in it",
        *notes,
    ]


def _hours(steps: Sequence[Step], cards: Sequence[Gpu], cost: Cost) -> list[str]:
    rows = [(f"time at {cost.share:.0%} of peak", *(card.name for card in cards))]
    for step in steps:
        rows.append((step.name, *(_cell(step, card, cost) for card in cards)))
    sums = [sum(_time(step, card, cost) for step in steps) for card in cards]
    rows.append(("all, one after the other", *(duration(hours) for hours in sums)))
    cores = f"; a CPU's cores (torch_threads) at {CPU_SHARE:.0%}" if any(card.cores for card in cards) else ""
    return [
        *table(rows),
        f"with {START_S:g} s for the start of each job{cores}; reading, writing and what is no model come on top",
    ]


def _cell(step: Step, card: Gpu, cost: Cost) -> str:
    time = duration(_time(step, card, cost)) if step.flops else "unknown"
    return time if step.memory.total <= room(card, cost) else f"too large ({time})"


def _time(step: Step, card: Gpu, cost: Cost) -> float:
    """Hours of all jobs of a step."""
    return card.hours(step.flops, step.precision, cost.share, step.jobs)


def room(card: Gpu, cost: Cost) -> float:
    """Bytes that a job's model and windows can take: on a CPU the libraries lie beside them."""
    return (card.memory_gb - cost.reserve_gb) * 1e9 - LIBRARIES * bool(card.cores)


def _lower(steps: Sequence[Step], cards: Sequence[Gpu], cost: Cost) -> list[str]:
    lines = []
    for step in steps:
        for card in cards:
            if step.memory.total > room(card, cost):
                lines.append(f"  {step.name} on {card.name} ({card.memory_gb:g} GB): {_advice(step, card, cost)}")
    head = f"too large: needs more than the card's memory less {cost.reserve_gb:g} GB; what would fit"
    return [head, *lines] if lines else [f"every step fits on every card (with {cost.reserve_gb:g} GB to spare)"]


def _advice(step: Step, card: Gpu, cost: Cost) -> str:
    """The first change that makes a step fit: a smaller cache, fewer windows at a time, gradient checkpointing."""
    available, section = room(card, cost), step.key.removesuffix(".batch_size")
    spare = available - (step.memory.total - step.memory.cache)
    if step.memory.cache and spare > 0:
        return f"set {section}.cache_gb to {int(spare / 1e8) / 10:g}"
    first = f"set {section}.cache_gb to 0 and " if step.memory.cache else "set "
    ways = {"": step.memory}
    if step.checkpointed is not None and "checkpoint" in Training.model_fields:
        ways[f"{section}.checkpoint to true"] = step.checkpointed
    for change, memory in ways.items():
        batch = min(memory.batch, memory.largest_batch(available + memory.cache))
        smaller = f"{step.key} to {batch}" if batch < memory.batch else ""
        if batch:
            return first + " and ".join(part for part in (change, smaller) if part)
    least = min(memory.held - memory.cache + memory.one for memory in ways.values())
    return f"one window at a time takes {unit(least, _BYTES)} at best: a larger card, or a trunk with a shorter context"


def _disk(disk: Mapping[str, float]) -> list[str]:
    parts = ", ".join(f"{name} {unit(size, _BYTES)}" for name, size in disk.items())
    return [f"disk     about {unit(sum(disk.values()), _BYTES)} before compression: {parts}"]


def duration(hours: float) -> str:
    """As :func:`unit`; below a second start-up is all that counts."""
    return unit(3600 * hours, _TIMES) if 3600 * hours >= 1 else "< 1 s"


def unit(value: float, units: Sequence[tuple[float, str]]) -> str:
    """Three digits and the largest unit that is not above the value."""
    size, name = next((pair for pair in units if value >= pair[0]), units[-1])
    scaled = value / size
    return f"{scaled:,.0f} {name}" if scaled >= 99.95 else f"{scaled:.{2 if scaled < 9.995 else 1}f} {name}"


def table(rows: Iterable[Sequence[str]]) -> list[str]:
    """Rows under each other, the first column to the left, numbers to the right."""
    rows = list(rows)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:]))]) for row in rows]
