"""Paths and look-ups shared by all rules: functions only, and no numbers (those are in presage.config)."""

from presage import study
from presage.config.load import load
from presage.config.pseudobulk import Reading
from presage.config.root import HomeCage, Sequence
from presage.errors import UserError
from presage.provenance import closure_hash
from presage.sequence.training.stages import cached_stage
from snakemake.exceptions import WorkflowError

try:
    CFG = load(config, Path(workflow.basedir) / "config" / "demo.yaml")
    # A branch that is not configured keeps its defaults here, so that its rules parse; its targets are empty.
    SEQ = CFG.sequence or Sequence.model_construct()
    CAGES = CFG.homecage or HomeCage.model_construct()
    RUN = f"{CFG.results}/{CFG.run}"
    GENOME_WORLD, VIVARIUM = f"{RUN}/worlds/genome", f"{RUN}/worlds/vivarium"
    CLUSTER_LABELS = f"{RUN}/sequence/labels/labels.tsv"
    SEQ_IN = study.SequenceInputs(SEQ, GENOME_WORLD, CLUSTER_LABELS)
    CAGE_IN = study.HomeCageInputs(CAGES, VIVARIUM)
    SEQ_IN.check()
    CAGE_IN.check()
except UserError as error:
    raise WorkflowError(str(error))

SEQUENCE, HOMECAGE = f"{RUN}/sequence", f"{RUN}/homecage"
LOGS, BENCHMARKS = f"{RUN}/logs", f"{RUN}/benchmarks"
RESUME = f"{RUN}/.resume"  # not an output of any rule: a killed job must find it again
SIMULATED = study.simulated(CFG)
HAS_CAGES = CFG.homecage is not None and CAGE_IN.cages is not None


# ---- what rules hand to their scripts ---------------------------------------------------------------------------


def code(script):
    """Parameter function: the hash of a script's import closure, so that a change of the library reruns what it touches."""

    def closure(wildcards):
        return closure_hash(f"{script}.py")

    return closure


def settings(section):
    """A configuration section as the plain dictionary that rules hand to their scripts."""
    return section.model_dump(mode="json") if section is not None else None


def optional(path):
    """An input that not every study has."""
    return [path] if path else []


def run_folder(wildcards):
    """The run's folder, for scripts that read all of its tables."""
    return RUN


def public_name(wildcards):
    """Registry name of a file."""
    return wildcards.path


def public_folder_name(wildcards):
    """Registry name of a folder: it ends in a slash."""
    return f"{wildcards.path}/"


# ---- sequence ---------------------------------------------------------------------------------------------------


def adapters(files):
    """Paths of ``files`` for every adapter run and seed."""
    return [
        f"{SEQUENCE}/adapt/{run.name}/seed{seed}/{file}"
        for run in SEQ.adapt.runs
        for seed in SEQ.adapt.seeds
        for file in files
    ]


def scoring_names():
    """Names of the adapter runs that score variants."""
    given = SEQ.variants.adapter or SEQ.adapt.runs[0].name
    return [given] if isinstance(given, str) else given


def scoring_name():
    """What the evaluation calls them."""
    return "+".join(scoring_names())


def seeds_of(name):
    """The adapters (one per seed) of a run."""
    return [
        f"{SEQUENCE}/adapt/{name}/seed{seed}/adapter.safetensors"
        for seed in SEQ.adapt.seeds
    ]


def scoring_adapters():
    """The adapters (one per run and seed) that score variants."""
    return [path for name in scoring_names() for path in seeds_of(name)]


def ism_adapters():
    """The adapters that read mutated regions."""
    return seeds_of(SEQ.ism.adapter or SEQ.adapt.runs[0].name)


def ism_settings(wildcards):
    """What mutating one region depends on: another region, or how the picture looks, computes nothing again."""
    own = settings(SEQ.ism)
    drawn = ("motifs", "seqlets", "picture")
    regions = {
        name: region
        for name, region in (own["regions"] or {}).items()
        if name == wildcards.region
    }
    rest = {key: value for key, value in own.items() if key not in drawn}
    return {**rest, "regions": regions}


def ism_picture_settings():
    """What pictures and seqlets depend on."""
    own = settings(SEQ.ism)
    return {key: own[key] for key in ("seqlets", "picture")}


def mpra_adapters():
    """The adapters that are compared with a reporter assay."""
    return seeds_of(SEQ.mpra.adapter or SEQ.adapt.runs[0].name) if SEQ.mpra else []


def mpra_settings():
    """What predicting an assay's changes depends on: how they are compared with the measured ones is nothing to it."""
    own = settings(SEQ.mpra) or {}
    compared = ("min_barcodes", "block", "bootstrap")
    return {key: value for key, value in own.items() if key not in compared}


def scoring_settings():
    """What effects depend on; which sets there are, and how their sites are chosen, is nothing to the effects."""
    sites = ("sets", "matched_null", *SITES_KEYS)
    return {
        key: value for key, value in settings(SEQ.variants).items() if key not in sites
    }


SITES_KEYS = ("max_length", "max_mismatch")


def sites_settings():
    """What is kept of a file of variants."""
    return {key: getattr(SEQ.variants, key) for key in SITES_KEYS}


def null_settings(wildcards):
    """How a null set is drawn, where it is."""
    drawn = SEQ_IN.variant_sets[wildcards.set].null_file is None
    return settings(SEQ.variants.matched_null) if drawn else None


def null_name(wildcards):
    """What a null set that is given is called."""
    return SEQ_IN.variant_sets[wildcards.set].null_name


def adapted_tracks():
    """Patterns of the tracks that are scored, once they are fitted to."""
    return list(SEQ.adapt.tracks)


def effect_parts(role, kind):
    """Input function: what the jobs that score the ``role`` of a set leave, in their order."""

    def parts(wildcards):
        return [
            f"{SEQUENCE}/variants/{wildcards.set}/parts/{role}.{part}.{kind}.parquet"
            for part in range(SEQ.variants.jobs)
        ]

    return parts


def adapt_settings(wildcards):
    """The one adapter run that a job fits, with what all runs share."""
    (run,) = [run for run in SEQ.adapt.runs if run.name == wildcards.name]
    own = {
        **settings(SEQ.adapt),
        "runs": [settings(run)],
        "seeds": [int(wildcards.seed)],
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
    return [] if SEQ.tfrecords else [f"{SEQUENCE}/pseudobulk/tracks.parquet"]


def track_qc():
    """Noise ceilings and scales of the pseudobulk tracks."""
    return [] if SEQ.tfrecords else [f"{SEQUENCE}/pseudobulk/qc.json"]


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


def gene_head_tables():
    """What the head fitted to counts leaves; without an annotation no gene has a place."""
    return [f"{SEQUENCE}/gene_head/evaluation.parquet"] if SEQ_IN.gtf else []


def variant_file(wildcards):
    """The variants of a set."""
    return SEQ_IN.variant_sets[wildcards.set].vcf


def null_file(wildcards):
    """The null set of a set, if it is a file."""
    return optional(SEQ_IN.variant_sets[wildcards.set].null_file)


def calibration_file(wildcards):
    """The measured effects of a set, if it has some."""
    return optional(SEQ_IN.variant_sets[wildcards.set].calibration)


def role_files(role, has):
    """Input functions of what a set may have beside its variants: its sites, and the effects of their parts."""

    def sites(wildcards):
        found = has(SEQ_IN.variant_sets[wildcards.set])
        return [f"{SEQUENCE}/variants/{wildcards.set}/{role}.parquet"] if found else []

    def parts(wildcards):
        return effect_parts(role, "effects")(wildcards) if sites(wildcards) else []

    return sites, parts


def has_null(given):
    """Whether p-values are asked for."""
    return bool(given.null)


def has_calibration(given):
    """Whether measured effects are given."""
    return bool(given.calibration)


null_sites, null_parts = role_files("null_sites", has_null)
calibration_sites, calibration_parts = role_files("calibration_sites", has_calibration)
calibration_effects, _ = role_files("calibration_effects", has_calibration)


def cell_base():
    """The adapter inside the trunk that the decoder for cells sits on: none for the bare trunk."""
    if not SEQ.cells or not SEQ.cells.adapter:
        return []
    return [
        f"{SEQUENCE}/adapt/{SEQ.cells.adapter}/seed{SEQ.adapt.seeds[0]}/adapter.safetensors"
    ]


def cell_scores(name):
    """Effects of a set in single cells, where they are asked for."""
    asked = SEQ.variants.cells and SEQ.cells
    return optional(asked and f"{SEQUENCE}/variants/{name}/cell_scores.parquet")


def variant_files_beside(wildcards):
    """What lies beside the page of a set, which links to it."""
    folder = f"{SEQUENCE}/variants/{wildcards.set}"
    names = ("gene_scores.parquet", "scores.vcf.gz", "scores.vcf.gz.tbi")
    return [*(f"{folder}/{name}" for name in names), *cell_scores(wildcards.set)]


def sequence_tables():
    """Tables of the sequence branch; nothing when it is not configured."""
    if CFG.sequence is None:
        return []
    pseudobulk = [f"{SEQUENCE}/pseudobulk/qc.json"] if SEQ_IN.samples else []
    if not SEQ_IN.has_tracks:
        return [*pseudobulk, *gene_head_tables()]
    sets = [
        f"{SEQUENCE}/variants/{name}/scores.parquet" for name in SEQ_IN.variant_sets
    ]
    sets += [path for name in SEQ_IN.variant_sets for path in cell_scores(name)]
    return [
        f"{SEQUENCE}/evaluate/metrics.parquet",
        *pseudobulk,
        *sets,
        *ism_files(("parquet",)),
        *mpra_files(("agreement.parquet",)),
        *cell_tables(),
    ]


def ism_files(endings):
    """What mutagenesis leaves of each region."""
    if CFG.sequence is None or not SEQ_IN.has_tracks:
        return []
    return [
        f"{SEQUENCE}/ism/{region}.{ending}"
        for region in SEQ_IN.ism_regions
        for ending in endings
    ]


def mpra_files(names):
    """What the comparison with a reporter assay leaves, where one is configured."""
    return [f"{SEQUENCE}/mpra/{name}" for name in names] if SEQ_IN.mpra else []


def pictures():
    """Pictures of the sequence branch that are no numbered figures."""
    return [*ism_files(("svg",)), *mpra_files(("scatter.svg",))]


def pseudobulk_page():
    """The page to look at before believing a track; a run without samples has none."""
    return [f"{SEQUENCE}/pseudobulk/qc.html"] if CFG.sequence and SEQ_IN.samples else []


def variants_pages():
    """The page to read for each set of variants."""
    if CFG.sequence is None or not SEQ_IN.has_tracks:
        return []
    return [f"{SEQUENCE}/variants/{name}/variants.html" for name in SEQ_IN.variant_sets]


def histories():
    """Loss curves of every fit of this run."""
    if CFG.sequence is None or not SEQ_IN.has_tracks:
        return []
    trunk = [f"{SEQUENCE}/trunk/history.svg"] if SEQ.trunk.kind == "train" else []
    return [*trunk, *adapters(["history.svg"])]


def sequence_targets():
    """Everything of the sequence branch but its figures."""
    return [
        *sequence_tables(),
        *pseudobulk_page(),
        *variants_pages(),
        *histories(),
        *pictures(),
    ]


# ---- home cage --------------------------------------------------------------------------------------------------


def cage_days(kind):
    """The files of one kind (segments, pose or features) over all cage-days."""
    return [
        f"{HOMECAGE}/{kind}/{cage}/{date}.parquet" for cage, date in CAGE_IN.cage_days
    ]


def manifest(wildcards):
    """One cage-day's segments, as parameters: path, size and mtime decide whether it reruns."""
    return CAGE_IN.manifest(wildcards.cage, wildcards.date)


def public_of_cage_day(wildcards):
    """One cage-day's segments that come from the data registry."""
    return [
        path
        for path in CAGE_IN.paths(wildcards.cage, wildcards.date)
        if path.startswith(study.PUBLIC)
    ]


def has_video(wildcards):
    """Whether a cage-day needs the pose model."""
    return CAGE_IN.has_video(wildcards.cage, wildcards.date)


def pose_model(wildcards):
    """The pose model's folder, where the cage-day has video."""
    return optional(
        CAGE_IN.pose_model(f"{HOMECAGE}/pose_model") if has_video(wildcards) else None
    )


def pose_threads(wildcards):
    """Importing finished pose takes one thread."""
    return CFG.torch_threads if has_video(wildcards) else 1


def pose_gpus(wildcards):
    """Importing finished pose takes no GPU."""
    return CFG.gpus if has_video(wildcards) else 0


def reference_pose():
    """Our pose of the cage-day that is compared with a published one."""
    reference = CAGES.pose.reference
    return (
        [f"{HOMECAGE}/pose/{reference.cage}/{reference.date}.parquet"]
        if reference
        else []
    )


def judged_only(path):
    """An input that exists only where there are cages to judge."""
    return path if HAS_CAGES else []


def homecage_tables():
    """Tables of the home-cage branch; nothing when it is not configured."""
    if CFG.homecage is None:
        return []
    tables = [f"{HOMECAGE}/distress/evaluation.parquet"]
    tables += (
        [f"{HOMECAGE}/segments.parquet", f"{HOMECAGE}/readings/daily.parquet"]
        if CAGE_IN.cage_days
        else []
    )
    return tables


def morning_targets():
    """The page that is opened each morning; a run without cages of its own has none."""
    return [f"{HOMECAGE}/morning.html"] if HAS_CAGES else []


def homecage_targets():
    """Everything of the home-cage branch but its figures."""
    return [*homecage_tables(), *morning_targets()]


# ---- report -----------------------------------------------------------------------------------------------------


def facts():
    """What was run, in words for the run's page."""
    sources = {
        "sequence": (
            "the built-in genome world (simulated)"
            if SIMULATED["sequence"]
            else SEQ.samples or SEQ.tfrecords
        ),
        "homecage": (
            "the built-in vivarium (simulated)"
            if SIMULATED["homecage"]
            else CAGES.segments or "other sensors"
        ),
    }
    branches = [name for name in ("sequence", "homecage") if getattr(CFG, name)]
    return {
        "Run": CFG.run,
        "Seed": str(CFG.seed),
        **{f"Input of {name}": str(sources[name]) for name in branches},
    }


def figure_files(branch, suffix):
    """The figures of one branch that this run can draw."""
    return [f"{RUN}/figures/{stem}.{suffix}" for stem in study.figures(CFG, branch)]


def figure_targets():
    """All figures of the configured branches."""
    branches = [
        name
        for name, on in (("sequence", CFG.sequence), ("homecage", CFG.homecage))
        if on
    ]
    return [path for branch in branches for path in figure_files(branch, "svg")]


def report_targets():
    """Everything."""
    return [
        f"{RUN}/index.html",
        f"{RUN}/summary.json",
        *sequence_targets(),
        *homecage_targets(),
    ]
