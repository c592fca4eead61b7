"""The algorithms, one file each. Importing one of them imports torch."""

from __future__ import annotations

import importlib
from types import ModuleType


def load_algorithm(algo: str) -> ModuleType:
    """Import an algorithm's file.

    Args:
        algo: A name of ``cleanrl_worker.arguments.ARGUMENTS``.

    Returns:
        A module with ``Agent(spaces, args)`` and ``train(run, args)``.
    """
    return importlib.import_module(f"{__name__}.{algo}")
