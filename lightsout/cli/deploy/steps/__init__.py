"""From what is there to what is wanted: steps, as plain values."""
