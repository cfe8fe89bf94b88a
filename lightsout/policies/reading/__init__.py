"""Read YAML by such tables, into values with their places, and all mistakes at once."""
