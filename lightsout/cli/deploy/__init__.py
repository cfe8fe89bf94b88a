"""`deploy` and `remove`: what serverless.yml wants, what is there, and the steps between."""
