"""Log files and exports."""
