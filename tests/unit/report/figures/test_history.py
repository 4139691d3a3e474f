"""The loss curves of a fit: what is drawn, what it is called, and the same bytes each time."""

import numpy as np
import pandas as pd

from presage.report.figures.history import history
from presage.report.style import drawn

TABLE = pd.DataFrame(
    [(0, 0, "valid", 1.0, 0.1), (1, 5, "train", 0.9, np.nan), (1, 5, "valid", 0.8, 0.4), (2, 10, "valid", 0.85, 0.3)],
    columns=["epoch", "step", "split", "loss", "pearson"],
)


def test_curves_are_the_tables_columns():
    figure, _ = history(TABLE, "adapt/lora/seed1", 1, "poisson", True)
    loss, pearson = figure.axes
    lines = {line.get_label(): line for line in loss.lines}
    assert set(lines) == {"train", "valid", "kept (epoch 1)"}
    assert lines["valid"].get_ydata().tolist() == [1.0, 0.8, 0.85]
    assert lines["train"].get_xdata().tolist() == [5]
    assert lines["kept (epoch 1)"].get_xdata()[0] == 5
    assert lines["train"].get_color() != lines["valid"].get_color()
    assert lines["train"].get_linestyle() != lines["valid"].get_linestyle()  # not by colour alone
    assert pearson.lines[0].get_ydata().tolist() == [0.1, 0.4, 0.3]
    assert "steps" in pearson.get_xlabel()
    assert "nats" in loss.get_ylabel()
    assert "SIMULATED DATA" in {text.get_text() for text in figure.texts}


def test_same_history_same_bytes_and_a_single_point_is_seen():
    one = TABLE.iloc[[0]].assign(epoch=1, step=1)
    pictures = [drawn(history(one, "adapt/ridge/seed1", 1, "mse", False)[0], "svg") for _ in range(2)]
    assert pictures[0] == pictures[1]
    assert b"squared coverage" in pictures[0]
    assert b"SIMULATED" not in pictures[0]
