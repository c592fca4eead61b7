"""Processes of a run: they are started, watched, signalled, and their ends recorded and judged."""
