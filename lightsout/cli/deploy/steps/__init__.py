"""Plan the steps from the present to the wanted state, as plain values."""
