"""What stands beside the runs: the workers, the daemon."""
