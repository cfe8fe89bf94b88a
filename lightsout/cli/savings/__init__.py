"""Hours and money that stopping saved."""
