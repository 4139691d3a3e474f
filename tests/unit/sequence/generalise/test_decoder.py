"""The decoder without held-out cells: a hold-out that leaves it nothing, or holds nothing out, is refused by name."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from presage.errors import UserError
from presage.sequence.decoder.labelled_cells import LabelledCells
from presage.sequence.generalise.decoder import decoder_without
from presage.study.hold_outs import HoldOut


@pytest.mark.parametrize(("value", "few"), [("d1", "every"), ("d2", "no")])
def test_every_or_no_cell_held_out(tmp_path, value: str, few: str) -> None:
    """Whose a cell is says the `cells` table: d2 has cells there, but none with RNA and a label."""
    own = pd.DataFrame({"sample": "s", "barcode": ["A", "B"], "cell_type": ["T", "B"]})
    known = pd.DataFrame({"sample": "s", "barcode": ["A", "B", "C"], "donor": ["d1", "d1", "d2"]})
    found = LabelledCells(own, sparse.csr_matrix(np.ones((2, 3), np.int32)), None, {})
    with pytest.raises(UserError, match=f"donor '{value}': {few} labelled RNA cell has it"):
        decoder_without(tmp_path, HoldOut("donor", value, value), "", None, None, found, known, None, 0)
    assert not list(tmp_path.iterdir())
