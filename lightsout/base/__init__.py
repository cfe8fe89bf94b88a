"""What everything stands on: time, text, environment; imports nothing of the rest."""
