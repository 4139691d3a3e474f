"""The genome a study stands on: sequence, genes, windows and their folds, and regions that are left out."""
