"""Is an alarm to be trusted: detection, lead time and false alarms, with intervals, controls and what was left out."""
