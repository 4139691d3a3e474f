"""Every parquet file that a run leaves, as an Arrow schema with units. Nothing is written or read past these contracts.

Coordinates are 0-based half-open. Times are UTC. A column's unit and meaning travel in the file's own metadata.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from presage import plugins
from presage.errors import UserError
from presage.tables import homecage, sequence, worlds

_ROWS = 20_000  # of a chunked table that are held before they are written

_TYPES = {
    "str": pa.string(),
    "bool": pa.bool_(),
    "i32": pa.int32(),
    "i64": pa.int64(),
    "f32": pa.float32(),
    "f64": pa.float64(),
    "bytes": pa.binary(),
    "date": pa.date32(),
    "utc": pa.timestamp("us", tz="UTC"),
    "list_i64": pa.list_(pa.int64()),
    "list_f32": pa.list_(pa.float32()),
}


def _schema(text: str) -> pa.Schema:
    fields = []
    for line in text.strip().splitlines():
        name, kind, unit, meaning = line.split(None, 3)
        meta = {"unit": "" if unit == "-" else unit, "meaning": meaning}
        fields.append(pa.field(name, _TYPES[kind.rstrip("?")], nullable=kind.endswith("?"), metadata=meta))
    return pa.schema(fields)


_TEXT = {**sequence.TABLES, **worlds.TABLES, **homecage.TABLES}
SCHEMAS: dict[str, pa.Schema] = {name: _schema(text) for name, text in _TEXT.items()}
_WITH_SCORES = ("variant_effects", "scores")


def schema(table: str) -> pa.Schema:
    """Columns of ``table``: of those of variants also the scores that plugins add, at the end."""
    own = SCHEMAS[table]
    for name, facts in plugins.provided("score").items() if table in _WITH_SCORES else ():
        [field] = _schema(f"{name} f64 {facts.get('unit', '-')} {facts.get('meaning', 'score of a plugin')}")
        own = own.append(field)
    return own


def write(path: str | Path, table: str, data: pd.DataFrame | pa.Table, meta: Mapping[str, Any] | None = None) -> None:
    """Write ``data`` to ``path`` as ``table``: same columns, types cast, no null where none may be.

    ``meta`` is stored as JSON strings in the file's metadata (read it back with :func:`read_meta`). The bytes depend
    on the content alone, so equal tables are equal files.

    Raises ``ValueError`` when a column is missing, surplus, of the wrong type, or null where the contract forbids it.
    """
    arrow = check(table, data)
    extra = {"presage.table": table, **{k: json.dumps(v, sort_keys=True) for k, v in (meta or {}).items()}}
    pq.write_table(arrow.cast(schema(table).with_metadata(extra)), path, compression="zstd", store_schema=True)


def check(table: str, data: pd.DataFrame | pa.Table) -> pa.Table:
    """``data`` as ``table``: its columns in order, types cast. Raises ``ValueError`` as :func:`write` does."""
    contract = schema(table)
    arrow = data if isinstance(data, pa.Table) else _from_pandas(data, contract, table)
    surplus = set(arrow.column_names) ^ set(contract.names)
    if surplus:
        raise ValueError(f"table {table}: columns {sorted(surplus)} are missing or surplus")
    arrow = arrow.select(contract.names)
    for field in contract:
        if not field.nullable and arrow[field.name].null_count:
            raise ValueError(f"table {table}: {arrow[field.name].null_count} nulls in column {field.name}")
    return arrow.cast(contract.remove_metadata())


def _from_pandas(data: pd.DataFrame, schema: pa.Schema, table: str) -> pa.Table:
    missing = set(schema.names) ^ set(data.columns)
    if missing:
        raise ValueError(f"table {table}: columns {sorted(missing)} are missing or surplus")
    columns = [pa.Array.from_pandas(data[f.name], type=f.type, safe=True) for f in schema]
    return pa.table(columns, schema=pa.schema([pa.field(f.name, f.type) for f in schema]))


def read(path: str | Path, table: str) -> pd.DataFrame:
    """Read ``path`` as ``table`` into pandas (dates as ``datetime.date``, times as UTC timestamps).

    Raises :class:`UserError` when the file is not that table.
    """
    return read_arrow(path, table).to_pandas(date_as_object=True)


def read_arrow(path: str | Path, table: str) -> pa.Table:
    """As :func:`read`, but the Arrow table."""
    arrow = pq.read_table(path)
    _check_names(path, table, arrow.schema)
    return arrow


def read_parts(path: str | Path, table: str) -> tuple[int, Iterator[pa.Table]]:
    """The number of rows, and the Arrow table a part after the other: for tables that are too large at once."""
    file = pq.ParquetFile(path)
    _check_names(path, table, file.schema_arrow)
    return file.metadata.num_rows, (file.read_row_group(i) for i in range(file.num_row_groups))


def _check_names(path: str | Path, table: str, found: pa.Schema) -> None:
    own = SCHEMAS[table].names
    more = found.names[len(own) :]  # scores of plugins, which whoever reads the table need not know
    if found.names[: len(own)] != own or (more and table not in _WITH_SCORES):
        raise UserError(path, f"is not a {table} table (columns {found.names})", "remove it and run again")


def read_meta(path: str | Path) -> dict[str, Any]:
    """The metadata that :func:`write` or :class:`ChunkedTable` stored, without the schema's own."""
    raw = pq.read_metadata(path).metadata or {}
    own = {k.decode(): v.decode() for k, v in raw.items() if not k.startswith((b"presage.", b"pandas", b"ARROW"))}
    return {k: json.loads(v) for k, v in own.items()}


def empty(table: str) -> pd.DataFrame:
    """An empty frame with the columns and types of ``table``."""
    return schema(table).empty_table().to_pandas(date_as_object=True)


class ChunkedTable:
    """A table that is written as its rows come, in constant memory. The row groups depend on the rows alone.

    ``meta`` may be completed up to the end (:meth:`note`), e.g. by counts.
    """

    def __init__(self, path: str | Path, table: str, meta: Mapping[str, Any]) -> None:
        # An empty table of the contract, written by its owner, tells the schema with all of its metadata.
        write(path, table, empty(table), meta)
        self._schema = pq.read_schema(path)
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd", store_schema=True)
        self._waiting: list[pa.Table] = []
        self._rows = 0

    def add(self, rows: pd.DataFrame | pa.Table) -> None:
        """Append rows; columns as in the contract, any order."""
        self._waiting.append(rows if isinstance(rows, pa.Table) else self._arrow(rows))
        self._rows += len(rows)
        if self._rows >= _ROWS:
            self._flush()

    def note(self, **meta: Any) -> None:
        """Store more metadata, which is known only when the rows are."""
        self._writer.add_key_value_metadata({key: json.dumps(value, sort_keys=True) for key, value in meta.items()})

    def _flush(self) -> None:
        if self._waiting:
            rows = pa.concat_tables([table.select(self._schema.names) for table in self._waiting])
            for field in self._schema:
                if not field.nullable and rows[field.name].null_count:
                    raise ValueError(f"{rows[field.name].null_count} nulls in column {field.name}")
            self._writer.write_table(rows.cast(self._schema).combine_chunks())
        self._waiting, self._rows = [], 0

    def _arrow(self, rows: pd.DataFrame) -> pa.Table:
        columns = [pa.Array.from_pandas(rows[field.name], type=field.type, safe=True) for field in self._schema]
        return pa.table(columns, schema=pa.schema([pa.field(field.name, field.type) for field in self._schema]))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._flush()
        finally:
            self._writer.close()
