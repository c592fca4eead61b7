"""``mosaic machines list``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gym_gui.cli.options import common
from gym_gui.cli.where import anywhere, site_of

if TYPE_CHECKING:
    from gym_gui.fleet import FleetMachine


@click.command("list")
@common
@anywhere
def list_(home: Path, as_json: bool) -> int:
    """List the machines of executors, whether they are there, and what they have.

    A machine with an agent is online while that is heard of; runs are started on it with `--executor agent`. Those of
    executor ray are the nodes of a Ray cluster.
    """
    from gym_gui.cli._palette import BAD, GOOD
    from gym_gui.cli.columns import print_columns
    from gym_gui.cli.output import print_json, say
    from gym_gui.runs import to_json_dict

    with site_of(home).connect() as client:
        found = client.fleet()
    if as_json:
        print_json({"machines": [to_json_dict(machine) for machine in found]})
    elif found:
        headers = (
            "machine",
            "executor",
            "state",
            "last heard of",
            "runs",
            "slots",
            "cores",
            "CPU",
            "memory",
            "GPUs",
            "system",
        )
        print_columns(headers, [_row(machine) for machine in found], [{}, {}, {"online": GOOD, "silent": BAD}])
    else:
        say("no machine is enrolled; on one, run: mosaic agent --server URL --token TOKEN")
    return 0


def _row(machine: FleetMachine) -> list[str]:
    from gym_gui.look import figures

    facts = machine.facts
    state = "silent" if not machine.online else "draining" if machine.draining else "online"
    heard = figures.age(machine.seen_at)
    memory = figures.size(facts.memory_mb << 20) if facts.memory_mb else "-"
    gpus = f"{len(facts.gpus)} x {facts.gpu_name}" if facts.gpus else facts.gpu_name or "-"
    counts = [str(len(machine.run_ids)), str(facts.slots), str(facts.cpus)]
    percent = machine.load.get("cpu_percent")
    busy = f"{percent:.0f} %" if isinstance(percent, (int, float)) else "-"
    return [machine.machine_id, machine.executor, state, heard, *counts, busy, memory, gpus, facts.platform]
