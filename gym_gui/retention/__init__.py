"""What becomes of the logs and checkpoints of runs that have ended."""
