"""What other steps of the sequence branch may have left for the pseudobulk page: clusters, markers, the reference."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from presage.report.render import data_uri, number
from presage.report.run import NoData, Run

MARKERS = 5  # of a cluster


def umap(run: Run) -> str:
    """The map of clusters, where the run made its own labels."""
    path = run.folder / "sequence/labels/umap.svg"
    return data_uri(path) if path.is_file() else ""


def markers(frame: pd.DataFrame | None) -> list[tuple[str, str]]:
    """The first few marker genes of each cluster, in the order of the table (by ``rank``, where it has that column)."""
    if frame is None:
        return []
    cluster = next((c for c in ("cluster", "cell_type", "group") if c in frame), None)
    name = next((c for c in ("name", "gene", "gene_id") if c in frame), None)
    if cluster is None or name is None:
        return []
    frame = frame.sort_values("rank", kind="stable") if "rank" in frame else frame
    groups = frame.groupby(cluster, sort=False)[name]
    found = [(str(key), ", ".join(part.astype(str).head(MARKERS))) for key, part in groups]
    return sorted(found, key=lambda row: (len(row[0]), row[0]) if row[0].isdigit() else (99, row[0]))


def reference_rows(run: Run) -> list[tuple[str, Any]]:
    """The numbers of the reference step's qc.json, its nested names joined."""
    try:
        found = run.json("sequence/reference/qc.json")
    except NoData:
        return []
    return list(leaves(found))


def leaves(tree: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Numbers and texts of nested JSON with their path in words; lists of plain values become one text."""
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from leaves(value, f"{name} · {key}" if name else str(key))
    elif isinstance(tree, list) and any(isinstance(item, (Mapping, list)) for item in tree):
        for i, item in enumerate(tree, 1):
            yield from leaves(item, f"{name} · {i}")
    else:
        value = ", ".join(map(number, tree)) or "none" if isinstance(tree, list) else tree
        yield name.replace("_", " "), value
