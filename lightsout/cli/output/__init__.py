"""Write to the terminal, tables, files, pictures."""
