"""The algorithms that there are, as the libraries themselves name them."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import textwrap
from functools import lru_cache
from pathlib import Path
from typing import Any

LIBRARIES = ("stable_baselines3", "sb3_contrib")


@lru_cache(maxsize=1)
def algorithm_names() -> tuple[str, ...]:
    """Return the names of all algorithms, sorted, without importing a library; none where none is installed.

    An algorithm is what a library's ``__all__`` names and takes from a sub-package with policies of its own.
    """
    names: list[str] = []
    for library in LIBRARIES:
        spec = importlib.util.find_spec(library)
        if spec is None or not spec.origin:
            continue
        tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
        homes = {
            alias.name: node.module.partition(".")[2]
            for node in tree.body
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(library + ".")
            for alias in node.names
        }
        folder = Path(spec.origin).parent
        names += [
            name
            for name in _public(tree)
            if name in homes and (folder / homes[name].replace(".", "/") / "policies.py").is_file()
        ]
    return tuple(sorted(names, key=str.lower))


def find_algorithm(name: str) -> str | None:
    """Return an algorithm's name as the library writes it, or ``None``; only letters and digits count."""
    return next((known for known in algorithm_names() if _plain(known) == _plain(name)), None)


def algorithm_class(name: str) -> Any:
    """Return an algorithm's class. Imports the libraries.

    Raises:
        KeyError: There is no such algorithm.
    """
    from stable_baselines3.common.base_class import BaseAlgorithm

    for library in LIBRARIES:
        found = getattr(importlib.import_module(library), name, None)
        if isinstance(found, type) and issubclass(found, BaseAlgorithm):
            return found
    raise KeyError(name)


def action_spaces(algorithm: Any) -> tuple[str, ...]:
    """Return the names of Gymnasium's action spaces that an algorithm takes, as its own constructor lists them.

    Nothing where it lists none: then any space is tried.
    """
    for base in algorithm.__mro__:
        constructor = base.__dict__.get("__init__")
        if constructor is None:
            continue
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(constructor)))):
            if isinstance(node, ast.keyword) and node.arg == "supported_action_spaces":
                if isinstance(node.value, ast.Tuple):
                    return tuple(item.attr for item in node.value.elts if isinstance(item, ast.Attribute))
                return ()
    return ()


def algorithms_for(space: str) -> list[str]:
    """Return the algorithms that take an action space, e.g. ``Box``."""
    return [name for name in algorithm_names() if space in action_spaces(algorithm_class(name))]


def _public(tree: ast.Module) -> list[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return [str(name) for name in ast.literal_eval(node.value)]
    return []


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")
