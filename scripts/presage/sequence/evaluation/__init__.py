"""How good predictions are, on what was held out: metrics with their intervals, what the trunk had seen, hold-outs."""
