"""A folder of one's own: its first policy, and what stands beside it."""
