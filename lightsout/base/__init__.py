"""Time, text and environment, for all other packages. Imports none of them."""
