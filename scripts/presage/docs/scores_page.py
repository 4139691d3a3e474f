"""docs/reference/scores.md: scores of variants, with formula and source, from the docstrings of their modules."""

import inspect

from presage.docs.markdown import code, one_line, page, prose, table
from presage.sequence.variants import scores
from presage.sequence.variants.scores import gene

INTRO = """
Columns of `scores.parquet` and `gene_scores.parquet` (units: [tables](tables.md#scores)). How windows, indels, spans
and null sets enter is told in [variant effects](../variants.md); a new score is one more file in
`scripts/presage/sequence/variants/scores/`.
"""


def scores_page() -> str:
    """The page as text."""
    by_module: dict[str, list[str]] = {}
    for name, score in scores.SCORES.items():
        by_module.setdefault(score.measure.__module__, []).append(name)
    parts = [prose(scores.__doc__), table(("score", "formula and unit", "bins"), map(_row, scores.SCORES))]
    for names in by_module.values():
        about = prose(inspect.getdoc(inspect.getmodule(scores.SCORES[names[0]].measure)))
        parts.append(f"### {', '.join(names)}\n\n{about}")
    own = ", ".join(gene.GeneEffects._fields)
    parts.append(f"## Of a gene: {own}\n\n{prose(gene.__doc__)}\n\n{prose(inspect.getdoc(gene.gene_effects))}")
    return page("Scores of variants", INTRO, "## Of a track", *parts)


def _row(name: str) -> tuple[str, ...]:
    score = scores.SCORES[name]
    bins = f"{scores.CENTRE} bp around the variant" if score.centre else "`variants.span` of the assay"
    return (code(name), one_line(prose(inspect.getdoc(score.measure))), bins)
