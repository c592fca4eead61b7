"""Paths of MOSAIC's files, and settings that a user may change."""
