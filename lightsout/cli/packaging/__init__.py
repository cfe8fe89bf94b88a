"""What is deployed: the bundle, and a trial of it against a simulated cloud."""
