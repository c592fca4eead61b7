"""Environment ids: ``Name-v0`` of Gymnasium's registry, and ``package:Name-v0``, whose package registers it on import.

This module is also run by its path, in interpreters without MOSAIC: it imports the standard library alone.
"""

from __future__ import annotations

import contextlib
import difflib
import importlib
import re
from typing import Any, Iterable

_PACKAGED = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*):([^:]+)")


class EnvironmentPackageError(ImportError):
    """The package in ``package:Name-v0`` cannot be imported."""


def parse_env_id(env_id: str) -> tuple[str, str]:
    """Split an id into its package (empty where it names none) and its name in the registry."""
    found = _PACKAGED.fullmatch(env_id)
    return (found[1], found[2]) if found else ("", env_id)


def import_env_package(env_id: str) -> str:
    """Import the package that an id names, if it names one, and return the id's name in the registry.

    Raises:
        EnvironmentPackageError: It cannot be imported, for whatever reason.
    """
    package, name = parse_env_id(env_id)
    if package:
        try:
            importlib.import_module(package)
        except Exception as error:
            cause = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            raise EnvironmentPackageError(f"the package {package!r} cannot be imported: {cause}") from error
    elif name.startswith("ALE/"):  # the Atari games, which their package registers on import only
        with contextlib.suppress(ImportError):
            importlib.import_module("ale_py")
    return name


def find_env_spec(env_id: str) -> Any:
    """Return Gymnasium's spec of an environment, after its package has been imported.

    Raises:
        EnvironmentPackageError: The package that it names cannot be imported.
        gymnasium.error.Error: No environment of this name is registered.
    """
    name = import_env_package(env_id)
    import gymnasium

    return gymnasium.spec(name)


def nearest_env_ids(env_id: str, names: Iterable[str], count: int = 3) -> list[str]:
    """Return the registered names that are like an unknown id's, with the package that it names before them."""
    package, name = parse_env_id(env_id)
    by_key = {each.lower(): each for each in names}
    near = difflib.get_close_matches(name.lower(), list(by_key), n=count, cutoff=0.6)
    return [f"{package}:{by_key[key]}" if package else by_key[key] for key in near]


__all__ = ["EnvironmentPackageError", "find_env_spec", "import_env_package", "nearest_env_ids", "parse_env_id"]
