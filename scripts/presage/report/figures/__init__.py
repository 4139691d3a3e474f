"""The numbered figures of both branches and those of single steps, and ``draw``, which draws all of a run."""
