"""Supervision of a run: its processes are started, observed and signalled, their exits recorded and classified."""
