"""The whole configuration: the run, and the two branches. A branch that is left out is not run."""

from pydantic import Field, model_validator

from presage.config.adapt import Adapt
from presage.config.base import Section
from presage.config.cluster import Cluster
from presage.config.cost import Cost
from presage.config.decoder import Cells, GeneHead
from presage.config.distress import Alarms, Compare, Detector, Dss, Features, Readings
from presage.config.evaluate import Evaluate
from presage.config.generalise import Generalise
from presage.config.genome_world import GenomeWorld
from presage.config.ism import Ism, Mpra
from presage.config.pose import Clip, Pose, Recording
from presage.config.pseudobulk import Pseudobulk
from presage.config.reference import Reference
from presage.config.report import Report
from presage.config.trunk import Trunk
from presage.config.variants import Variants
from presage.config.vivarium import Vivarium

_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"


class Sequence(Section):
    """The sequence branch: reads and variants in, effects per cell type out."""

    world: GenomeWorld | None = Field(
        None, description="the built-in simulated genome instead of your data; null = yours"
    )
    samples: str | None = Field(None, description="your sample sheet (TSV: sample kind path labels donor ...)")
    reference: Reference = Field(default_factory=Reference, description="genome, genes and windows")
    pseudobulk: Pseudobulk = Field(default_factory=Pseudobulk, description="reads to tracks per cell type")
    cluster: Cluster = Field(default_factory=Cluster, description="labels for cells that have none")
    tfrecords: str | None = Field(
        None, description="folder of a baskerville TFRecord set to adapt to instead of the pseudobulk tracks"
    )
    trunk: Trunk = Field(default_factory=Trunk, description="the bulk-trained network that stays frozen")
    adapt: Adapt = Field(default_factory=Adapt, description="adapters and heads that are trained")
    cells: Cells | None = Field(None, description="the decoder for single cells (docs/cells.md); null = not fitted")
    gene_head: GeneHead = Field(
        default_factory=GeneHead, description="fit to counts alone, where no sample has coverage (h5ad)"
    )
    variants: Variants = Field(default_factory=Variants, description="variants to score")
    ism: Ism = Field(default_factory=Ism, description="regions for in-silico mutagenesis")
    mpra: Mpra | None = Field(None, description="a reporter assay to compare with (docs/mutagenesis.md); null = none")
    evaluate: Evaluate = Field(default_factory=Evaluate, description="metrics and their intervals")
    generalise: Generalise = Field(default_factory=Generalise, description="what is held out, and predicted")

    @model_validator(mode="after")
    def _has_input(self) -> "Sequence":
        if self.world is None and self.samples is None and self.tfrecords is None and not self.adapt.given:
            raise ValueError(
                "give samples (your sheet), tfrecords, adapt.given (a fitted adapter), or world (the built-in one)"
            )
        if self.world is None and not self.reference.fasta:
            raise ValueError("reference.fasta is missing: give the genome that the reads were aligned to")
        if self.world is None and self.trunk.kind == "train" and not self.trunk.bulk:
            raise ValueError(
                "there is no trunk: give a trained one (trunk.kind and its path), or trunk.bulk, a sheet of bulk "
                "bigWigs that a small one is trained on (docs/trunks.md)"
            )
        if self.world is not None and self.trunk.bulk:
            raise ValueError("trunk.bulk: the built-in world trains its trunk on its own bulk tracks; leave it out")
        names = [run.name for run in self.adapt.runs]
        for key, name in (("cells", self.cells and self.cells.adapter), ("generalise", self.generalise.adapter)):
            if name and name not in names:
                raise ValueError(f"{key}.adapter {name!r} is none of adapt.runs: {', '.join(names)}")
        for key, name in self.named_scorers:
            if name not in self.adapt.names:
                raise ValueError(f"{key}.adapter {name!r} is none of adapt: {', '.join(self.adapt.names)}")
        if self.tfrecords and any(axis != "tracks" for axis, _ in self.generalise.listed):
            raise ValueError("generalise: a TFRecord set has no cells, so hold out track_groups")
        return self

    @property
    def named_scorers(self) -> list[tuple[str, str]]:
        """Section and name of every adapter that is named to score variants, regions or reporter elements."""
        given = {"variants": self.variants.adapter, "ism": self.ism.adapter, "mpra": self.mpra and self.mpra.adapter}
        named = {key: [name] if isinstance(name, str) else name or [] for key, name in given.items()}
        return [(key, name) for key, names in named.items() for name in names]


class HomeCage(Section):
    """The home-cage branch: video, pose or sensor readings in, alarms with lead time out."""

    world: Vivarium | None = Field(
        None, description="the built-in simulated vivarium instead of your data; null = yours"
    )
    cages: str | None = Field(
        None, description="your cage sheet (TSV: cage strain animals role group); null = cages are not judged"
    )
    segments: str | None = Field(
        None,
        description="your segments sheet (TSV: cage start path fps) of video or finished pose; or, for video, a "
        "pattern, e.g. videos/{cage}/{start:%Y-%m-%dT%H}.mp4 (docs/video.md)",
    )
    events: str | None = Field(None, description="your events sheet (TSV: cage animal time_utc kind value note)")
    recording: Recording = Field(default_factory=Recording, description="clock, lights and schedule of the cameras")
    pose: Pose = Field(default_factory=Pose, description="from video to body parts")
    clips: tuple[Clip, ...] = Field((), description="films of a stretch with its pose, list of {cage, start, seconds}")
    features: Features = Field(default_factory=Features, description="from pose to behaviour per minute and day")
    readings: Readings = Field(default_factory=Readings, description="other sensors that enter beside the cameras")
    detector: Detector = Field(default_factory=Detector, description="deviation from the own baseline")
    compare: Compare = Field(default_factory=Compare, description="other detectors, evaluated beside it")
    alarms: Alarms = Field(default_factory=Alarms, description="budget, episodes and lead time")
    dss: Dss | None = Field(None, description="the published DSS colitis protocol on real mice; null = not run")

    @model_validator(mode="after")
    def _has_input(self) -> "HomeCage":
        if self.world is None and self.segments is None and not self.readings.sources and self.dss is None:
            raise ValueError("give segments (your sheet), readings.sources, dss, or world (the built-in one)")
        return self


class Config(Section):
    """A run of presage."""

    run: str = Field("demo", pattern=_NAME, description="name of the run; results go to <results>/<run>/")
    results: str = Field("results", min_length=1, description="folder of all runs")
    seed: int = Field(1, ge=0, lt=2**31, description="seed of everything random; the same seed gives the same bytes")
    torch_threads: int = Field(
        2, ge=1, le=64, description="CPU threads of numerical jobs; part of the result (sums reorder), so not --cores"
    )
    gpus: int = Field(
        1, ge=0, le=8, description="GPUs that a cluster gives each training, effect or pose job; 0 = CPU only"
    )
    plugins: tuple[str, ...] = Field((), description="Python files of yours with adapters, scores ... (docs/extend.md)")
    sequence: Sequence | None = Field(None, description="the sequence branch; leave out to skip it")
    homecage: HomeCage | None = Field(None, description="the home-cage branch; leave out to skip it")
    report: Report = Field(default_factory=Report, description="pages and figures")
    cost: Cost = Field(default_factory=Cost, description="what `snakemake cost` assumes")

    @model_validator(mode="after")
    def _has_branch(self) -> "Config":
        if self.sequence is None and self.homecage is None:
            raise ValueError("neither sequence nor homecage is configured")
        return self


def built_in() -> Config:
    """Both branches on the built-in worlds, with two hold-outs of its cheapest adapter; all else at its default."""
    held_out = Generalise(adapter="probe", cell_types=("rare",), donors=("donor2",))
    return Config(sequence=Sequence(world=GenomeWorld(), generalise=held_out), homecage=HomeCage(world=Vivarium()))
