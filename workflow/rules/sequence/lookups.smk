"""Paths and look-ups of the sequence branch: samples, reference, trunk, fits, and its targets. Functions only."""


def adapters(files):
    """Paths of ``files`` for every adapter and seed that is fitted here."""
    return [
        f"{SEQUENCE}/adapt/{run.name}/seed{seed}/{file}"
        for run in SEQ_IN.runs
        for seed in SEQ.adapt.seeds
        for file in files
    ]


def seeds_of(name):
    """The adapters (one per seed) of a run, or of one that was fitted elsewhere."""
    given = SEQ_IN.given_adapters.get(name)
    seeds = range(1, len(given) + 1) if given else SEQ.adapt.seeds
    return [f"{SEQUENCE}/adapt/{name}/seed{seed}/adapter.safetensors" for seed in seeds]


def one_of(names):
    """Wildcard constraint: one of ``names``, which have letters, digits and underscores only; nothing where none is."""
    return "|".join(names) or "(?!)"


def given_adapter(file):
    """Input function: a file of an adapter that was fitted elsewhere."""

    def path(wildcards):
        folders = SEQ_IN.given_adapters[wildcards.name]
        return f"{folders[int(wildcards.seed) - 1]}/{file}"

    return path


def adapt_settings(wildcards):
    """The one adapter run that a job fits, with what all runs share."""
    (run,) = [run for run in SEQ.adapt.runs if run.name == wildcards.name]
    own = {
        **settings(SEQ.adapt),
        "runs": [settings(run)],
        "seeds": [int(wildcards.seed)],
        "grid": [],
        "given": {},
    }
    if not adapt_embeddings(
        wildcards
    ):  # how outputs are cached is nothing to a run that reads none
        del own["cached_trunk"], own["cache_dtype"]
    return own


def adapt_embeddings(wildcards):
    """The frozen trunk's outputs on disk, for runs that start behind them."""
    (run,) = [run for run in SEQ.adapt.runs if run.name == wildcards.name]
    stage = cached_stage(run) if SEQ.adapt.cached_trunk else None
    return [f"{SEQUENCE}/embeddings/{stage}.zarr"] if stage else []


def embed_settings():
    """What the trunk's outputs depend on: a change of any other setting of a fit computes none again."""
    training = {
        key: value
        for key, value in settings(SEQ.adapt.training).items()
        if key in ("rc", "batch_size", "accumulate", "precision", "save_minutes")
    }
    return {
        "training": {**training, "shift": 0},
        "cache_dtype": SEQ.adapt.cache_dtype,
    }


def adapter_seed(wildcards):
    """The seed of an adapter job."""
    return int(wildcards.seed)


def part_sample(wildcards):
    """The row of the sample sheet that a job reads."""
    return vars(SEQ_IN.sources[wildcards.source])


def part_files(wildcards):
    """The files of that row."""
    return SEQ_IN.source_files(wildcards.source)


def part_number(wildcards):
    """Which part of the sample a job reads, from 0."""
    return int(wildcards.part)


def part_count(wildcards):
    """How many jobs read the sample."""
    return len(SEQ_IN.parts(wildcards.source))


def reading_settings():
    """What reading depends on: a change of anything else pools again, and reads nothing again."""
    return {
        key: value
        for key, value in settings(SEQ.pseudobulk).items()
        if key in Reading.model_fields and key != "parts"
    }


def pseudobulk_parts():
    """The parts of all samples."""
    return [
        f"{SEQUENCE}/parts/{source}/{part}"
        for name in SEQ_IN.sources
        for source, part in SEQ_IN.parts(name)
    ]


def cluster_report():
    """What the clustering of unlabelled samples leaves for people, where there is one."""
    names = ("umap.svg", "markers.parquet") if SEQ_IN.clustered else ()
    return [f"{SEQUENCE}/labels/{name}" for name in names]


def coverage_outputs():
    """Folders of tracks, where any sample has coverage."""
    names = ("bw", "targets.zarr") if SEQ_IN.has_coverage else ()
    return [f"{SEQUENCE}/pseudobulk/{name}" for name in names]


def shape_settings():
    """What windows and bins depend on: how a trunk is trained is nothing to the reference and the tracks."""
    own = trunk_settings()
    return {key: own[key] for key in own if key not in ("training", "head", "bulk")}


def trunk_settings():
    """What a trunk depends on: what it had been trained on elsewhere is for the leakage audit."""
    own = settings(SEQ_IN.trunk)
    return {key: own[key] for key in own if key != "windows"}


def trunk_targets():
    """Bulk coverage that a trunk is trained on; nothing when its weights are given."""
    return f"{SEQUENCE}/bulk/targets.zarr" if SEQ.trunk.kind == "train" else []


def trunk_own_targets():
    """Coverage that the trunk itself was trained on, where the run has it: what its own test score is read on."""
    return optional(trunk_targets() or (adapt_targets() if SEQ.tfrecords else None))


def adapt_targets():
    """Coverage that adapters are fitted to."""
    return (
        f"{SEQUENCE}/tfrecords/targets.zarr"
        if SEQ.tfrecords
        else f"{SEQUENCE}/pseudobulk/targets.zarr"
    )


def track_table():
    """What each pseudobulk track is; a TFRecord set names its tracks itself."""
    pooled = SEQ_IN.samples and not SEQ.tfrecords
    return optional(pooled and f"{SEQUENCE}/pseudobulk/tracks.parquet")


def track_qc():
    """Noise ceilings and scales of the pseudobulk tracks."""
    pooled = SEQ_IN.samples and not SEQ.tfrecords
    return optional(pooled and f"{SEQUENCE}/pseudobulk/qc.json")


def cell_adapters():
    """The adapters that the decoder for cells sits on and is compared with: its own first, first seed."""
    if not SEQ.cells:
        return []
    wanted = (SEQ.cells.adapter, SEQ.evaluate.reference)
    names = [run.name for run in SEQ.adapt.runs]
    return [
        f"{SEQUENCE}/adapt/{name}/seed{SEQ.adapt.seeds[0]}/adapter.safetensors"
        for name in dict.fromkeys(wanted)
        if name in names
    ]


def cell_samples():
    """Sample rows whose cells are counted one by one."""
    return [row for row in SEQ_IN.samples if row.kind in ("bam", "h5ad")]


def cell_files():
    """Every file that the cells of those rows are read from."""
    reads = [name for name, row in SEQ_IN.sources.items() if row.kind == "bam"]
    files = [path for name in reads for path in SEQ_IN.source_files(name)]
    return sorted({*files, *SEQ_IN.finished_files})


def cell_tables():
    """What the decoder for cells leaves, where it is configured."""
    return (
        [f"{SEQUENCE}/cells/evaluation.parquet"]
        if SEQ.cells and SEQ_IN.has_coverage
        else []
    )


def audited_windows():
    """The windows whose folds are looked up: those that adapters are fitted on, else the study's own."""
    return adapt_targets() if SEQ_IN.runs else rules.sequence_reference.output.windows


def evaluated_parts():
    """What the table of all metrics is put together from; without a fit there is nothing measured to compare with."""
    tracks = [f"{SEQUENCE}/evaluate/tracks.parquet"] if SEQ_IN.runs else []
    return [*tracks, f"{SEQUENCE}/evaluate/variants.parquet"]


def evaluation_tables():
    """What is known of the predictions: metrics, what the trunk had seen, and what was held out from a fit."""
    names = ("metrics", "leakage") if SEQ_IN.scorers else ()
    names += ("generalise",) if SEQ_IN.runs else ()
    return [f"{SEQUENCE}/evaluate/{name}.parquet" for name in names]


def gene_head_tables():
    """What the head leaves that is fitted to counts where there is nothing else; without an annotation no gene has a
    place."""
    counts_alone = SEQ_IN.samples and not SEQ_IN.has_tracks and SEQ_IN.gtf
    return [f"{SEQUENCE}/gene_head/evaluation.parquet"] if counts_alone else []


def sequence_tables():
    """Tables of the sequence branch; nothing when it is not configured."""
    if CFG.sequence is None:
        return []
    pseudobulk = [f"{SEQUENCE}/pseudobulk/qc.json"] if SEQ_IN.samples else []
    sets = variant_scores()
    sets += [path for name in SEQ_IN.variant_sets for path in cell_scores(name)]
    return [
        *evaluation_tables(),
        *pseudobulk,
        *gene_head_tables(),
        *sets,
        *ism_files(("parquet",)),
        *mpra_files(("agreement.parquet",)),
        *cell_tables(),
    ]


def pseudobulk_page():
    """The page to look at before believing a track; a run without samples has none."""
    return [f"{SEQUENCE}/pseudobulk/qc.html"] if CFG.sequence and SEQ_IN.samples else []


def evaluation_page():
    """What is known of the predictions, to be read; a run that predicts none has none."""
    there = CFG.sequence is not None and SEQ_IN.scorers
    return [f"{SEQUENCE}/evaluate/evaluation.html"] if there else []


def histories():
    """Loss curves of every fit of this run."""
    if CFG.sequence is None or not SEQ_IN.scorers:
        return []
    trunk = [f"{SEQUENCE}/trunk/history.svg"] if SEQ.trunk.kind == "train" else []
    return [*trunk, *adapters(["history.svg"])]


def sequence_targets():
    """Everything of the sequence branch but its figures."""
    return [
        *sequence_tables(),
        *pseudobulk_page(),
        *variants_pages(),
        *evaluation_page(),
        *histories(),
        *pictures(),
    ]
