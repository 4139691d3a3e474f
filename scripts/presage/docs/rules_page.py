"""docs/reference/rules.md: every Snakemake rule, read from the text of the rule files; Snakemake itself is not asked.

snakefmt fixes the layout of the rule files, so a directive is a line of four spaces, a name and a colon, and what
stands under it are the arguments of a Python call. A look-up function or a property is told by its docstring.
"""

import ast
import inspect
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from presage import study
from presage.docs.markdown import code, one_line, page

ROOT = Path(__file__).resolve().parents[3]
INTRO = """
`<run>` is `<results>/<run>` of the configuration; names in braces are wildcards. What is written *so* is not one path
but what a look-up gives, in its own words. Each rule logs to `<run>/logs/<rule>`, most leave time and memory in
`<run>/benchmarks/`. Inputs that a study does not have are left out. Every rule also has the hash of its code as a
parameter: [ADR 2](../adr/0002-code-hash.md). What is in the tables: [tables](tables.md).
"""
PLACES = {
    "RUN": "<run>",
    "SEQUENCE": "<run>/sequence",
    "HOMECAGE": "<run>/homecage",
    "GENOME_WORLD": "<run>/worlds/genome",
    "VIVARIUM": "<run>/worlds/vivarium",
    "GENERALISE": "<run>/sequence/generalise",
    "CLUSTER_LABELS": "<run>/sequence/labels/labels.tsv",
    "study.PUBLIC_FILES": study.PUBLIC_FILES,
    "study.PUBLIC_FOLDERS": study.PUBLIC_FOLDERS,
}
WRAPPERS = ("directory", "report", "optional", "judged_only", "ensure", "temp", "protected", "list", "expand")
INPUTS = {"SEQ_IN": study.SequenceInputs, "CAGE_IN": study.HomeCageInputs}


@dataclass(frozen=True)
class Rule:
    """One rule: its directives by name, each as the text that stands under it."""

    name: str
    directives: Mapping[str, str]

    def arguments(self, directive: str) -> list[tuple[str, ast.expr]]:
        """(name or nothing, expression) of what stands under a directive."""
        call = ast.parse(f"f(\n{self.directives.get(directive, '')}\n)", mode="eval").body
        assert isinstance(call, ast.Call)
        return [*(("", one) for one in call.args), *((one.arg or "", one.value) for one in call.keywords)]


def rule_files(root: Path = ROOT) -> list[Path]:
    """The Snakefile and the rule files, in the order in which they are included."""
    snakefile = root / "Snakefile"
    return [snakefile, *(root / name for name in re.findall(r'^include: "(.+)"$', snakefile.read_text(), re.M))]


def rules_of(text: str) -> list[Rule]:
    """The rules of one file."""
    found = []
    for name, block in re.findall(r"^rule (\w+):\n((?:(?: .*)?\n)+)", text + "\n", re.M):
        directives = re.findall(r"^    (\w+):(.*\n(?:(?:     .*)?\n)*)", block, re.M)
        found.append(Rule(name, dict(directives)))
    return found


def rules_page(root: Path = ROOT) -> str:
    """The page as text."""
    texts = {path: path.read_text(encoding="utf-8") for path in rule_files(root)}
    lookups = _lookups(texts.values())
    parts = []
    for path, text in texts.items():
        rules = rules_of(text)
        if not rules:
            continue
        about = ast.get_docstring(ast.parse(text[: text.index('"""', 3) + 3])) or ""
        shown = path.relative_to(root)
        parts.append(
            f"## {shown.stem if shown.parent == Path() else shown.relative_to('workflow/rules').with_suffix('')}"
        )
        parts.append(f"`{shown}`: {_about(about)}")
        parts += [_rule(rule, lookups, local=rule.name in _local(text)) for rule in rules]
    return page("Rules", INTRO, *parts)


def _rule(rule: Rule, lookups: Mapping[str, str], local: bool) -> str:
    words = Words(lookups)
    lines = [f"### {rule.name}"]
    for _, message in rule.arguments("message"):
        words_of_it = re.sub(r"\{(?:wildcards\.|params\.\w+\[)?(\w+)\]?\}", r"{\1}", str(ast.literal_eval(message)))
        lines.append(f"{words_of_it}.")
    items = []
    for directive, verb in (("input", "reads"), ("output", "leaves")):
        told = [
            f"{code(name)}: {words.of(value)}" if name else words.of(value) for name, value in rule.arguments(directive)
        ]
        if told:
            items.append(f"* **{verb}** " + "; ".join(told))
    if "script" in rule.directives:
        items.append(f"* **runs** {_path(rule, 'script', words)} in {_path(rule, 'conda', words)}{_where(rule, local)}")
    return "\n\n".join([*lines, "\n".join(items)])


def _where(rule: Rule, local: bool) -> str:
    gpu = any(name == "gpu" for name, _ in rule.arguments("resources"))
    return ", may take a GPU" * gpu + ", where Snakemake itself runs" * local


def _path(rule: Rule, directive: str, words: "Words") -> str:
    text = " or ".join(words.of(value) for _, value in rule.arguments(directive))
    return re.sub(r"(\.\./)+", "", text)


def _about(docstring: str) -> str:
    """A rule file's docstring: what it is for, then what it requires and produces."""
    first, *rest = docstring.split("\n\n")
    told = re.split(r"\n(?=REQUIRES|PRODUCES)", "\n".join(rest))
    lines = [
        f"* **{kind.lower()}** {_paths(what)}"
        for kind, _, what in (one_line(t).partition(" ") for t in told if t.startswith(("REQUIRES", "PRODUCES")))
    ]
    free = [one_line(t) for t in told if t.strip() and not t.startswith(("REQUIRES", "PRODUCES"))]
    return "\n\n".join(part for part in (one_line(first), *map(_paths, free), "\n".join(lines)) if part)


def _paths(text: str) -> str:
    """Text with its paths as code, so that ``<run>`` is shown and no tag."""
    return re.sub(r"`?((?:<run>|resources)/\S*[^\s,;.])`?", r"`\1`", text)


def _local(text: str) -> list[str]:
    listed = re.search(r"^localrules:\n((?:    .*\n)+)", text, re.M)
    return re.findall(r"\w+", listed[1]) if listed else []


def _lookups(texts: Iterable[str]) -> dict[str, str]:
    """First sentence of what each look-up function of the rule files says of itself."""
    found = re.findall(r'^def (\w+)\([^)]*\)(?: -> .+)?:\n    """(.+?)"""', "\n".join(texts), re.M | re.S)
    return {name: _sentence(doc) for name, doc in found}


def _sentence(text: str) -> str:
    return one_line(text.split("\n\n")[0]).rstrip(".").replace("``", "`")


class Words:
    """Expressions of inputs and outputs in words a reader knows."""

    def __init__(self, lookups: Mapping[str, str]) -> None:
        self.lookups = lookups

    def of(self, node: ast.expr) -> str:
        """One expression as Markdown."""
        match node:
            case ast.Constant(value=str() as text):
                return code(text)
            case ast.JoinedStr():
                return code("".join(self._piece(part) for part in node.values))
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                return "; ".join(self.of(part) for part in parts)
            case ast.Starred(value=inner) | ast.Subscript(value=inner) | ast.IfExp(body=inner):
                return self.of(inner)
            case ast.ListComp(elt=each, generators=[one, *_]):
                return self.of(each if _holds_path(each) else one.iter)
            case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in WRAPPERS:
                return self.of(first)
            case ast.Call(func=ast.Attribute(value=inner, attr="values")):
                return self.of(inner)
            case ast.Call(func=ast.Name(id="multiext"), args=[stem, *endings]):
                return code(f"{self.of(stem).strip('`')}{{{','.join(str(ast.literal_eval(e)) for e in endings)}}}")
            case ast.Call(func=ast.Name(id=name), args=given) if name in self.lookups:
                return f"*{self.lookups[name]}*{_constants(given)}"
            case ast.Name(id=name) if name in self.lookups:
                return f"*{self.lookups[name]}*"
            case ast.Name(id=name) if name in PLACES:
                return code(PLACES[name])
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in INPUTS:
                return f"*{_sentence(inspect.getdoc(getattr(INPUTS[name], attribute)) or attribute)}*"
        return self._of_rule(ast.unparse(node))

    def _of_rule(self, text: str) -> str:
        of_rule = re.fullmatch(r"rules\.(\w+)\.output(?:\.(\w+))?", text)
        if of_rule:
            rule, name = of_rule.groups()
            return f"{code(name)} of [{rule}](#{rule})" if name else f"all of [{rule}](#{rule})"
        return code(text)

    def _piece(self, part: ast.expr) -> str:
        if isinstance(part, ast.Constant):
            return str(part.value)
        assert isinstance(part, ast.FormattedValue)
        if isinstance(part.value, ast.IfExp):
            return " or ".join(str(ast.literal_eval(one)) for one in (part.value.orelse, part.value.body))
        text = ast.unparse(part.value)
        return PLACES.get(text, f"<{text}>")


def _constants(given: Iterable[ast.expr]) -> str:
    """What a look-up is called with, where that is plain text."""
    texts = [str(one.value) for node in given for one in ast.walk(node) if isinstance(one, ast.Constant)]
    return f" ({', '.join(map(code, texts))})" if texts else ""


def _holds_path(node: ast.expr) -> bool:
    return any(isinstance(inner, ast.JoinedStr) for inner in ast.walk(node))
