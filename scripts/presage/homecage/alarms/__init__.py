"""From scores to alarms at a budget: episodes, urgent checks, and the ledger of what was issued."""
