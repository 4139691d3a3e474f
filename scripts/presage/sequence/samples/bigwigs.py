"""Ready coverage: a bigWig of the sample sheet as exact runs, contig by contig."""

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from presage.errors import UserError
from presage.sequence.reference.contigs import ContigMap, match_contigs
from presage.sequence.samples.tracks import Runs, has_values, runs_of
from presage.sheets import Sample

_MAGIC = (b"\x26\xfc\x8f\x88", b"\x88\x8f\xfc\x26")  # first and last four bytes of a bigWig, in either byte order
_PIECE = 1 << 22  # bases that are read at a time
_ASSAYS, _STRANDS = ("rna", "atac"), ("+", "-", ".")


class BigWigSource:
    """A bigWig on its way into tracks.

    Attributes
    ----------
    assay, strand : rna or atac; ``+``, ``-`` or ``.``
    group : cell type, donor, condition and tissue; without an entry the donor is the sample and the others ``unknown``
    lengths : contigs of the genome and bp
    contigs : how the file names them
    warnings : what a user should know, a line each; grows while contigs are read

    Raises :class:`UserError` for a row that says too little and for a file that is no bigWig, is truncated, or belongs
    to another genome.
    """

    def __init__(self, sample: Sample, reference: Mapping[str, int] | None = None) -> None:
        """Open the file; without ``reference`` its own contigs are the genome."""
        self.sample, self.path = sample, Path(sample.path)
        self.assay, self.strand = sample.assay, sample.strand or "."
        for column, value, known in (("assay", self.assay, _ASSAYS), ("strand", self.strand, _STRANDS)):
            if value not in known:
                raise UserError(f"sample {sample.sample}, column {column}", f"{value!r} is none of {', '.join(known)}")
        if not sample.cell_type:
            raise UserError(f"sample {sample.sample}, column cell_type", "is empty", "say whose coverage the bigWig is")
        self.group = (
            sample.cell_type,
            sample.donor or sample.sample,
            sample.condition or "unknown",
            sample.tissue or "unknown",
        )
        self._file, own = _open(self.path)
        self.lengths = dict(reference if reference is not None else own)
        self.contigs: ContigMap = match_contigs(self.path, own, self.lengths)
        self._theirs = {ours: theirs for theirs, ours in self.contigs.names.items()}
        self._sign = 0
        self.warnings: list[str] = []
        self._empty = not has_values(self.path)
        if self._empty:
            self.warnings.append(f"{self.path}: holds no value")
        if self.contigs.missing:
            shown = ", ".join(self.contigs.missing[:3])
            self.warnings.append(
                f"{self.path}: {len(self.contigs.missing)} contigs are not in the genome ({shown} ...)"
            )

    def runs(self, chrom: str) -> Runs:
        """Depth of a contig of the genome, whole numbers as int64; nothing where the file has no such contig.

        Bases without a value (or NaN) have depth 0. Values of a file that is nowhere positive are taken without their
        sign, as some pipelines write the minus strand.

        Raises :class:`UserError` for values of both signs in one file, for infinite ones, and for damaged data.
        """
        name = self._theirs.get(chrom)
        edges, values = [np.zeros(1, np.int64)], [np.empty(0)]
        for start, depth in self._pieces(name) if name is not None and not self._empty else ():
            if not len(depth):  # a damaged header may say that a contig has no length
                continue
            self._check(chrom, depth)
            change = np.flatnonzero(depth[1:] != depth[:-1]) + 1
            edges.append(start + np.append(change, len(depth)))
            values.append(np.abs(depth[np.append(0, change)]).astype(np.float64))
        value = np.concatenate(values)
        # A bigWig holds float32: whole numbers in it are exact up to 2^24, and stay so as integers.
        whole = (value == np.rint(value)).all()
        return runs_of(np.concatenate(edges), value.astype(np.int64) if whole else value)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _pieces(self, name: str) -> Iterator[tuple[int, np.ndarray]]:
        length = self._file.chroms(name)
        for start in range(0, length, _PIECE):
            try:
                depth = self._file.values(name, start, min(start + _PIECE, length), numpy=True)
            except RuntimeError as error:
                raise UserError(self.path, f"cannot be read on {name} ({error})", "copy it again") from None
            yield start, np.nan_to_num(depth, copy=False, nan=0.0, posinf=np.inf, neginf=-np.inf)

    def _check(self, chrom: str, depth: np.ndarray) -> None:
        low, high = float(depth.min(initial=0)), float(depth.max(initial=0))
        if np.isinf(low) or np.isinf(high):
            raise UserError(self.path, f"holds infinite values on {chrom}", "make it again")
        signs = {sign for sign in (self._sign, -1 if low < 0 else 0, 1 if high > 0 else 0) if sign}
        if len(signs) == 2:
            raise UserError(
                self.path,
                f"holds values of both signs (seen up to {chrom})",
                "coverage has one: give a bigWig a strand",
            )
        if signs == {-1} and not self._sign:
            self.warnings.append(f"{self.path}: all values are negative; they are taken without their sign")
        self._sign = signs.pop() if signs else 0


def _has_trees(path: Path, header: bytes) -> bool:
    """Whether the header's offsets lead to the two trees of a bigWig; where not, libBigWig crashes as it gives up."""
    order = "<" if header[:4] == _MAGIC[0] else ">"
    contigs, _, index = struct.unpack_from(f"{order}3Q", header, 8)
    with path.open("rb") as file:
        for offset, magic in ((contigs, 0x78CA8C91), (index, 0x2468ACE0)):
            if not index and offset == index:  # a bigWig without values has no index
                continue
            file.seek(min(offset, 2**62))
            if file.read(4) != struct.pack(f"{order}I", magic):
                return False
    return True


def _open(path: Path):  # type: ignore[no-untyped-def]  # pyBigWig has no types
    import pyBigWig

    try:
        with path.open("rb") as file:
            first = file.read(64)  # the fixed header
            file.seek(-min(4, file.seek(0, 2)), 2)
            last = file.read(4)
    except OSError as error:
        raise UserError(path, f"cannot be read ({error.strerror or error})", "correct the path") from None
    if first[:4] not in _MAGIC:
        raise UserError(path, "is no bigWig (its first bytes are not a bigWig's)", "correct the path or the kind")
    if len(first) < 64 or last != first[:4]:
        raise UserError(path, "is truncated (a bigWig's last bytes are as its first)", "copy it again")
    if not _has_trees(path, first):
        raise UserError(path, "is damaged (its header leads nowhere)", "copy it again")
    try:
        file = pyBigWig.open(str(path))
        return file, {str(name): int(length) for name, length in file.chroms().items()}
    except (RuntimeError, UnicodeDecodeError) as error:
        raise UserError(path, f"cannot be opened as bigWig ({error})", "copy it again") from None
