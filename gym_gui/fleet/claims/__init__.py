"""Runs that programs claim by HTTP: their leases, what they report, the files that they leave."""
