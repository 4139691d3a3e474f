"""docs/reference/tables.md: every parquet table with its columns, types and units."""

import pyarrow as pa

from presage.docs.markdown import code, page, table
from presage.tables import SCHEMAS

INTRO = """
Every parquet file that a run leaves keeps one of these contracts (`presage.tables`); nothing is written or read past
them. Coordinates are 0-based and half-open, times are UTC. Unit and meaning of each column also travel in the file's
own metadata, with the rule, code hash, seed and whether the content is simulated:

```python
import pyarrow.parquet as pq

schema = pq.read_schema("results/demo/sequence/variants/planted/scores.parquet")
for field in schema:
    print(field.name, field.type, field.metadata)
print(schema.metadata)                       # rule, code_hash, seed, simulated, ...
```
"""


def tables_page() -> str:
    """The page as text."""
    names = ", ".join(f"[{name}](#{name})" for name in SCHEMAS)
    return page("Tables", INTRO, names, *(f"## {name}\n\n{_columns(schema)}" for name, schema in SCHEMAS.items()))


def _columns(schema: pa.Schema) -> str:
    return table(("column", "type", "unit", "meaning"), (_row(field) for field in schema))


def _row(field: pa.Field) -> tuple[str, ...]:
    meta = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
    return (code(field.name), f"{field.type}{' or null' if field.nullable else ''}", meta["unit"], meta["meaning"])
