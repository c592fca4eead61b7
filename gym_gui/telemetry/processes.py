"""The processes that belong to a worker, found by the marks that MOSAIC puts into their environment.

A launcher knows its children. Where the launcher was killed, these marks are what is left: they survive ``fork``,
``setsid`` and every exec that keeps its environment.
"""

from __future__ import annotations

from pathlib import Path

from gym_gui.telemetry.identity import ProcessIdentity


def marked_processes(run_id: str, worker_id: str | None = None, attempt: int | None = None) -> list[ProcessIdentity]:
    """Return the living processes of a run, oldest first.

    Args:
        run_id: The run.
        worker_id: Only this worker's, if given.
        attempt: Only this attempt's, if given.
    """
    marks = [f"MOSAIC_RUN_ID={run_id}"]
    if worker_id is not None:
        marks.append(f"WORKER_ID={worker_id}")
    if attempt is not None:
        marks.append(f"MOSAIC_ATTEMPT={attempt}")
    wanted = {mark.encode() for mark in marks}
    found = []
    for entry in Path("/proc").iterdir() if Path("/proc").is_dir() else ():
        if not entry.name.isdigit():
            continue
        try:
            environment = (entry / "environ").read_bytes()
            if wanted <= set(environment.split(b"\0")):
                process = ProcessIdentity.of(int(entry.name))
                if process.alive():
                    found.append(process)
        except (ProcessLookupError, OSError):
            continue  # gone meanwhile, or another user's
    return sorted(found, key=lambda process: process.start_ticks)
