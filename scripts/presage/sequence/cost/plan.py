"""The steps of a study that run its model, and what each computes and holds."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from presage.config.adapt import Adapt, AdaptRun
from presage.config.genome_world import ISM_BP, ISM_REGION
from presage.config.root import Sequence as Branch
from presage.config.training import Training
from presage.sequence.adapters.table import adapter_parameters, trainable_fraction
from presage.sequence.cost.sizes import ALL, FITTED, Adapted, Sizes
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.sparse_tower import unsupported
from presage.sequence.trace import Fitting, fake_model, inference, parts, stage_bytes, training_step
from presage.sequence.training.stages import NUMBERS, Stage, cached_stage
from presage.sequence.trunk.borzoi import parameters
from presage.sequence.variants.batch import batch_within

COPIES = 5  # of what is trained, beside its gradient: Adam's two moments, average, best, and those swapped out
HEAD = 2  # the number of the last stage


class Memory(NamedTuple):
    """Bytes of a job: those it always holds, and those that a pass of one or ``batch`` windows makes at its peak.

    ``cache`` of what is held are outputs of frozen layers, which could be computed again instead.
    """

    held: int
    one: int
    batch: int
    at_batch: int
    cache: int = 0

    @property
    def total(self) -> int:
        """Bytes at the peak."""
        return self.held + self.at_batch

    def largest_batch(self, room: float) -> int:
        """Windows at a time that fit into ``room`` bytes; 0 where not even one does."""
        each = (self.at_batch - self.one) / max(1, self.batch - 1) or self.one
        return max(0, int((room - self.held - self.one) // each) + 1)


class Step(NamedTuple):
    """One step of the study.

    Attributes
    ----------
    name, key : as people call it, and the configuration key of its batch size
    jobs : how often it runs (seeds, shares of variants)
    trained, fraction : parameters of its adapters and their share of the trunk's; None where nothing is fitted
    pass_flops, flops : of one window's training step (or forward pass), and of all jobs together
    precision : of its matrix products; flops 0: nothing is known of how many there are
    checkpointed : memory with gradient checkpointing; None where that is on, or would change nothing
    note : what else decides the numbers, in words
    """

    name: str
    key: str
    jobs: int
    trained: int | None
    fraction: float | None
    pass_flops: float
    flops: float
    precision: str
    memory: Memory
    checkpointed: Memory | None = None
    note: str = ""


def steps(branch: Branch, sizes: Sizes) -> Iterator[Step]:
    """Every step of the branch that runs the model, in the order in which they run."""
    if branch.trunk.kind == "train" and sizes.bulk_windows:
        model = fake_model(sizes.shape, sizes.bulk_tracks, head=branch.trunk.head, frozen=False)
        phases = [(model, branch.trunk.training.epochs)]
        yield _fit("trunk", "trunk.training", 1, phases, branch.trunk.training, sizes.bulk_windows.value)
    if sizes.fitted:
        for stage in stored_stages(branch.adapt):
            yield _embed(stage, branch.adapt, sizes)
        for adapter in sizes.fitted:
            yield _adapt(adapter.run, branch.adapt, sizes)
        if held := branch.generalise.listed:
            again = sizes.adapters[branch.generalise.adapter or sizes.fitted[0].run.name].run
            yield _adapt(again, branch.adapt, sizes, held_out=len(held))
        yield _evaluate(branch, sizes)
    if not sizes.adapters:
        return
    scorers = [_scoring(sizes, name) for name in _names(branch.variants.adapter)]
    model = _scored_model(sizes, scorers[0])
    views = (1 + branch.variants.rc) * len(branch.variants.shifts) * sum(one.seeds for one in scorers)
    without_tower = _without_tower(model)
    for name, found in sizes.alleles.items():
        count = found.value if found else {"alleles": 0, "indels": 0, "roles": 1}
        substitutions = count["alleles"] - count["indels"]
        alternatives = 2 * count["indels"] + substitutions * (without_tower if branch.variants.sparse else 1)
        sequences = round((count["alleles"] + alternatives) * views)  # at most: with window_step, references are shared
        note = f"{count['alleles']:,} alleles ({found.source})" if found else "its VCF is not there"
        batch = branch.variants.batch_size or batch_within(model)  # a CPU's: a card with room takes more
        jobs = branch.variants.jobs * count["roles"]
        yield _passes(f"variants {name}", "variants.batch_size", model, sequences, batch, note, jobs)
    scorer = _scoring(sizes, branch.ism.adapter)
    model = _scored_model(sizes, scorer)
    changes = 3 + 2 * branch.ism.deletions  # a deletion takes two sequences
    for name, length in ism_lengths(branch).items():
        # The reference, and once more with one change (which may be an indel) for the picture.
        each = changes - 3 * (1 - without_tower) * branch.ism.sparse
        sequences = round((each * length + 4) * (1 + branch.ism.rc) * scorer.seeds)
        note = f"{length:,} bp, {changes} sequences each"
        yield _passes(f"ism {name}", "ism.batch_size", model, sequences, branch.ism.batch_size, note)
    if assay := branch.mpra:
        # A deletion takes two whole sequences; of the published assays' changes one in six is one.
        each = 5 / 6 * without_tower + 2 / 6
        counted = round(len(assay.elements) * (assay.most or 0) * len(assay.backgrounds) * each)
        note = f"{assay.most} changes of each element" if counted else "the changes of its table are not counted here"
        scorer = _scoring(sizes, assay.adapter)
        sequences = counted * (1 + assay.rc) * scorer.seeds
        yield _passes("mpra", "mpra.batch_size", _scored_model(sizes, scorer), sequences, assay.batch_size, note)


def _without_tower(model: SequenceModel) -> float:
    """Share of a forward pass that a substitution takes when the tower is not computed again; 1 where it must be."""
    if unsupported(model):
        return 1.0
    flops = parts(model)
    return 1 - flops["tower"] / sum(flops.values())


def ism_lengths(branch: Branch) -> dict[str, int]:
    """bp of each region for in-silico mutagenesis, by its name."""
    if not branch.ism.regions:
        return {ISM_REGION: ISM_BP} if branch.world and branch.ism.regions is not None else {}
    return {name: region.length for name, region in branch.ism.regions.items()}


# ---- fits -----------------------------------------------------------------------------------------------------------


def _adapt(run: AdaptRun, settings: Adapt, sizes: Sizes, held_out: int = 0) -> Step:
    """The fits of one run; with ``held_out`` those without each of so many hold-outs, as if to all tracks."""
    tracks, jobs = sizes.tracks.value[FITTED], len(settings.seeds) * max(1, held_out)
    name = f"held out x {held_out}, {run.name}" if held_out else f"adapt {run.name}"
    windows = {**sizes.windows.value, "train": max(1, round(run.train_share * sizes.windows.value["train"]))}
    training = settings.training.model_copy(update={"epochs": run.epochs or settings.training.epochs})
    model = fake_model(sizes.shape, tracks, run, settings.head)
    stored = _stored(run, settings)
    if run.kind == "ridge":
        return _ridge(name, model, training, windows, jobs, stored)
    phases = [(model, training.epochs)]
    if run.head_epochs:
        alone = AdaptRun(name=run.name, kind="probe", trunk_dropout=run.trunk_dropout)
        phases.insert(0, (fake_model(sizes.shape, tracks, alone, settings.head), run.head_epochs))
    return _fit(name, "adapt.training", jobs, phases, training, windows, stored)


def stored_stages(settings: Adapt) -> list[Stage]:
    """Outputs of the frozen trunk that lie on disk for all runs, none without ``cached_trunk``."""
    found = {cached_stage(run) for run in settings.runs} if settings.cached_trunk else set()
    return [stage for stage in NUMBERS if stage in found]


def _stored(run: AdaptRun, settings: Adapt) -> int:
    """Leading stages that a run need not compute, because their outputs lie on disk."""
    stage = cached_stage(run) if settings.cached_trunk else None
    return NUMBERS[stage] if stage else 0


def _views(settings: Adapt, windows: dict[str, int]) -> int:
    """Views on disk: train windows on both strands, valid ones as they lie."""
    return (1 + settings.training.rc) * windows["train"] + windows["valid"]


def _embed(stage: Stage, settings: Adapt, sizes: Sizes) -> Step:
    model, batch = fake_model(sizes.shape, sizes.tracks.value[FITTED]), settings.training.batch_size
    views, stages = _views(settings, sizes.windows.value), range(NUMBERS[stage])
    one, many = inference(model, 1, stages), inference(model, batch, stages)
    memory = Memory(weight_bytes(model), one.peak, batch, many.peak)
    note = f"{views:,} views, once for all runs and seeds"
    key, precision = "adapt.training.batch_size", settings.training.precision
    return Step(f"embed {stage}", key, 1, None, None, one.flops, float(views) * one.flops, precision, memory, note=note)


def _fit(
    name: str,
    key: str,
    jobs: int,
    phases: Sequence[tuple[SequenceModel, int]],
    training: Training,
    windows: dict[str, int],
    stored: int = 0,
) -> Step:
    """A fit by gradient: one model for each phase, of which the last one is the largest, and its epochs."""
    how, model = fitting(training), phases[-1][0]
    train, valid = windows["train"], windows["valid"]
    step = training_step(model, how)
    cache = _Cache(phases, training, windows, stored)
    flops = float(cache.flops)
    for fitted, epochs in phases:
        live = inference(fitted, 1, range(fitted.frozen_stages(), 3)).flops
        one = step if fitted is model else training_step(fitted, how)
        flops += epochs * train * one.flops / how.batch + (epochs + 1) * valid * live
    held = weight_bytes(model) + COPIES * _trained_bytes(model) + cache.kept
    helps = not how.checkpoint and model.frozen_stages() < HEAD
    return Step(
        name,
        f"{key}.batch_size",
        jobs,
        adapter_parameters(model) if model.frozen else parameters(model.trunk),
        trainable_fraction(model) if model.frozen else 1.0,
        step.flops / how.batch,
        jobs * flops,
        how.precision,
        _training_memory(model, how, held, cache.kept, step.peak),
        _training_memory(model, how._replace(checkpoint=True), held, cache.kept) if helps else None,
        cache.note,
    )


def fitting(training: Training) -> Fitting:
    """How the settings ask for a step to be taken."""
    given = training.model_dump()
    at_a_time = -(-training.batch_size // given.get("accumulate", 1))
    return Fitting(at_a_time, given.get("precision", "fp32"), given.get("checkpoint", False))


def _training_memory(model: SequenceModel, how: Fitting, held: int, cache: int, peak: int | None = None) -> Memory:
    one = training_step(model, how._replace(batch=1)).peak
    return Memory(held, one, how.batch, training_step(model, how).peak if peak is None else peak, cache)


class _Cache:
    """The frozen stages of a fit: FLOPs of all views that really pass them, bytes kept for that, and a note.

    A view is a window, perhaps reverse complemented, shifted. Each passes a frozen stage once if what came out still
    finds room in ``cache_gb``, else whenever it is drawn. What the first ``stored`` stages give lies on disk.
    """

    def __init__(
        self, phases: Sequence[tuple[SequenceModel, int]], training: Training, windows: dict[str, int], stored: int
    ) -> None:
        model = phases[-1][0]
        train, valid = windows["train"], windows["valid"]
        variants = (1 + training.rc) * (1 + 2 * training.shift)
        trunk = model.trunk
        needed = float((train + valid) * (4 * trunk.out_bins * len(model.tracks) + trunk.context))  # targets, sequence
        asked: list[tuple[int, float, float]] = []  # FLOPs of a stage, times it is distinct, times it is asked for
        for stage in range(stored, HEAD):
            frozen = [(fitted, epochs) for fitted, epochs in phases if fitted.frozen_stages() > stage]
            if frozen:
                drawn = sum(epochs for _, epochs in frozen)
                scored = sum(epochs + 1 for _, epochs in frozen)
                distinct = train * distinct_views(variants, drawn) + valid
                needed += distinct * stage_bytes(frozen[0][0], stage)
                flops = inference(frozen[0][0], 1, range(stage, stage + 1)).flops
                asked.append((flops, distinct, train * drawn + valid * scored))
        room = training.cache_gb * 1e9
        share = min(1.0, room / needed)
        self.flops = sum(flops * (share * once + (1 - share) * always) for flops, once, always in asked)
        self.kept = int(min(needed, room))
        self.note = ""
        if asked:
            kept = "which cache_gb holds" if share == 1 else f"cache_gb {training.cache_gb:g} holds {share:.0%} of them"
            self.note = f"outputs of frozen layers for every view take {needed / 1e9:,.1f} GB, {kept}"


def distinct_views(views: int, draws: int) -> float:
    """How many of ``views`` are expected to have come up after so many random draws."""
    return views * (1 - (1 - 1 / views) ** draws)


def _ridge(
    name: str, model: SequenceModel, training: Training, windows: dict[str, int], jobs: int, stored: int
) -> Step:
    """Both strands of each training window pass the trunk once; then one equation of the embedding's width."""
    views = (1 + training.rc) * windows["train"] + windows["valid"]
    forward = inference(model, 1, range(stored, HEAD)).flops if stored < HEAD else 0
    solved = 2 * views * model.trunk.out_bins * model.trunk.width * (model.trunk.width + len(model.tracks))
    batch = training.batch_size
    memory = Memory(weight_bytes(model), inference(model, 1).peak, batch, inference(model, batch).peak)
    flops = jobs * float(views * forward + solved)
    return Step(name, "adapt.training.batch_size", jobs, 0, 0.0, forward, flops, "fp32", memory)


# ---- forward passes -------------------------------------------------------------------------------------------------


def _evaluate(branch: Branch, sizes: Sizes) -> Step:
    """Every adapter on the test windows, and the trunk on all windows of its own tracks where the run has them."""
    fitted = _scored_model(sizes, sizes.fitted[0])
    jobs = sum(adapter.seeds for adapter in sizes.fitted)
    sequences = jobs * sizes.windows.value["test"]
    own = sum(sizes.bulk_windows.value.values()) if sizes.bulk_windows else 0
    note = f"{jobs} adapters on the test windows" + (", the trunk on all of its own" if own else "")
    return _passes("evaluate", "evaluate.batch_size", fitted, sequences + own, branch.evaluate.batch_size, note)


def _passes(name: str, key: str, model: SequenceModel, sequences: int, batch: int, note: str, jobs: int = 1) -> Step:
    forward, one = inference(model, batch), inference(model, 1)
    memory = Memory(weight_bytes(model), one.peak, batch, forward.peak)
    return Step(name, key, jobs, None, None, one.flops, float(sequences) * one.flops, "fp32", memory, note=note)


def _names(given: str | list[str] | None) -> list[str | None]:
    """The adapt runs whose predictions are averaged."""
    return [*given] if isinstance(given, list) else [given]


def _scoring(sizes: Sizes, name: str | None) -> Adapted:
    """The adapter that scores."""
    return sizes.adapters[name or next(iter(sizes.adapters))]


def _scored_model(sizes: Sizes, scorer: Adapted) -> SequenceModel:
    return fake_model(sizes.shape, scorer.tracks, scorer.run)


# ---- bytes ----------------------------------------------------------------------------------------------------------


def weight_bytes(model: SequenceModel) -> int:
    """Bytes of a model's parameters and running statistics."""
    return sum(tensor.nbytes for tensor in (*model.parameters(), *model.buffers()))


def _trained_bytes(model: SequenceModel) -> int:
    return sum(p.nbytes for p in model.parameters() if p.requires_grad)


def disk(branch: Branch, sizes: Sizes) -> dict[str, float]:
    """Bytes on disk of what is large, by name; the two first before compression, bigWigs roughly."""
    shape, tracks = sizes.shape, sizes.tracks.value[ALL]
    windows = sum(sizes.windows.value.values())
    trunk = fake_model(shape, 1)
    found = {}
    if sizes.fitted:
        window = 4 * shape.out_bins * tracks + shape.context * bool(branch.tfrecords)
        found["targets.zarr"] = float(windows * window)
    if sizes.bulk_tracks:
        found["bulk/targets.zarr"] = float(windows * 4 * shape.out_bins * sizes.bulk_tracks)
    if sizes.fitted and not branch.tfrecords:
        found["bigWigs"] = BIGWIG * sizes.genome_bp * tracks
    size = {"float32": 4, "float16": 2}[branch.adapt.cache_dtype]
    for stage in stored_stages(branch.adapt) if sizes.fitted else ():
        one = stage_bytes(trunk, NUMBERS[stage] - 1) * size / 4
        found[f"embeddings/{stage}.zarr"] = _views(branch.adapt, sizes.windows.value) * one
    found["trunk"] = float(weight_bytes(trunk))
    models = [(_scored_model(sizes, adapter), adapter.seeds) for adapter in sizes.adapters.values()]
    counts = [n * (adapter_parameters(m) + sum(p.numel() for p in m.head.parameters())) for m, n in models]
    found["adapters"] = 4.0 * sum(counts)
    return found


BIGWIG = 0.13  # bytes for each bp and track, as measured on the built-in world; sparser cells take less
