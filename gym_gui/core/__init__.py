"""Basics for workers and MOSAIC itself: errors, safe files, terminal text, the SDK."""
