"""The resources as data, and how what their services show is read."""
