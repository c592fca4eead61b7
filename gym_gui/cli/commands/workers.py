"""``mosaic workers``."""

from __future__ import annotations

from gym_gui.cli.lazy import LazyGroup

workers = LazyGroup(
    name="workers",
    help="Install, show, check and create workers.",
    members={
        "list": (
            "gym_gui.cli.commands.workers_list:list_",
            "List the installed workers, broken ones with their reason.",
        ),
        "describe": (
            "gym_gui.cli.commands.workers_describe:describe",
            "Show what a worker can do, its settings, and where it is installed with what.",
        ),
        "install": (
            "gym_gui.cli.commands.workers_install:install",
            "Install a worker into an environment of its own.",
        ),
        "remove": (
            "gym_gui.cli.commands.workers_remove:remove",
            "Remove a worker's own environment.",
        ),
        "check": (
            "gym_gui.cli.commands.workers_check:check",
            "Examine a worker as MOSAIC runs it, and say what to change.",
        ),
        "jobs": (
            "gym_gui.cli.commands.workers_jobs:jobs",
            "List the daemon's jobs.",
        ),
        "new": ("gym_gui.cli.commands.workers_new:new", "Write the package of a new worker."),
    },
)
