"""What people look at: figures, cage timelines, the morning page, the run's page and its headline numbers.

Everything here reads the tables that a run left and computes nothing that is not drawn: a number that is reported is
made by the ``evaluate`` modules, so that a figure and a table can never disagree.
"""
