"""The run model: what a run is, where it lives, which states it passes through."""
