"""What the window lists of each worker; imports no Qt."""

from gym_gui.app import WorkerDefinition, definition_of, get_worker_catalog

__all__ = ["WorkerDefinition", "definition_of", "get_worker_catalog"]
