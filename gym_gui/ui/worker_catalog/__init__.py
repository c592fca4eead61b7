"""What the window lists of each worker; imports no Qt."""

from gym_gui.ui.worker_catalog.catalog import WorkerDefinition, definition_of, get_worker_catalog

__all__ = ["WorkerDefinition", "definition_of", "get_worker_catalog"]
