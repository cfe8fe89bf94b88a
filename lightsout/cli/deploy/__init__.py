"""For `deploy` and `remove`: the wanted state, the present state, and the steps between."""
