"""The telemetry proxy, one process a run: joins supervision and telemetry."""
