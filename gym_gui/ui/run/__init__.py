"""One run: what it does, how it goes, why it ended."""
