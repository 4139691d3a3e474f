"""From pose to behaviour: motion, posture, bouts, and what each minute was like."""
