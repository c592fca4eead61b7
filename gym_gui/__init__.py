"""MOSAIC: run any reinforcement-learning library as a supervised worker with trustworthy telemetry."""

__version__ = "0.1.0"
