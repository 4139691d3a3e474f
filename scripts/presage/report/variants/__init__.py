"""The page of a set of variants: its table, figures, tracks and logos."""
