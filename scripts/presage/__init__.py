"""presage: to be a sign of what is coming. Single-cell adapters for sequence models, early alarms from home cages.

Rooms: ``config`` (settings), ``sheets`` (what a study lists), ``tables`` (what is written), ``entry`` (how a rule's
script runs), ``sequence`` and ``homecage`` (the two branches, which never import each other), ``worlds`` (simulated
input with known truth), ``report`` (pages, figures, summary).
"""

__version__ = "0.1.0"
