"""What a study lists: samples, bulk tracks, cages, video segments and events, read from TSV and checked row by row.

Light on purpose (standard library only): the Snakefile imports it. Every error names the file, the row (counted as a
spreadsheet does, header = 1) and the column.
"""

import os
import re
import sys
from collections.abc import Callable, Collection, Iterable
from dataclasses import MISSING, dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from presage import barcode_rule, plugins
from presage.errors import UserError
from presage.sheet_text import lines

Row = TypeVar("Row")
KINDS = ("bam", "bam_atac", "fragments", "h5ad", "bigwig")
CHEMISTRIES, ASSAYS, STRANDS = ("three_prime", "five_prime"), ("rna", "atac"), ("+", "-", ".")
CLUSTER, WHOLE = "cluster", "whole"
"""Words that stand in the place of a labels file: cells are clustered; the sample is one pseudobulk."""
VIDEO, POSE = (".mp4", ".avi", ".mkv", ".mov"), (".h5", ".csv", ".slp", ".nwb")


def finished_pose() -> tuple[str, ...]:
    """Endings of finished pose: ours, and those that plugins read."""
    return POSE + tuple(f".{name}" for name in plugins.provided("pose"))


@dataclass(frozen=True)
class Sample:
    """One input of the pseudobulk step: reads, fragments, counts or finished coverage of one donor.

    ``labels`` is a file, or ``cluster`` (cells are clustered), or ``whole`` (the sample is one pseudobulk), or empty.
    ``chemistry`` (three_prime or five_prime) is checked against the reads; ``barcodes`` says how the labels spell this
    sample's barcodes, e.g. ``{sample}_{barcode}``; ``assay``, ``cell_type`` and ``strand`` say what a bigWig holds.
    """

    sample: str
    kind: str
    path: str
    labels: str = ""
    donor: str = ""
    condition: str = ""
    tissue: str = ""
    genome: str = ""
    chemistry: str = ""
    barcodes: str = ""
    assay: str = ""
    cell_type: str = ""
    strand: str = ""


@dataclass(frozen=True)
class BulkTrack:
    """A bigWig of bulk coverage, of many that a trunk is trained on: depth per base, not normalised, or any other unit.

    ``assay`` is free text (rna, atac, cage ...); ``strand`` is +, - or ``.`` for none.
    """

    assay: str
    tissue: str
    path: str
    strand: str = "."


@dataclass(frozen=True)
class Cage:
    """One home cage. ``role`` says whether it may set the threshold (calibrate) or is judged by it (evaluate)."""

    cage: str
    strain: str = ""
    animals: str = "1"
    role: str = "evaluate"
    group: str = ""
    site: str = ""


@dataclass(frozen=True, slots=True)  # a colony has a hundred thousand of them
class Segment:
    """One file of video or finished pose. ``start`` is ISO 8601, facility-local unless it carries an offset."""

    cage: str
    start: str
    path: str
    fps: str = ""


@dataclass(frozen=True)
class Event:
    """What happened to a cage, or to one animal of it. ``time_utc`` is ISO 8601, facility-local without an offset."""

    cage: str
    time_utc: str
    kind: str
    animal: str = ""
    value: str = ""
    note: str = ""


EVENT_KINDS = (
    "onset",
    "technician_note",
    "weight_loss_5pct",
    "weight_loss_10pct",
    "temperature_fall",
    "treatment",
    "cage_change",
    "weighing",
    "camera_fault",
    "light_fault",
    "death",
    "acknowledged",  # somebody has looked after an alarm
)


def read_samples(sheet: Path) -> list[Sample]:
    """The sample sheet. Raises :class:`UserError` for a duplicate sample, an unknown word or a missing file."""
    rows = _read(sheet, Sample, unique=identity, what="sample")
    for number, row in rows:
        _one_of(sheet, number, "kind", row.kind, KINDS)
        _must_exist(sheet, number, "path", row.path)
        if row.kind == "h5ad" and not row.path.rstrip("/").endswith((".h5ad", ".zarr")):
            raise UserError(
                _at(sheet, number, "path"), f"{row.path} is neither .h5ad nor .zarr", "rename it or correct the kind"
            )
        _check_labels(sheet, number, row)
        if row.genome not in ("", "header"):
            _must_exist(sheet, number, "genome", row.genome)
        for column, words in (("chemistry", CHEMISTRIES), ("assay", ASSAYS), ("strand", STRANDS)):
            if getattr(row, column):
                _one_of(sheet, number, column, getattr(row, column), words)
        for column in ("assay", "cell_type", "strand") if row.kind == "bigwig" else ():
            if not getattr(row, column):
                raise UserError(_at(sheet, number, column), "is empty", "say what the bigWig holds")
    return [_resolve(row, sheet, ("path", "labels", "genome")) for _, row in rows]


def read_bulk(sheet: Path) -> list[BulkTrack]:
    """The sheet of bulk tracks. Raises :class:`UserError` for a track that is there twice, or a missing file."""
    rows = _read(sheet, BulkTrack, unique=lambda r: f"{r.tissue} {r.assay} {r.strand or '.'}", what="tissue")
    for number, row in rows:
        _one_of(sheet, number, "strand", row.strand or ".", STRANDS)
        _must_exist(sheet, number, "path", row.path)
    return [replace(_resolve(row, sheet, ("path",)), strand=row.strand or ".") for _, row in rows]


def identity(row: Sample) -> str:
    """What no two rows may share: a sample has one file of a kind, but a bigWig per cell type, assay and strand."""
    tracks = f", {row.cell_type} {row.assay} {row.strand}" if row.kind == "bigwig" else ""
    return f"{row.sample} ({row.kind}{tracks})"


def _check_labels(sheet: Path, number: int, row: Sample) -> None:
    """Labels exist, do not contradict ``cell_type``, and their barcode rule can be read."""
    if row.labels and row.kind == "bigwig":
        raise UserError(_at(sheet, number, "labels"), "a bigWig has no cells to label", "empty it; cell_type says it")
    if row.labels not in ("", CLUSTER, WHOLE):
        _must_exist(sheet, number, "labels", row.labels)
    if row.labels not in ("", WHOLE) and row.cell_type:
        raise UserError(_at(sheet, number, "cell_type"), "stands beside labels", "give one of them")
    wrong = barcode_rule.problem(row.barcodes) if row.barcodes else None
    if wrong:
        raise UserError(_at(sheet, number, "barcodes"), f"{row.barcodes!r} {wrong}", "write e.g. {sample}_{barcode}")


def read_cages(sheet: Path) -> list[Cage]:
    """The cage sheet.

    Raises :class:`UserError` for a duplicate cage, one that cannot name a folder, or an unknown role.
    """
    rows = _read(sheet, Cage, unique=lambda r: r.cage, what="cage")
    for number, row in rows:
        _may_name_a_folder(sheet, number, row.cage)
        if row.role not in ("calibrate", "evaluate"):
            raise UserError(_at(sheet, number, "role"), f"{row.role!r} is not calibrate or evaluate", "correct it")
    return [row for _, row in rows]


def require_cage(name: str, cages: Collection[str], where: str) -> None:
    """``name`` is one of ``cages``. Raises :class:`UserError` where it is not.

    A cage that is spelled likewise is offered only where nothing but case and separators differ: in a rack each name is
    a letter away from its neighbour's, which is another animal.
    """
    if name not in cages:
        same = [cage for cage in cages if _bare(cage) == _bare(name)]
        what = f"{name} is no cage of the cage sheet" + (f"; did you mean {same[0]}?" if same else "")
        raise UserError(
            where, what, f"add it to the cage sheet, or correct the name (there: {', '.join(sorted(cages))})"[:400]
        )


def _bare(cage: str) -> str:
    plain = "".join(filter(str.isalnum, cage)).casefold()
    return re.sub(r"\d+", lambda digits: str(int(digits[0])), plain)


def read_events(sheet: Path, cages: Collection[str] | None = None) -> list[tuple[int, Event]]:
    """The events sheet with the row numbers; a header alone is no event.

    Raises :class:`UserError` for an unknown kind, a value that is no number, or a cage that is none of ``cages``. Times
    hang on the facility's zone, which is not known here.
    """
    rows = _read(sheet, Event, unique=None, what="event")
    for number, row in rows:
        if row.kind not in EVENT_KINDS:
            todo = f"use one of {', '.join(EVENT_KINDS)}"
            raise UserError(_at(sheet, number, "kind"), f"{row.kind!r} is not known", todo)
        if cages is not None:
            require_cage(row.cage, cages, _at(sheet, number, "cage"))
        try:
            float(row.value or 0)
        except ValueError:
            raise UserError(_at(sheet, number, "value"), f"{row.value!r} is not a number", "write it as 20.8") from None
    return rows


def read_segments(sheet: Path, check_files: bool = True) -> list[Segment]:
    """The segments sheet, in file order.

    Raises :class:`UserError` for an empty sheet, a duplicate path, an unreadable time, an unknown suffix or (with
    ``check_files``) a missing file.
    """
    # One file is one cage's, however its path is written.
    rows = _read(sheet, Segment, unique=lambda r: os.path.normpath(_full(sheet, r.path)), what="path")
    known = VIDEO + finished_pose()
    for number, row in rows:
        _may_name_a_folder(sheet, number, row.cage)
        try:
            datetime.fromisoformat(row.start)
        except ValueError:
            raise UserError(
                _at(sheet, number, "start"), f"{row.start!r} is not an ISO 8601 time", "write 2026-05-01T13:00:00"
            ) from None
        if not row.path.lower().endswith(known):
            raise UserError(
                _at(sheet, number, "path"), f"{row.path} is neither video nor pose", f"use {', '.join(known)}"
            )
        if row.fps and not _positive(row.fps):
            raise UserError(
                _at(sheet, number, "fps"), f"{row.fps!r} is no positive number", "write it with a point, as 2 or 29.97"
            )
        if check_files:
            _must_exist(sheet, number, "path", row.path)
            if os.path.isdir(_full(sheet, row.path)):  # noqa: PTH112
                raise UserError(_at(sheet, number, "path"), f"{row.path} is a folder", "name one file in each row")
    return [_shared(_resolve(row, sheet, ("path",))) for _, row in rows]


def _positive(text: str) -> bool:
    try:
        return 0 < float(text) < float("inf")
    except ValueError:
        return False


def _shared(row: Segment) -> Segment:
    """The row with one string per cage and hour, not one per file."""
    return Segment(sys.intern(row.cage), sys.intern(row.start), row.path, sys.intern(row.fps))


def _read(sheet: Path, kind: type[Row], unique: Callable[[Row], str] | None, what: str) -> list[tuple[int, Row]]:
    """Rows as (line number, dataclass), header checked; ``unique`` unique, and not empty, where it is given."""
    known = [f.name for f in fields(kind)]  # type: ignore[arg-type]
    needed = [f.name for f in fields(kind) if f.default is MISSING]  # type: ignore[arg-type]
    (_, header), *table = lines(sheet) or [(1, [])]
    _check_header(sheet, header, known, needed)
    rows: list[tuple[int, Row]] = []
    seen: dict[str, int] = {}
    for number, values in table:
        if len(values) > len(header):
            raise UserError(f"{sheet} row {number}", "has more cells than the header", "remove the surplus tabs")
        cells = dict(zip(header, values + [""] * (len(header) - len(values))))
        for name in needed:
            if not cells[name]:
                raise UserError(_at(sheet, number, name), "is empty", "fill it in")
        row = kind(**cells)
        if unique and (key := unique(row)) in seen:
            raise UserError(_at(sheet, number, what), f"{key!r} is already in row {seen[key]}", "remove one of them")
        if unique:
            seen[key] = number
        rows.append((number, row))
    if unique and not rows:
        raise UserError(sheet, "has no rows", f"list at least one {what}")
    return rows


def _check_header(sheet: Path, header: list[str], known: list[str], needed: Iterable[str]) -> None:
    for name in needed:
        if name not in header:
            one, other = "".join(header), {",": "commas", ";": "semicolons", " ": "spaces"}
            found = next((word for mark, word in other.items() if mark in one), None) if len(header) == 1 else None
            hint = f"separate the columns with tabs, not {found}" if found else f"the columns are {', '.join(known)}"
            raise UserError(sheet, f"has no column {name!r}", hint)
    for place, name in enumerate(header):
        if name in header[:place]:
            raise UserError(f"{sheet} row 1", f"column {name!r} is there twice", "remove one of them")
        if name not in known:
            raise UserError(f"{sheet} row 1", f"unknown column {name!r}", f"the columns are {', '.join(known)}")


def _may_name_a_folder(sheet: Path, number: int, cage: str) -> None:
    """A cage's results lie in a folder of its name, which must not lead elsewhere."""
    if cage in (".", "..") or not cage.isprintable() or set("/\\{}") & set(cage) or len(cage.encode()) > 200:
        todo = "use up to 200 letters, digits and signs other than / \\ { }"
        raise UserError(_at(sheet, number, "cage"), f"{cage!r} cannot be the name of a folder", todo)


def _one_of(sheet: Path, number: int, column: str, word: str, words: tuple[str, ...]) -> None:
    if word not in words:
        raise UserError(_at(sheet, number, column), f"{word!r} is not one of {', '.join(words)}", "correct it")


def _at(sheet: Path, number: int, column: str) -> str:
    return f"{sheet} row {number}, column {column}"


def _full(sheet: Path, path: str) -> str:
    """A sheet's relative paths start at the sheet. Strings, as a colony lists a hundred thousand files."""
    full = os.path.join(os.path.dirname(sheet), path)  # noqa: PTH118, PTH120
    return str(Path(full)) if "./" in full or "//" in full else full


def _must_exist(sheet: Path, number: int, column: str, path: str) -> None:
    if path.startswith("registry:"):
        return
    try:
        there = os.path.exists(_full(sheet, path))  # noqa: PTH110 (a sheet may have 72,000 rows)
    except OSError:  # a name that is too long, or a folder that may not be read
        there = False
    if not there:
        raise UserError(_at(sheet, number, column), f"{path} does not exist", "correct the path or remove the row")


def _resolve(row: Any, sheet: Path, columns: tuple[str, ...]) -> Any:
    values = {f.name: getattr(row, f.name) for f in fields(row)}
    for name in columns:
        value = values[name]
        if value not in ("", "header", CLUSTER, WHOLE) and not value.startswith("registry:"):
            values[name] = _full(sheet, value)
    return type(row)(**values)
