"""``mosaic machines``."""

from __future__ import annotations

from gym_gui.cli.lazy import LazyGroup

machines = LazyGroup(
    name="machines",
    help="List the machines that carry out runs, and remove some.",
    members={
        "list": (
            "gym_gui.cli.commands.machines_list:list_",
            "List the machines of executors, whether they are there, and what they have.",
        ),
        "remove": (
            "gym_gui.cli.commands.machines_remove:remove",
            "Forget a machine.",
        ),
    },
)
