"""Make a user's own folder: a first policy, and the files beside it."""
