"""The numbered figures of the sequence branch: each is numbers from a run, and a drawing from the numbers alone."""
