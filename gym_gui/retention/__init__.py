"""Retention of the logs and checkpoints of ended runs."""
