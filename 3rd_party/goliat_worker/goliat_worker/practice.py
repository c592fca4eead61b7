"""A practice study: behaves like a study of GOLIAT towards its worker, and simulates nothing.

``python practice.py study CONFIG``. Keys of the config: ``simulations`` (4), ``seconds`` of each (0.3), ``ending``
(``finished``, ``errors``, ``fatal``, ``memory``, ``crash``, ``stays``) and ``memory_errors``: with ``ending: memory``
the number of starts that run out of memory. Standard library alone.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

MEMORY_ERROR = 42
_PARTS = 5


def send(message: dict[str, Any]) -> None:
    """Post a message to the monitoring server of the environment.

    Args:
        message: With ``type``.
    """
    machine = os.environ.get("GOLIAT_MACHINE_ID", "")
    body = json.dumps({"machineId": machine, "message": message, "timestamp": time.time()}).encode()
    request = urllib.request.Request(  # noqa: S310 - the address is the worker's
        f"{os.environ['GOLIAT_MONITORING_URL']}/api/gui-update", body, {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=3.0):  # noqa: S310
            pass
    except (OSError, urllib.error.URLError) as error:
        sys.stderr.write(f"a message was not sent: {error}\n")


def log(text: str, kind: str = "info") -> None:
    """Send a line of the log.

    Args:
        text: The line.
        kind: Its level.
    """
    entry = {"type": "status", "message": text, "log_type": kind, "timestamp": time.time()}
    send({"type": "log_batch", "logs": [entry], "sequence": 0})


def simulate(index: int, total: int, seconds: float) -> None:
    """Let time pass, and report progress.

    Args:
        index: Number of the simulation, from 0.
        total: How many there are.
        seconds: How long one takes.
    """
    send({"type": "sim_details", "count": index + 1, "total": total, "details": f"practice {index + 1}"})
    for part in range(1, _PARTS + 1):
        time.sleep(seconds / _PARTS)
        send({"type": "stage_progress", "name": "Run", "current": part, "total": _PARTS})
        send({"type": "overall_progress", "current": index * _PARTS + part, "total": total * _PARTS})
        left = (total * _PARTS - index * _PARTS - part) * seconds / _PARTS
        send({"type": "profiler_update", "eta_seconds": left})
    log(f"simulation {index + 1} of {total} is done")


def main() -> int:
    """Run the study; return its exit code."""
    path = Path(sys.argv[2])
    config = json.loads(path.read_text(encoding="utf-8"))
    simulations, ending = int(config.get("simulations", 4)), config.get("ending", "finished")
    sys.stdout.write(f"practice study of {simulations} simulations\n")
    sys.stdout.flush()
    for index in range(simulations):
        simulate(index, simulations, float(config.get("seconds", 0.3)))
        if ending in ("fatal", "memory", "crash") and index >= simulations // 2 - 1:
            break
    if ending == "crash":
        raise RuntimeError("the practice study crashes")
    if ending == "memory" and _out_of_memory(path, int(config.get("memory_errors", 1))):
        send({"type": "memory_error", "message": "out of memory on the GPU", "exit_code": MEMORY_ERROR})
        return MEMORY_ERROR
    if ending == "fatal":
        log("the solver has no licence", "fatal")
        send({"type": "overall_progress", "current": 100, "total": 100})
    send({"type": "finished", "message": f"Study finished {'with errors' if ending == 'errors' else 'successfully'}"})
    if ending == "stays":
        time.sleep(3600)
    return 0


def _out_of_memory(path: Path, errors: int) -> bool:
    """Return whether this start runs out of memory; starts are counted in a file beside the config."""
    counter = path.with_suffix(".starts")
    starts = int(counter.read_text()) + 1 if counter.exists() else 1
    counter.write_text(str(starts))
    return starts <= errors


if __name__ == "__main__":
    sys.exit(main())
