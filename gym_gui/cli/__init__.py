"""The ``mosaic`` command: a thin client of the daemon and of the run folders."""
