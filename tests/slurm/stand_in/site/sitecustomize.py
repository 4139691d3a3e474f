"""Python reads this at its start where the folder is on PYTHONPATH: stand-ins for a cluster's hardware in tests."""

import os
import sys

import card
import hungry

if "PRESAGE_TEST_CARD" in os.environ:
    sys.meta_path.insert(0, card.Patch())
if "PRESAGE_TEST_HUNGRY" in os.environ:
    hungry.eat(*os.environ["PRESAGE_TEST_HUNGRY"].split(":"))
