"""What a study will cost: against closed formulas, torch's own counter on real passes and fits, and measured memory."""

import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from presage import tables
from presage.config.adapt import Adapt, AdaptRun
from presage.config.cost import Cost
from presage.config.ism import Ism, Mpra
from presage.config.reference import Reference
from presage.config.root import Config
from presage.config.root import Sequence as Branch
from presage.config.training import Training
from presage.config.trunk import Trunk, TrunkShape
from presage.config.variants import Variants
from presage.errors import UserError
from presage.sequence.adapters import attach
from presage.sequence.adapters.step import adapt
from presage.sequence.adapters.table import adapter_parameters
from presage.sequence.cost.estimate import estimate
from presage.sequence.cost.gpus import Gpu, chosen, known
from presage.sequence.cost.measured import LIBRARIES, START_S
from presage.sequence.cost.plan import Memory, disk, distinct_views, ism_lengths, steps
from presage.sequence.cost.sizes import Adapted, Sizes, count_alleles, trunk_shape
from presage.sequence.cost.text import room
from presage.sequence.cost.windows import Contigs, Counted, count_windows
from presage.sequence.model.heads import Head
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.model.weights import save_trunk
from presage.sequence.trace import Fitting, fake_model, inference, parts, training_step
from presage.sequence.trunk.attention import central_mask_features
from presage.sequence.trunk.borzoi import Borzoi, parameters
from presage.sequence.trunk.presets import BORZOI
from presage.study import SequenceInputs
from tests.unit.sequence.cost import measured_peak
from tests.unit.sequence.model_cases import SHAPE, TRACKS, lively_model, random_onehot, target_set

LORA = AdaptRun(name="x", kind="lora")
PROBE = AdaptRun(name="x", kind="probe")

shapes = st.builds(
    lambda tower, **rest: TrunkShape(context=1024, tower_widths=tuple(tower), heads=2, position_features=8, **rest),
    tower=st.lists(st.integers(2, 9), min_size=2, max_size=4),
    crop=st.integers(0, 3),
    stem_width=st.integers(2, 9),
    stem_kernel=st.sampled_from([3, 7]),
    tower_kernel=st.sampled_from([1, 5]),
    depth=st.integers(0, 2),
    key_size=st.integers(1, 5),
    value_size=st.integers(1, 5),
    ups=st.integers(0, 2),
    final_width=st.none() | st.integers(2, 9),
)


def formula(shape: TrunkShape, tracks: int) -> dict[str, int]:
    """FLOPs of a forward pass of one window, written down from the architecture: 2 per multiply-add."""
    widths, length = (shape.stem_width, *shape.tower_widths), shape.context
    macs = {"stem": length * 4 * shape.stem_kernel * shape.stem_width, "tower": 0, "transformer": 0, "decoder": 0}
    for inputs, outputs in pairwise(widths):
        length //= 2
        macs["tower"] += length * inputs * shape.tower_kernel * outputs
    tokens, top = length // 2, widths[-1]
    queries, values = shape.heads * shape.key_size, shape.heads * shape.value_size
    positions = central_mask_features(torch.arange(1 - tokens, tokens), tokens, shape.position_features)
    classes = len({tuple(row) for row in positions.tolist()})
    macs["position"] = shape.depth * classes * shape.position_features * queries
    linear = tokens * top * (2 * queries + 2 * values + 4 * top)
    attention = tokens * tokens * (queries + values) + tokens * classes * queries
    macs["transformer"] = shape.depth * (linear + attention) + macs["position"]
    bins, edge = tokens << shape.ups, shape.crop  # from the output back: what a step must compute
    steps = []
    for level in reversed(range(shape.ups)):
        skip = widths[-1 - level]
        edge = max(0, edge // 2 - 1)
        bins //= 2
        kept = bins - 2 * edge
        steps.append(kept * top * top + 2 * kept * (skip * top + 3 * top + top * top))
    final = shape.out_bins * top * shape.final_width if shape.final_width else 0
    macs["decoder"] = sum(steps) + final
    macs["head"] = shape.out_bins * shape.width * tracks
    return {name: 2 * n for name, n in macs.items()}


def total(found: dict[str, int]) -> int:
    return sum(n for name, n in found.items() if name != "position")


@settings(max_examples=25, deadline=None)
@given(shapes, st.integers(1, 5))
def test_flops_of_any_shape_are_those_of_the_formula(shape, tracks):
    expected, model = formula(shape, tracks), fake_model(shape, tracks)
    # Features of positions are the same for all windows of a batch.
    assert inference(model, 3).flops == 3 * total(expected) - 2 * expected["position"]
    found = parts(model)
    assert found["tower"] == expected["stem"] + expected["tower"]
    assert [found[part] for part in ("transformer", "decoder", "head")] == [
        expected[part] for part in ("transformer", "decoder", "head")
    ]


@settings(max_examples=15, deadline=None)
@given(shapes, st.integers(1, 3))
def test_training_everything_takes_three_forwards_less_the_gradients_of_what_is_given(shape, batch):
    forward = formula(shape, 2)
    step = training_step(fake_model(shape, 2, frozen=False), Fitting(batch))
    one_pass = 3 * total(forward) - forward["stem"]
    # Features of positions are computed once a batch, and need no gradient.
    assert step.flops == batch * (one_pass - 3 * forward["position"]) + 2 * forward["position"]


def test_the_published_borzoi():
    model = fake_model(BORZOI, 7611)
    assert parameters(model.trunk) + parameters(model.head) == pytest.approx(186e6, rel=0.002)
    found = parts(model)
    # Its own code also computes a logit for each of 8,191 relative positions, and the U-Net's cropped edges.
    tokens, heads, key = 4096, 8, 64
    found["transformer"] += 8 * heads * tokens * (2 * tokens - 1) * key * 2
    whole = formula(BORZOI.model_copy(update={"crop": 0, "final_width": None}), 0)["decoder"]
    trimmed = formula(BORZOI.model_copy(update={"final_width": None}), 0)["decoder"]
    found["decoder"] += whole - trimmed
    flops = sum(found.values())
    assert flops == pytest.approx(4.9e12, rel=0.01)
    shares = [found["tower"], found["transformer"], found["decoder"] + found["head"]]
    assert [round(share / flops, 2) for share in shares] == [0.52, 0.38, 0.10]


def test_lora_on_the_published_borzoi():
    model = fake_model(BORZOI, 40, LORA)
    assert adapter_parameters(model) == 327_680
    plain, lean = (training_step(model, Fitting(1, checkpoint=lean)) for lean in (False, True))
    attention = BORZOI.heads * 4096**2 * 4  # bytes of one matrix; at least the softmax of each layer is kept
    assert plain.peak > BORZOI.depth * attention
    assert lean.peak < 0.5 * plain.peak
    assert 1.2 * plain.flops < lean.flops < 1.4 * plain.flops
    assert training_step(model, Fitting(1, "bf16")).peak < 0.7 * plain.peak


@pytest.mark.parametrize("run", [LORA, PROBE, LORA.model_copy(update={"targets": ("tower.1.conv", "unet.*.dense")})])
def test_a_step_counts_what_a_real_one_does(run):
    trunk = Borzoi(SHAPE)
    attach(trunk, run)
    model = SequenceModel(trunk, Head(trunk.width, 2), ["a", "b"], np.arange(2)).train()
    frozen = model.frozen_stages()
    with torch.no_grad():
        given = model.run(range(frozen), (random_onehot(3),))
    with FlopCounterMode(display=False) as real:
        model.run(range(frozen, 3), given)[0].sum().backward()
    assert training_step(fake_model(SHAPE, 2, run), Fitting(3)).flops == real.get_total_flops()


def test_memory_is_what_a_process_takes():
    shape = TrunkShape(context=131_072, crop=512, depth=3, heads=8, dropout=0.0)
    cases = [("lora", 1), ("probe", 2), ("train", 1)]
    # Freed memory goes back to the system at once, so that the process's size follows what lives.
    env = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
    env["PYTHONPATH"] = os.pathsep.join(["scripts", env.get("PYTHONPATH", "")])
    command = [sys.executable, measured_peak.__file__, json.dumps(shape.model_dump()), json.dumps(cases)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    for (kind, batch), measured in zip(cases, json.loads(done.stdout)):
        run = None if kind == "train" else AdaptRun(name="x", kind=kind)
        found = training_step(fake_model(shape, 2, run, frozen=kind != "train"), Fitting(batch)).peak
        assert found == pytest.approx(measured, rel=0.2), kind


def counted(**value: int) -> Counted:
    return Counted(value, "the test")


def sizes_of(shape: TrunkShape, adapt: Adapt, tracks: int = 3, **windows: int) -> Sizes:
    folds, counts = counted(**windows), counted(all=tracks, fitted=tracks)
    adapters = {run.name: Adapted(run, tracks, len(adapt.seeds), True) for run in adapt.runs}
    return Sizes(shape, "the test", folds, None, counts, 0, adapters, 10**6, {"s": None})


@pytest.mark.parametrize("cache_gb", [1.0, 0.0])
@pytest.mark.parametrize("head_epochs", [0, 2])
def test_a_whole_fit_counts_what_a_real_one_does(tmp_path, cache_gb, head_epochs):
    save_trunk(tmp_path / "trunk", lively_model())
    data = target_set(tmp_path / "t.zarr", windows=12)
    run = LORA.model_copy(update={"head_epochs": head_epochs, "rank": 2})
    # One view of each window, so that nothing is left to chance, and batches that come out even.
    training = Training(epochs=3, batch_size=3, rc=False, shift=0, cache_gb=cache_gb, patience=99)
    asked = Adapt(runs=(run,), training=training)
    with FlopCounterMode(display=False) as real:
        adapt(tmp_path / "out", tmp_path / "trunk", data, run, asked, seed=1, threads=1)
    given = {"tfrecords": "t", "reference": {"fasta": "g.fa"}, "trunk": {"kind": "presage", "path": "p"}}
    branch = Branch(**given, adapt=asked)
    folds = data.windows["fold"].value_counts()
    step = next(iter(steps(branch, sizes_of(SHAPE, asked, len(TRACKS), **folds))))
    assert step.flops == pytest.approx(real.get_total_flops(), rel=0.005)
    assert step.trained == adapter_parameters(fake_model(SHAPE, 3, run))


def test_distinct_views_are_as_many_as_a_draw_gives():
    drawn = np.random.default_rng(0).integers(0, 14, (20_000, 9))
    assert distinct_views(14, 9) == pytest.approx(np.mean([len(set(row)) for row in drawn]), rel=0.01)
    assert distinct_views(1, 5) == 1


@given(st.integers(0, 10**6), st.integers(1, 10**6), st.integers(0, 10**6), st.integers(2, 64), st.integers(0, 10**8))
def test_the_largest_batch_fits_and_one_more_does_not(held, each, fixed, batch, room):
    memory = Memory(held, fixed + each, batch, fixed + each * batch)
    found = memory.largest_batch(room)
    assume(found)
    assert held + fixed + each * found <= room < held + fixed + each * (found + 1)


def test_a_batch_that_does_not_fit_at_all():
    assert Memory(10, 10, 4, 40).largest_batch(19) == 0


def test_windows_are_counted_where_they_are_and_cut_from_lengths_elsewhere(tmp_path):
    genome = Contigs({"a": 100_000, "b": 10_000, "c": 7_500}, "the test")
    shape = TrunkShape(context=4096, crop=16)  # 3,072 bp of output
    assert count_windows(Reference(fasta="g"), shape, genome, tmp_path).value == {"train": 32, "valid": 3, "test": 2}
    with pytest.raises(UserError, match=r"g.fai: is missing.*samtools faidx"):
        count_windows(Reference(fasta="g"), shape, Contigs({}, ""), tmp_path)
    bed = tmp_path / "w.bed"
    bed.write_text("a\t0\t3072\tfold0\nb\t0\t3072\tfold3\nb\t9\t3081\tfold4\nb\t9\t3081\tfold5\n")
    published = count_windows(Reference(fasta="g", windows=str(bed)), shape, genome, tmp_path)
    assert published.value == {"train": 2, "valid": 1, "test": 1}
    start = np.arange(5) * 4096
    made = pd.DataFrame({"window": range(5), "chrom": "a", "start": start, "end": start + 4096})
    made = made.assign(out_start=start + 512, out_end=start + 3584, fold=["train"] * 3 + ["valid", "test"], padded=0)
    tables.write(tmp_path / "windows.parquet", "windows", made)
    found = count_windows(Reference(fasta="g", windows=str(bed)), shape, genome, tmp_path)
    assert found == ({"train": 3, "valid": 1, "test": 1}, str(tmp_path / "windows.parquet"))


def test_a_trunk_that_is_not_there_is_known_by_its_name_or_named(tmp_path):
    assert trunk_shape(Trunk(kind="presage", path="weights/borzoi-replicate-0"))[0] == BORZOI
    with pytest.raises(UserError, match=r"card.json: is missing, and the cost depends on the trunk's shape"):
        trunk_shape(Trunk(kind="presage", path=str(tmp_path / "mine")))
    with pytest.raises(UserError, match="mini_borzoi"):  # another model than the published one
        trunk_shape(Trunk(kind="keras_h5", path="m.h5", params="mini_borzoi/p.json", targets="t.txt"))


def test_the_table_of_cards():
    for card in known().values():
        assert card.memory_gb > 0
        assert card.tflops["fp32"] <= card.tflops.get("tf32", np.inf) <= card.tflops.get("bf16", np.inf)
    h100, t4 = chosen(["H100", "T4"], 2)
    assert h100.hours(989e12 * 3600, "bf16", 0.5) == pytest.approx(2)
    assert t4.hours(8.1e12 * 3600, "bf16", 1.0) == pytest.approx(1)  # it has no units for bf16
    with pytest.raises(UserError, match=r"cost.gpus: 'H1000' is not in resources/gpus.tsv; use .*H100"):
        chosen(["H1000"], 2)


def test_a_cpu_is_as_fast_as_the_threads_that_jobs_compute_with():
    one, four = (chosen(["CPU"], threads)[0] for threads in (1, 4))
    assert (one.name, four.name) == ("CPU 1 core", "CPU 4 cores")
    assert one.hours(1e12, "fp32", 0.35) == pytest.approx(4 * four.hours(1e12, "fp32", 0.35))
    assert one.hours(1e12, "bf16", 1.0) == one.hours(1e12, "fp32", 0.1)  # its share of the peak was measured


def test_every_job_has_a_start():
    (card,) = chosen(["H100"], 1)
    assert card.hours(0, "fp32", 0.35, jobs=3) == pytest.approx(3 * START_S / 3600)


def study(tmp_path: Path, **cost: object) -> Config:
    """The published Borzoi on the built-in world's data, by an index that makes its genome large enough."""
    reference = tmp_path / "results" / "big" / "sequence" / "reference"
    reference.mkdir(parents=True)
    (reference / "genome.fa.fai").write_text("".join(f"chr{i}\t{10**7}\t0\t1\t2\n" for i in range(1, 5)))
    adapting = {"runs": [{"name": "lora", "kind": "lora"}], "training": {"batch_size": 16, "cache_gb": 0}}
    sequence = {
        "world": {},
        "trunk": {"kind": "presage", "path": "borzoi"},
        "adapt": adapting,
        "ism": {"regions": {"r": {"chrom": "chr1", "start": 5, "end": 15}}, "rc": True},
    }
    return Config(run="big", results=str(tmp_path / "results"), sequence=sequence, cost=cost)


def test_the_page_says_what_is_too_large_and_what_to_lower(tmp_path):
    text = estimate(study(tmp_path, gpus=["T4", "H200"], reserve_gb=1))
    assert "524,288 bp in" in text
    assert "the published Borzoi's, by its name" in text
    rows = {line.split("  ")[0]: line for line in text.split("of peak")[1].splitlines()}
    assert rows["adapt lora"].count("too large") == 1  # on the T4; 16 windows take 110 GB
    advice = next(line for line in text.splitlines() if line.startswith("  adapt lora on T4 (16 GB)"))
    assert "adapt.training.batch_size to 2" in advice
    ism = next(line for line in text.splitlines() if line.startswith("ism r"))
    assert "308 TFLOP" in ism  # 54 sequences of 4.28 TFLOP on both strands, 30 of them without the 60 % of the tower
    assert "variants planted" in text
    assert "2,640 alleles (the built-in world, null set included)" in text


def rows_of(table: str) -> dict[str, list[str]]:
    """The cells of a printed table's rows, by the first cell."""
    cells = [re.split(r"  +", line) for line in table.splitlines()]
    return {first: rest for first, *rest in cells}


def test_the_page_says_what_to_ask_a_cluster_for_and_how_long_small_jobs_take(tmp_path):
    text = estimate(
        Config(torch_threads=1, results=str(tmp_path), sequence={"world": {}}, cost={"gpus": ["CPU", "T4"]})
    )
    _, _, memory, times, *_ = text.split("\n\n")
    heads, found = memory.splitlines()[0], rows_of(memory)
    assert heads.index("on a GPU") < heads.index("on a CPU")
    assert found["trunk"][-4:-2] == ["43.9 MB", "1.04 GB"]
    assert found["variants planted"][0] == "2"  # the variants, and the null set
    took = rows_of(times)
    assert took["time at 35% of peak"] == ["CPU 1 core", "T4"]
    assert took["ism planted"] == ["11.5 s", "8.03 s"]  # 83 GFLOP at a quarter of one core's peak


def test_libraries_lie_beside_the_model_in_the_memory_of_a_cpu_only():
    cpu, card = Gpu("CPU 1 core", 8, {"fp32": 1}, cores=1), Gpu("card", 8, {"fp32": 1})
    assert room(card, Cost(reserve_gb=1)) == 7e9
    assert room(cpu, Cost(reserve_gb=1)) == 7e9 - LIBRARIES


def test_the_libraries_of_a_job_take_what_is_said():
    modules = "presage.sequence.variants.part, presage.sequence.adapters.step, presage.sequence.evaluate_step"
    code = (
        f"import torch, presage.entry, {modules}; torch.optim.AdamW([torch.zeros(1)]); print(presage.entry.peak_mb())"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(["scripts", os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert 0.5 < 1e6 * float(done.stdout) / LIBRARIES < 1.1


def test_the_page_ends_with_the_given_files_that_are_not_there(tmp_path):
    (tmp_path / "there.vcf").write_text("##fileformat=VCFv4.2\nchr1\t5\t.\tA\tC\n")
    sets = {name: {"vcf": f"{tmp_path}/{name}.vcf", "null_set": None} for name in ("there", "mistyped")}
    text = estimate(Config(results=str(tmp_path), sequence={"world": {}, "variants": {"sets": sets}}))
    last = text.splitlines()[-1]
    path = f"{tmp_path}/mistyped.vcf"
    assert last == f"not there: {path} (sequence.variants.sets.mistyped.vcf); a run would stop"
    whole = estimate(Config(results=str(tmp_path), sequence={"world": {}}))
    assert "not there" not in whole  # the world's own files are made


def test_lengths_of_regions_of_every_form(tmp_path):
    branch = study(tmp_path).sequence
    own = branch.model_copy(update={"ism": Ism()})
    assert ism_lengths(own) == {"planted": 120}
    none = branch.model_copy(update={"ism": Ism(regions=None)})
    assert ism_lengths(none) == {}
    gene = {"gene": "g", "upstream": 30, "downstream": 10}
    forms = Ism(regions={"g": gene, "v": {"variant": "1:5:AC:A", "flank": 4}})
    assert ism_lengths(branch.model_copy(update={"ism": forms})) == {"g": 40, "v": 10}


def test_a_reporter_assay_is_counted_where_the_settings_say_how_much(tmp_path):
    sizes = sizes_of(SHAPE, study(tmp_path / "s").sequence.adapt, len(TRACKS), train=10, valid=4, test=4)
    forward, flops = inference(fake_model(SHAPE, len(TRACKS)), 1).flops, {}
    for most in (60, None):
        assay = Mpra(table="t", elements=["a", "b"], most=most, rc=False, backgrounds=("n",))
        branch = study(tmp_path / str(most)).sequence.model_copy(update={"mpra": assay})
        flops[most] = next(step for step in steps(branch, sizes) if step.name == "mpra").flops
    assert flops[None] == 0
    share = parts(fake_model(SHAPE, len(TRACKS)))
    without_tower = 1 - share["tower"] / sum(share.values())
    # Of 120 changes 100 are substitutions; the adapter adds a little.
    assert flops[60] == pytest.approx((100 * without_tower + 2 * 20) * forward, rel=0.05)


def test_alleles_are_counted_in_every_kind_of_file(tmp_path):
    (tmp_path / "a.vcf").write_text("##fileformat=VCFv4.2\nchr1\t5\t.\tA\tC,AG\nchr1\t9\t.\tA\tC\n")
    (tmp_path / "n.tsv").write_text("chrom\tpos\tref\talt\nchr1\t5\tAC\tA\n")
    (tmp_path / "r.bed").write_text("chr1\t0\t10\nchr1\t5\t20\n")
    given = {"vcf": f"{tmp_path}/a.vcf", "null_set": f"{tmp_path}/n.tsv"}
    few = {"matched_null": {"max": 20}}
    for own, more, alleles, indels in (
        (given, {}, 4, 2),
        ({**given, "null_set": None}, {}, 3, 1),
        ({**given, "null_set": "matched"}, {}, 3 + 15, 1 + 5),
        ({"vcf": f"{tmp_path}/r.bed", "null_set": "matched"}, few, 60 + 20, 0),
        ({"null_set": "matched"}, {}, 1440 + 5000, 1),
    ):
        variants = Variants.model_validate({"sets": {"s": own}, **more})
        branch = Branch(world={}, variants=variants)
        given_set = SequenceInputs(branch, "world").variant_sets["s"]
        found = count_alleles(branch, SequenceInputs(branch, "world"), given_set)
        assert found.value["alleles"] == alleles
        assert found.value["indels"] == indels or "built-in" in found.source


def test_outputs_of_the_trunk_on_disk_are_made_once_and_counted(tmp_path):
    plain = study(tmp_path).sequence
    kinds = {"probe": "probe", "late": "lora", "bias": "bitfit"}
    runs = tuple(AdaptRun(name=name, kind=kind) for name, kind in kinds.items())
    adapting = Adapt(runs=runs, cached_trunk=True, training=Training(shift=0), cache_dtype="float16")
    branch = plain.model_copy(update={"adapt": adapting})
    off = branch.model_copy(update={"adapt": branch.adapt.model_copy(update={"cached_trunk": False})})
    sizes = sizes_of(SHAPE, adapting, len(TRACKS), train=10, valid=4, test=4)
    cached, computed = ({step.name: step for step in steps(one, sizes)} for one in (branch, off))
    views, model = 2 * 10 + 4, fake_model(SHAPE, len(TRACKS))
    for stage, number in (("encoded", 1), ("embedding", 2)):
        assert cached[f"embed {stage}"].flops == views * inference(model, 1, range(number)).flops
    assert cached["adapt probe"].flops < 0.2 * computed["adapt probe"].flops
    assert cached["adapt late"].flops < computed["adapt late"].flops
    assert cached["adapt bias"].flops == computed["adapt bias"].flops
    embedding = 2 * SHAPE.out_bins * SHAPE.width
    assert disk(branch, sizes)["embeddings/embedding.zarr"] == views * embedding
    assert not any(name.startswith("embed") for name in (*computed, *disk(off, sizes)))


def test_only_the_sequence_branch_has_a_cost():
    with pytest.raises(UserError, match="config key sequence: is not configured"):
        estimate(Config(homecage={"world": {}}))


def test_shares_of_windows_and_hold_outs_are_counted():
    """A quarter of the training windows takes about a quarter; each hold-out is one more fit of a seed."""
    runs = [{"name": "p", "kind": "probe"}, {"name": "q", "kind": "probe", "train_share": 0.25}]
    held = {"adapter": "q", "cell_types": ["a", "b"], "donors": ["c"]}
    asked = {"world": {}, "adapt": {"runs": runs, "seeds": [1, 2]}, "variants": {"sets": {}}, "ism": {"regions": None}}
    plain, more = (Branch.model_validate({**asked, **extra}) for extra in ({}, {"generalise": held}))
    sizes = sizes_of(SHAPE, plain.adapt, len(TRACKS), train=200, valid=10, test=10)
    found = {step.name: step for step in steps(more, sizes)}
    assert [name for name in found if name not in {step.name for step in steps(plain, sizes)}] == ["held out x 3, q"]
    assert found["held out x 3, q"].jobs == 6 and found["adapt q"].jobs == 2
    assert found["held out x 3, q"].flops == pytest.approx(3 * found["adapt q"].flops)
    assert 0.2 < found["adapt q"].flops / found["adapt p"].flops < 0.5
