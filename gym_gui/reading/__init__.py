"""What can be read of a home's runs: lists by query, series, episodes, files. Read-only, in plain types."""
