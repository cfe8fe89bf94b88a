"""serverless.yml, timers and rights."""
