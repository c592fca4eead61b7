"""Python environments of workers: one a worker, built beside the one in use and swapped in when it works."""
