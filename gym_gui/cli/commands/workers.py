"""``mosaic workers``."""

from __future__ import annotations

from gym_gui.cli.lazy import LazyGroup

workers = LazyGroup(
    name="workers",
    help="Show, examine and make what can be trained with.",
    members={
        "list": (
            "gym_gui.cli.commands.workers_list:list_",
            "List the installed workers, broken ones with their reason.",
        ),
        "describe": (
            "gym_gui.cli.commands.workers_describe:describe",
            "Show a worker's fields, abilities and versions.",
        ),
        "check": (
            "gym_gui.cli.commands.workers_check:check",
            "Examine a worker as MOSAIC runs it, and say what to change.",
        ),
        "new": ("gym_gui.cli.commands.workers_new:new", "Write the package of a new worker."),
    },
)
