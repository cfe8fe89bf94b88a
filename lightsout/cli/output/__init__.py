"""Terminal, tables, files, pictures."""
