"""The view of runs that are going: a live table on a terminal, plain lines elsewhere."""
