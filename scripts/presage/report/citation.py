"""How to cite presage, from the repository's own CITATION.cff."""

from pathlib import Path

import yaml

CITATION = Path(__file__).resolve().parents[3] / "CITATION.cff"


def citation(path: Path = CITATION) -> tuple[str, str]:
    """A sentence for a list of references, and the same as BibTeX. Both empty where the file is absent."""
    if not path.is_file():
        return "", ""
    known = yaml.safe_load(path.read_text(encoding="utf-8"))
    names = [_name(author) for author in known["authors"]]
    version = known["version"]
    sentence = f"{', '.join(names)}. {known['title']}. Version {version}, {known['license']}."
    fields = {
        "author": " and ".join(f"{{{name}}}" for name in names),
        "title": f"{{{known['title']}}}",
        "version": version,
        **({"url": known["repository-code"]} if "repository-code" in known else {}),
    }
    lines = "".join(f"  {key} = {{{value}}},\n" for key, value in fields.items())
    return sentence, f"@software{{presage,\n{lines}}}"


def _name(author: dict[str, str]) -> str:
    return author.get("name") or f"{author['given-names']} {author['family-names']}"
