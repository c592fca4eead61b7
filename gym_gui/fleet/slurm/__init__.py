"""Runs as jobs of Slurm: one job for each attempt, on nodes that share the home's file system.

``job`` and ``guard`` run on a node; ``queue`` submits jobs and asks Slurm about them through ``submitit``, ``jobs`` is
the daemon's side, and ``provisioner`` that of a run's supervisor. Nodes and home speak through files of the run.
"""
