"""A worker's log on disk: its files over time, and reading it from a cursor."""
