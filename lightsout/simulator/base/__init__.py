"""What every simulated service is made of."""
