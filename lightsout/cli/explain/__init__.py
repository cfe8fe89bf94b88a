"""What a run makes of each instance, in words for people."""
