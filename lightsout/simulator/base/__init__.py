"""The parts that all simulated services use."""
