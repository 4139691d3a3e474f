"""Single cells: from a cell's embedding to its own output layer, and heads from gene counts."""
