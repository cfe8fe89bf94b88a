"""Read events, and choose the policies that run for them."""
