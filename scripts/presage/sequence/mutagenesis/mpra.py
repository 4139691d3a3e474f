"""The effects that a reporter assay (MPRA) measured, predicted: saturation mutagenesis of its elements.

An element's sequence is rebuilt from the reference bases of the assay's own table (as of Kircher et al. 2019, Nat.
Commun. 10:3583), so no genome is needed, and put in the middle of the model's window. On the assay's plasmid an element
lacks its neighbours in the genome, so these are left out: unknown bases (N) or seeded random ones surround it.

The prediction of a change is the log2 ratio of coverage, summed over the output bins that the element meets.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from presage import text_table
from presage.config.ism import Mpra
from presage.errors import UserError
from presage.progress import bar
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.mutagenesis.changes import Change, Stretch, Window
from presage.sequence.mutagenesis.reading import Reading
from presage.sequence.mutagenesis.saturate import first_of_run, mean_and_sd
from presage.sequence.reference.genome import encode
from presage.sequence.targets.track_names import track_info
from presage.tables import SCHEMAS

_COLUMNS = {"Chrom": "chrom", "Pos": "pos", "Ref": "ref", "Alt": "alt", "Coefficient": "measured", "Element": "element"}
_BASE, _ALT = r"[ACGT]", r"[ACGT-]"


class Element(NamedTuple):
    """A stretch of DNA in the assay: name, position of its first base (0-based), codes uint8 (4: not in the table)."""

    name: str
    start: int
    codes: np.ndarray


def read_assay(path: str | Path, release: str, elements: Sequence[str]) -> tuple[pd.DataFrame, int]:
    """Measured single-base changes of an assay's table, and how many of its rows are none (longer, no place).

    Columns ``element chrom pos ref alt measured barcodes``: ``pos`` 0-based (1-based in the file), ``alt`` ``-`` for a
    deletion, ``barcodes`` Int64 (null where the file has no column Barcodes). Rows of another genome ``release`` are
    left aside, where the file has a column Release. ``elements``: those to read, in this order; all where it is empty.

    Raises :class:`UserError` for a table without the columns, and for an element that it has not.
    """
    try:
        table = text_table.read_csv(path, sep="\t", dtype={"Chrom": str, "Ref": str, "Alt": str, "Element": str})
    except (OSError, ValueError, EOFError) as error:
        raise UserError(path, f"cannot be read as a table ({error})", "correct sequence.mpra.table") from None
    missing = [column for column in _COLUMNS if column not in table]
    if missing:
        raise UserError(path, f"has no column {missing[0]}", f"it needs {', '.join(_COLUMNS)}")
    if "Release" in table:
        table = table[table["Release"] == release]
    names = list(elements) or list(dict.fromkeys(table["Element"]))
    for name in names:
        if name not in set(table["Element"]):
            known = ", ".join(list(dict.fromkeys(table["Element"]))[:5]) or "nothing of this release"
            raise UserError("config key sequence.mpra.elements", f"{path} has no {name!r}", f"it has {known} ...")
    table = table[table["Element"].isin(names)]
    fits = table["Ref"].str.fullmatch(_BASE) & table["Alt"].str.fullmatch(_ALT) & (table["Ref"] != table["Alt"])
    fits &= table["Coefficient"].notna() & table["Pos"].notna()
    rows = table[fits].rename(columns=_COLUMNS)
    rows["barcodes"] = rows["Barcodes"].astype("Int64") if "Barcodes" in rows else pd.array([None] * len(rows), "Int64")
    rows["pos"] = _positions(path, rows["pos"])
    rows["order"] = rows["element"].map({name: i for i, name in enumerate(names)})
    rows = rows.sort_values(["order", "pos", "alt"], kind="stable", ignore_index=True)
    return rows[["element", "chrom", "pos", "ref", "alt", "measured", "barcodes"]], int((~fits).sum())


def _positions(path: str | Path, pos: pd.Series) -> pd.Series:
    """0-based positions, int64. R writes some as 1.28e+08, which is read as a float."""
    number = text_table.numbers(pos)
    if not (number % 1 == 0).all():
        wrong = pos[~(number % 1 == 0)].iloc[0]
        raise UserError(path, f"column Pos holds {wrong}", "give whole numbers, 1-based")
    return number.astype(np.int64) - 1


def rebuild(rows: pd.DataFrame) -> Element:
    """The element that the rows of :func:`read_assay` of one element change.

    Raises :class:`UserError` where the table has two reference bases for a position.
    """
    name = str(rows["element"].iloc[0])
    bases = rows.drop_duplicates(["pos", "ref"])
    twice = bases[bases.duplicated("pos")]
    if len(twice):
        raise UserError(f"MPRA element {name}", f"has two reference bases at {twice['pos'].iloc[0] + 1}", "repair it")
    start = int(bases["pos"].min())
    codes = np.full(int(bases["pos"].max()) + 1 - start, 4, np.uint8)
    codes[bases["pos"].to_numpy() - start] = encode("".join(bases["ref"]))
    return Element(name, start, codes)


def embed(element: Element, context: int, background: str, seed: int) -> tuple[int, Stretch]:
    """Offset of an element's first base in the middle of a window of ``context`` bp, and the window's sequence.

    ``background`` is ``n`` or ``random``: bases drawn alike from A C G T, by the seed and the element's name.
    """
    left = (context - len(element.codes)) // 2
    if background == "n":
        codes = np.full(context + 2, 4, np.uint8)
    else:
        rng = np.random.default_rng([seed, *element.name.encode()])
        codes = rng.integers(0, 4, context + 2).astype(np.uint8)
    codes[1 + left : 1 + left + len(element.codes)] = element.codes
    return left, Stretch(codes, margin=1)


def effects(
    models: Sequence[SequenceModel],
    columns: np.ndarray,
    tracks: pd.DataFrame,
    assay: pd.DataFrame,
    settings: Mpra,
) -> pd.DataFrame:
    """Rows of the `mpra_effects` table: every measured change (or ``most`` of each element, by the seed) in each track.

    Parameters
    ----------
    models : seeds of one adapter, averaged
    columns : int64 ``[tracks]``, the tracks to read, as columns of the models' output
    tracks : what the models' tracks are, columns ``slug cell_type assay strand``
    assay : from :func:`read_assay`

    Raises
    ------
    UserError
        for an element longer than the models' output
    """
    info = track_info([models[0].tracks[i] for i in columns], tracks)
    passes = [(model, reverse) for model in models for reverse in (False, True)[: 1 + settings.rc]]
    parts = []
    for _, whole in assay.groupby("element", sort=False):
        element, rows = rebuild(whole), _drawn(whole, settings)
        for background in settings.backgrounds:
            mean, sd = _element(passes, columns, element, rows, background, settings)
            long = rows.loc[rows.index.repeat(len(info))].reset_index(drop=True)
            names = {c: np.tile(info[c].to_numpy(object), len(rows)) for c in ("track", "cell_type", "assay")}
            parts.append(long.assign(**names, background=background, log_fc=mean.ravel(), log_fc_sd=sd.ravel()))
    return pd.concat(parts, ignore_index=True)[SCHEMAS["mpra_effects"].names]


def _drawn(rows: pd.DataFrame, settings: Mpra) -> pd.DataFrame:
    if settings.most is None or len(rows) <= settings.most:
        return rows
    return rows.sample(settings.most, random_state=settings.seed).sort_index()


def _element(
    passes: Sequence[tuple[SequenceModel, bool]],
    columns: np.ndarray,
    element: Element,
    rows: pd.DataFrame,
    background: str,
    settings: Mpra,
) -> tuple[np.ndarray, np.ndarray]:
    """log_fc and its standard deviation over ``passes`` of one element's rows, float64 ``[rows, tracks]`` each."""
    trunk = passes[0][0].trunk
    size, first = trunk.bin_size, (trunk.context - trunk.out_bins * trunk.bin_size) // 2
    if len(element.codes) > trunk.out_bins * size:
        raise UserError(
            f"MPRA element {element.name}", f"is longer than the model's output ({trunk.out_bins * size} bp)", "drop it"
        )
    left, stretch = embed(element, trunk.context, background, settings.seed)
    low, high = (left - first) // size, -((first - left - len(element.codes)) // size)
    reading = Reading(first, size, (None,) * len(columns), settings.pseudocount)
    asked = [_change(stretch.window, left + pos - element.start, alt) for pos, alt in zip(rows["pos"], rows["alt"])]
    changes = list(dict.fromkeys(asked))
    found = []
    with bar(len(changes) * len(passes), f"{element.name} in {background}", "sequence") as shown:
        for model, reverse in passes:
            opened = Window(model, stretch, columns, reverse, (low, high))
            parts = []
            for i in range(0, len(changes), settings.batch_size):
                batch = changes[i : i + settings.batch_size]
                parts.append(reading.log_fc(opened.coverage, opened.changed(batch), [c.at for c in batch]))
                shown.update(len(batch))
            found.append(np.concatenate(parts))
    mean, sd = mean_and_sd(found)
    which = [changes.index(change) for change in asked]
    return mean[which], sd[which]


def _change(codes: np.ndarray, offset: int, alt: str) -> Change:
    if alt == "-":
        return Change(first_of_run(codes, offset), 1, ())
    return Change(offset, 1, tuple(encode(alt).tolist()))
