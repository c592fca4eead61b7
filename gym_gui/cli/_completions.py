"""Names that the shell completes: workers and runs, read from files without starting anything."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click

from gym_gui.cli.where import is_remote

_NEWEST = 50


def complete_worker(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of installed workers that begin like what was typed."""
    from importlib.metadata import entry_points

    from gym_gui.core.worker.discovery import WORKER_ENTRY_POINT_GROUP

    names = {point.name for point in entry_points(group=WORKER_ENTRY_POINT_GROUP)} | set(_environments())
    return sorted(name for name in names if name.startswith(incomplete))


def complete_executor(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of installed executors that begin like what was typed; a daemon elsewhere is not asked."""
    from gym_gui.runs import LOCAL_EXECUTOR, executor_names

    if is_remote():
        return [LOCAL_EXECUTOR] if LOCAL_EXECUTOR.startswith(incomplete) else []
    return [name for name in executor_names() if name.startswith(incomplete)]


def complete_environment(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of workers with an environment of their own."""
    return [name for name in _environments() if name.startswith(incomplete)]


def complete_installable(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of the workers that come with MOSAIC."""
    from gym_gui.workers.environments import known_projects

    return [name for name in known_projects() if name.startswith(incomplete)]


def _environments() -> list[str]:
    from gym_gui.config.paths import mosaic_home
    from gym_gui.workers.environments import environment_names

    return environment_names(Path(mosaic_home()))


def complete_run(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return ``latest`` and the newest run ids that begin like what was typed."""
    from gym_gui.config.paths import mosaic_home

    ids: list[str] = []
    with contextlib.suppress(OSError):
        ids = sorted((path.name for path in (Path(mosaic_home()) / "runs").iterdir() if _visible(path)), reverse=True)
    found = [name for name in ids if name.startswith(incomplete.upper())][:_NEWEST]
    return ["latest", *found] if "latest".startswith(incomplete) else found


def _visible(path: Path) -> bool:
    return not path.name.startswith(".")
