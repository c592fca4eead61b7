"""Short-lived programs: run within a time limit, and ended with whatever they started."""
