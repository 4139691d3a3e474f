"""Paths and look-ups shared by all rules: functions only, and no numbers (those are in presage.config)."""

import shlex
import time

from presage import study
from presage.config import pose as pose_config
from presage.config.load import load
from presage.config.pseudobulk import Reading
from presage.config.root import HomeCage, Sequence
from presage.errors import UserError
from presage.provenance import closure_hash
from presage.record import COMMAND
from presage.sequence.training.stages import cached_stage
from presage.study.hold_outs import hold_outs
from presage.study.requests import memory, minutes
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
    # Once, not again by every job of a cluster; and costs may be asked for before anything is there.
    if workflow.is_main_process and "cost" not in sys.argv:
        study.check_given(CFG.sequence and SEQ_IN, CFG.homecage and CAGE_IN)
    SEQ_IN.check()
    CAGE_IN.check()
except UserError as error:
    raise WorkflowError(str(error))

os.environ.setdefault(COMMAND, shlex.join(["snakemake", *sys.argv[1:]]))
SEQUENCE, HOMECAGE = f"{RUN}/sequence", f"{RUN}/homecage"
STARTED = time.time()
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


def settings(section, only=None):
    """A configuration section as the plain dictionary that rules hand to their scripts; ``only`` some of its keys."""
    return (
        section.model_dump(mode="json", include=only) if section is not None else None
    )


def optional(path):
    """An input that not every study has."""
    return [path] if path else []


def look_at():
    """Where to look when a run has ended well."""
    pages = [f"{RUN}/index.html", f"{HOMECAGE}/morning.html"]
    shown = "" if "cost" in sys.argv else " and ".join(filter(os.path.exists, pages))
    return [f"Look at {shown}"] if shown else []


def what_failed():
    """The line of each job that failed in this run, once more at the end, with its log."""
    fresh = (p for p in Path(LOGS).rglob("*.log") if p.stat().st_mtime >= STARTED)
    errors = (
        (next((line for line in text if line.startswith("ERROR ")), None), path)
        for path in sorted(fresh)
        for text in [path.read_text(errors="replace").splitlines()]
    )
    found = [
        f"  {line.removeprefix('ERROR ')} ({path})" for line, path in errors if line
    ]
    return ["What failed:", *found] if found else []


def run_folder(wildcards):
    """The run's folder, for scripts that read all of its tables."""
    return RUN


def public_name(wildcards):
    """Registry name of a file."""
    return wildcards.path


def public_folder_name(wildcards):
    """Registry name of a folder: it ends in a slash."""
    return f"{wildcards.path}/"


# ---- report -----------------------------------------------------------------------------------------------------


def facts():
    """What was run, in words for the run's page."""
    sources = {
        "sequence": (
            "the built-in genome world (simulated)"
            if SIMULATED["sequence"]
            else SEQ.samples
            or SEQ.tfrecords
            or f"none; adapters fitted elsewhere: {', '.join(SEQ_IN.scorers)}"
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


def given_files():
    """The files that the study was given, for the run's record."""
    return study.given_files(
        CFG.sequence and SEQ_IN,
        CFG.homecage and CAGE_IN,
    )


def figure_files(branch, suffix):
    """The figures of one branch that this run can draw."""
    return [f"{RUN}/figures/{stem}.{suffix}" for stem in study.figures(CFG, branch)]


def figure_labels(path):
    """How Snakemake's report lists a figure; every item of a category has these labels."""
    number, _, shows = Path(path).stem.removeprefix("fig").partition("_")
    return {"shows": f"{number.zfill(2)} {shows.replace('_', ' ')}", "as": "figure"}


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
        f"{RUN}/record.json",
        *sequence_targets(),
        *homecage_targets(),
    ]
