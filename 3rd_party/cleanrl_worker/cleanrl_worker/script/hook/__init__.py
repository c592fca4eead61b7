"""Programs that run in the script's own interpreter: the standard library alone, Python 3.8 or newer."""
