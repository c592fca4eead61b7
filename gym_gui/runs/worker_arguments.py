"""Reads the ``arguments`` of a run config where they go to a worker's module rather than to a bare command."""

from __future__ import annotations

from typing import Any

from gym_gui.core.worker.errors import Problem


def module_arguments(arguments: list[str], module: str | None) -> tuple[list[str], list[Problem]]:
    """Return what is left for the worker of arguments that were written for ``python``.

    ``-m module`` and interpreter options before it go, since MOSAIC starts the module itself.

    Args:
        arguments: As submitted.
        module: The module that the config names, if it does.
    """
    problems = []
    rest = arguments
    if "-m" in arguments and all(item.startswith("-") for item in arguments[: arguments.index("-m")]):
        position = arguments.index("-m")
        named = arguments[position + 1 : position + 2]
        rest = arguments[position + 2 :]
        if module is not None and named != [module]:
            shown = named[0] if named else "nothing"
            problems.append(
                Problem(
                    "arguments", f"start {shown}, but the module is {module}", value=arguments, allowed=f"-m {module}"
                )
            )
    if any(item == "--config" or item.startswith("--config=") for item in rest):
        problems.append(
            Problem(
                "arguments",
                "hold --config, which MOSAIC gives itself",
                value=arguments,
                allowed="put settings into config",
            )
        )
    return rest, problems


def instance_id_in(arguments: Any) -> str | None:
    """Return the value of ``--worker-id`` among arguments, or ``None``."""
    items = arguments if isinstance(arguments, list) else []
    for position, item in enumerate(items):
        if isinstance(item, str) and item.startswith("--worker-id="):
            return item.partition("=")[2]
        if item == "--worker-id" and position + 1 < len(items) and isinstance(items[position + 1], str):
            following: str = items[position + 1]
            return following
    return None
