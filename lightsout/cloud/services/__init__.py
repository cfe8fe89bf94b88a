"""Ask the services about instances, and read their answers."""
