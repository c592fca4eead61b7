"""Checks before a run is started that need more than its config: dry runs of a worker."""
