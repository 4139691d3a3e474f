"""Folds: which windows, and so which genes and variants, train a model and which are kept from it."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from presage.errors import UserError
from presage.sequence.reference.leakage import FOLDS, OUTSIDE, FoldMap, folds_of

__all__ = ["FOLDS", "OUTSIDE", "by_block", "by_chromosome", "of_intervals", "overlaps", "published", "reading"]


def by_chromosome(chroms: Iterable[str], test: Sequence[str] = (), valid: Sequence[str] = ()) -> np.ndarray:
    """Fold of each window by its chromosome.

    ``chroms`` [windows] in genome order. Without ``test`` the last chromosome is test; without ``valid`` the last one
    that is not test is validation. Raises :class:`UserError` for a held-out chromosome without a window, and when none
    is left to train on.
    """
    chroms = list(chroms)
    present = list(dict.fromkeys(chroms))
    test = list(test) or present[-1:]
    valid = list(valid) or [name for name in present if name not in test][-1:]
    for key, names in (("test_chroms", test), ("valid_chroms", valid)):
        for name in names:
            if name not in present:
                raise UserError(
                    f"reference.{key}", f"no window lies on {name}", f"choose from {', '.join(present[:30])}"
                )
    both = sorted(set(test) & set(valid))
    if both:
        raise UserError("reference.valid_chroms", f"{both[0]} is also in test_chroms", "remove it from one of them")
    if not set(present) - set(test) - set(valid):
        raise UserError(
            "reference", f"no chromosome is left to train on (windows lie on {', '.join(present)})", "set split: block"
        )
    fold = dict.fromkeys(present, "train") | dict.fromkeys(valid, "valid") | dict.fromkeys(test, "test")
    return np.array([fold[name] for name in chroms], dtype=object)


def by_block(windows: pd.DataFrame, size: int) -> np.ndarray:
    """Fold of each window by blocks of ``size`` neighbours, so that one chromosome can hold all three folds.

    Blocks are numbered along the genome; of each ten the fifth is validation and the tenth is test (fewer than ten
    blocks: the last two). A training window whose input reaches a held-out window's output gets ``""``: it would leak.
    """
    contig = (windows["chrom"] != windows["chrom"].shift()).cumsum()
    within = windows.groupby(contig.to_numpy()).cumcount() // size
    block = pd.factorize(pd.Series(list(zip(contig, within))))[0]
    count = int(block.max()) + 1 if len(block) else 0
    if count < 3:
        raise UserError(
            "reference.block_windows",
            f"{len(block)} windows make {count} blocks of {size}",
            "at least three are needed",
        )
    if count < 10:
        fold = np.where(block == count - 1, "test", np.where(block == count - 2, "valid", "train")).astype(object)
    else:
        fold = np.where(block % 10 == 9, "test", np.where(block % 10 == 4, "valid", "train")).astype(object)
    held = windows.assign(fold=fold)[fold != "train"]
    reaches = FoldMap(held).touches(*(windows[name].to_numpy() for name in ("chrom", "start", "end"))).any(axis=1)
    fold[(fold == "train") & reaches] = ""
    return fold


def published(names: Iterable[str], test: Sequence[str], valid: Sequence[str]) -> np.ndarray:
    """Names of a BED's fourth column as train, valid or test; what is neither ``test`` nor ``valid`` trains."""
    known = dict.fromkeys(valid, "valid") | dict.fromkeys(test, "test")
    return np.array([known.get(name, "train") for name in names], dtype=object)


def of_intervals(chrom: Iterable[str], start: Iterable[int], end: Iterable[int], windows: pd.DataFrame) -> np.ndarray:
    """Fold of each interval by the outputs of the windows that it overlaps; ``outside`` where it overlaps none.

    An interval that several folds see belongs to the least held-out of them (train before valid before test): it is
    test only if neither training nor validation predicts any base of it.
    """
    return folds_of(FoldMap(windows).touches(*map(np.asarray, (chrom, start, end))))


def overlaps(windows: pd.DataFrame) -> dict[str, dict[str, int]]:
    """How many windows of a fold read what another fold predicts: ``{fold: {other fold: windows}}``.

    An input is longer than the output inside it, so at the border of two folds each reads some of the other's. No
    target leaks by that, but the sequence of a held-out window's rim has been seen in training.
    """
    hits = _inputs_on_outputs(windows)
    own = windows["fold"].to_numpy()
    return {
        fold: {other: int(hits[own == fold, o].sum()) for o, other in enumerate(FOLDS) if other != fold}
        for fold in FOLDS
    }


def reading(windows: pd.DataFrame, readers: Sequence[str], others: Sequence[str]) -> np.ndarray:
    """Which windows of the folds ``readers`` have an input that reaches an output of ``others``: bool [windows]."""
    columns = [FOLDS.index(fold) for fold in others]
    return _inputs_on_outputs(windows)[:, columns].any(axis=1) & windows["fold"].isin(readers).to_numpy()


def _inputs_on_outputs(windows: pd.DataFrame) -> np.ndarray:
    return FoldMap(windows).touches(*(windows[name].to_numpy() for name in ("chrom", "start", "end")))
