"""fig1: the method as this run has it: the steps that it ran, what went through them, in the order of their files."""

import textwrap
from collections.abc import Callable
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from presage.config.report import Report
from presage.report import style
from presage.report.figures.plot import panel, stacked
from presage.report.metric_rows import thousands
from presage.report.run import NoData, Run

Say = Callable[[Run], str]
BOX, GAP = (1.72, 0.62), (0.28, 0.22)  # inches: a step, and what is between steps


class Step(NamedTuple):
    """A box: its place, the steps whose files it reads, and what the run's tables say of it."""

    title: str
    column: int
    row: float
    after: tuple[str, ...]
    say: Say
    colour: str


def _samples(run: Run) -> str:
    cells = run.rows("cells")
    donors = _many(cells["donor"].nunique(), "donor")
    return f"{_many(cells['sample'].nunique(), 'sample')} of {donors}, {thousands(len(cells))} cells"


def _reference(run: Run) -> str:
    windows = run.rows("windows")["fold"].value_counts()
    return " + ".join(f"{thousands(windows[fold])} {fold}" for fold in ("train", "valid", "test") if fold in windows)


def _pseudobulk(run: Run) -> str:
    tracks = run.rows("tracks")
    kept = tracks[tracks["kept"]]
    reads = thousands(int(kept["reads"].sum()))
    return f"{kept['cell_type'].nunique()} cell types, {len(kept)} tracks, {reads} reads"


def _trunk(run: Run) -> str:
    return f"{thousands(run.json('sequence/trunk/card.json')['trunk_parameters'])} parameters, frozen"


def _adapters(run: Run) -> str:
    cards = run.cards()
    if not cards:
        raise NoData("no adapter")
    sizes = [card.get("adapter_parameters", 0) for card in cards]
    names = {card["name"] for card in cards}
    return f"{_many(len(names), 'adapter')}, {_many(len(cards), 'fit')}, up to {thousands(max(sizes))} parameters"


def _variants(run: Run) -> str:
    scores = run.rows("scores")
    sites = scores[["set", "variant"]].drop_duplicates()
    return f"{thousands(len(sites))} variants x {scores['track'].nunique()} tracks"


def _mutagenesis(run: Run) -> str:
    regions = sorted(path.stem for path in (run.folder / "sequence/ism").glob("*.svg"))
    if not regions:
        raise NoData("no region")
    return _many(len(regions), "region") + ", every base changed"


def _decoder(run: Run) -> str:
    card = run.json("sequence/cells/card.json")
    return f"{thousands(card['cells']['fitted'])} cells fitted, {thousands(card['cells']['held_out'])} held out"


def _reporter(run: Run) -> str:
    table = run.rows("mpra")
    return _many(table["element"].nunique(), "element") + " of a reporter assay"


def _held_out(run: Run) -> str:
    table = run.rows("generalise")
    found = table[["axis", "held_out"]].drop_duplicates()["axis"].value_counts()
    return ", ".join(_many(n, str(axis).replace("_", " ")) for axis, n in found.items())


def _evaluation(run: Run) -> str:
    metrics = run.rows("metrics")
    models = metrics.loc[metrics["metric"] == "bin_pearson", "model"].nunique()
    return f"{models} models and baselines, {thousands(len(metrics))} numbers"


def _many(n: int, word: str) -> str:
    return f"{thousands(n)} {word}{'' if n == 1 else 's'}"


STEPS = {
    "samples": Step("Single cells", 0, 0.5, (), _samples, style.SKY),
    "reference": Step("Genome windows", 0, 1.5, (), _reference, style.SKY),
    "pseudobulk": Step("Pseudobulk tracks", 1, 0.5, ("samples", "reference"), _pseudobulk, style.SKY),
    "trunk": Step("Bulk-trained trunk", 1, 1.5, ("reference",), _trunk, style.RIVAL),
    "adapters": Step("Adapters", 2, 1.0, ("pseudobulk", "trunk"), _adapters, style.ORANGE),
    "decoder": Step("Decoder for cells", 2, 2.0, ("pseudobulk", "trunk"), _decoder, style.ORANGE),
    "held_out": Step("Hold-outs", 3, 0.0, ("adapters",), _held_out, style.BLUE),
    "variants": Step("Variant effects", 3, 1.0, ("adapters",), _variants, style.BLUE),
    "mutagenesis": Step("Mutagenesis", 3, 2.0, ("adapters",), _mutagenesis, style.BLUE),
    "reporter": Step("Reporter assay", 3, 3.0, ("adapters",), _reporter, style.BLUE),
    "evaluation": Step(
        "Evaluation", 4, 1.0, ("held_out", "variants", "mutagenesis", "reporter"), _evaluation, style.GREEN
    ),
}


def numbers(run: Run, settings: Report) -> pd.DataFrame:
    """Panels ``steps`` (title, detail, place, colour of each step that the run has) and ``arrows`` between them."""
    known: dict[str, str] = {}
    for name, step in STEPS.items():
        try:
            known[name] = step.say(run)
        except (NoData, KeyError):
            continue
    if "adapters" not in known:
        raise NoData("no adapter was fitted")
    rows = [
        {
            "step": name,
            **{key: getattr(STEPS[name], key) for key in ("title", "column", "row", "colour")},
            "detail": text,
        }
        for name, text in known.items()
    ]
    arrows = [(before, name) for name in known for before in _before(name, known)]
    return stacked(steps=pd.DataFrame(rows), arrows=pd.DataFrame(arrows, columns=["step", "to"]))


def _before(name: str, known: dict[str, str]) -> list[str]:
    """The steps of the run that a step follows; where it has none of them, those before these."""
    here = [before for before in STEPS[name].after if before in known]
    further = [one for before in STEPS[name].after for one in _before(before, known)]
    return here or list(dict.fromkeys(further))


def draw(numbers: pd.DataFrame, simulated: bool | None) -> Figure:
    """Boxes in columns, arrows along the files."""
    steps, arrows = panel(numbers, "steps").set_index("step"), panel(numbers, "arrows")
    columns = {old: new for new, old in enumerate(sorted(steps["column"].unique()))}
    top, low = steps["row"].min(), steps["row"].max()
    width = len(columns) * BOX[0] + (len(columns) - 1) * GAP[0]
    height = (low - top) * (BOX[1] + GAP[1]) + BOX[1]
    scale = min(1.0, (style.WIDTH - 0.1) / width)
    figure = style.new_figure("From sequence to variant effects", height * scale + 0.45, simulated)
    axes = figure.add_axes((0.007, 0.02, 0.986, height * scale / (height * scale + 0.45)))
    axes.set(xlim=(-0.02, width + 0.02), ylim=(height + 0.02, -0.02))
    axes.axis("off")
    figure.set_layout_engine("none")
    place = {
        name: (columns[row["column"]] * (BOX[0] + GAP[0]), (row["row"] - top) * (BOX[1] + GAP[1]))
        for name, row in steps.iterrows()
    }
    for before, after in zip(arrows["step"], arrows["to"]) if len(arrows) else ():
        _arrow(axes, place[before], place[after])
    for name, row in steps.iterrows():
        _box(axes, *place[name], row["title"], row["detail"], row["colour"], scale)
    return figure


def _box(axes: Axes, x: float, y: float, title: str, detail: str, colour: str, scale: float) -> None:
    shape = FancyBboxPatch(
        (x, y), *BOX, boxstyle="round,pad=0,rounding_size=0.07", facecolor="white", edgecolor=colour, linewidth=1.4
    )
    axes.add_patch(shape)
    axes.text(x + 0.08, y + 0.17, title, fontsize=8.5 * scale, fontweight="bold", va="center")
    lines = _wrapped(detail, 33)
    for i, line in enumerate(lines[:2]):
        axes.text(x + 0.08, y + 0.36 + 0.16 * i, line, fontsize=7 * scale, color=style.MUTED, va="center")


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    same = start[0] == end[0]
    tail = (start[0] + BOX[0] / 2, start[1] + BOX[1]) if same else (start[0] + BOX[0], start[1] + BOX[1] / 2)
    head = (end[0] + BOX[0] / 2, end[1]) if same else (end[0], end[1] + BOX[1] / 2)
    bend = "arc3,rad=0" if tail[1] == head[1] else "arc3,rad=0.08"
    axes.add_patch(
        FancyArrowPatch(
            tail,
            head,
            arrowstyle="-|>",
            mutation_scale=7,
            color=style.MUTED,
            linewidth=0.9,
            connectionstyle=bend,
            shrinkA=0,
            shrinkB=1,
            zorder=0,
        )
    )
