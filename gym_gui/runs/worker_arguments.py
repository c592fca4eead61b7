"""The ``arguments`` of a run config, if they are for a worker's module."""

from __future__ import annotations

from typing import Any

from gym_gui.core.worker.errors import Problem


def module_arguments(arguments: list[str], module: str | None) -> tuple[list[str], list[Problem]]:
    """Return the worker's part of arguments written for ``python``, and problems.

    ``-m module`` and interpreter options before it are removed, since MOSAIC starts the module itself.

    Args:
        arguments: As submitted.
        module: The module in the config, if it has one.
    """
    problems = []
    rest = arguments
    if "-m" in arguments and all(item.startswith("-") for item in arguments[: arguments.index("-m")]):
        position = arguments.index("-m")
        started = arguments[position + 1 : position + 2]
        rest = arguments[position + 2 :]
        if module is not None and started != [module]:
            shown = started[0] if started else "nothing"
            problems.append(
                Problem(
                    "arguments", f"start {shown}, but the module is {module}", value=arguments, allowed=f"-m {module}"
                )
            )
    if any(item == "--config" or item.startswith("--config=") for item in rest):
        problems.append(
            Problem(
                "arguments",
                "contain --config, which MOSAIC adds itself",
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
