"""Make the bundle that is deployed, and try it against a simulated cloud."""
