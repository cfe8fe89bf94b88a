"""Read serverless.yml and its timers, and write documents of rights."""
