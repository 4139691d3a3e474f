"""How labels spell a sample's barcodes: a rule such as ``{sample}_{barcode}``, and what of a label is the barcode.

Integrated objects make barcodes unique by adding the sample: scanpy and Seurat users write ``{sample}_{barcode}``,
ArchR ``{sample}#{barcode}``, ``anndata.concat`` with keys ``{barcode}-{sample}``. Text outside braces is as it is.
Light on purpose (standard library only): sheets and config check rules with it.
"""

from string import Formatter

PLAIN = "{barcode}"
_FIELDS = ("barcode", "sample", "donor")


def problem(rule: str) -> str | None:
    """What is wrong with a rule, in words that follow its name; None where nothing is."""
    try:
        parts = list(Formatter().parse(rule))
    except ValueError as error:
        return f"is not a barcode rule ({error})"
    names = [name for _, name, _, _ in parts if name is not None]
    for name in names:
        if name not in _FIELDS:
            return f"names {{{name}}}; a barcode rule knows {{barcode}}, {{sample}} and {{donor}}"
    if names.count("barcode") != 1:
        return f"must contain {{barcode}} once, not {names.count('barcode')} times"
    if any(spec or conversion for _, name, spec, conversion in parts if name):
        return "must name its parts plainly, without ':' or '!' inside the braces"
    return None


def barcode_of(label: str, rule: str, sample: str, donor: str) -> str | None:
    """The barcode in ``label``, or None where the label does not fit the rule and so belongs to another sample.

    What stands in the place of ``{barcode}`` is not judged: of samples ``s`` and ``s_2``, ``s_2_AAAC`` fits
    ``{sample}_{barcode}`` of both. As barcode ``2_AAAC`` it occurs in no reads of ``s``, where it counts as absent.
    """
    before, after = _around(rule, sample, donor)
    fits = label.startswith(before) and label.endswith(after) and len(label) > len(before) + len(after)
    return label[len(before) : len(label) - len(after)] if fits else None


def spelled(barcode: str, rule: str, sample: str, donor: str) -> str:
    """``barcode`` as the rule writes it."""
    before, after = _around(rule, sample, donor)
    return before + barcode + after


def _around(rule: str, sample: str, donor: str) -> tuple[str, str]:
    """What stands before and after the barcode."""
    sides, filled = ["", ""], {"sample": sample, "donor": donor}
    side = 0
    for text, name, _, _ in Formatter().parse(rule):
        sides[side] += text
        if name == "barcode":
            side = 1
        elif name is not None:
            sides[side] += filled[name]
    return sides[0], sides[1]
