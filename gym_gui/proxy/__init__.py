"""The telemetry proxy, one process per run: supervision and telemetry together."""
