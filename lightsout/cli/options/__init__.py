"""The options of each command, and the module that carries it out."""
