"""Time, text, environment: what all other packages use. Imports none of them."""
