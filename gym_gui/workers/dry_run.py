"""Runs a worker's own ``--dry-run`` in a scratch folder, within a time limit."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gym_gui.core.worker.errors import Problem
from gym_gui.runs import (
    activated_environment,
    fill_run_id,
    generated_worker_id,
    new_run_id,
    submitted_environment,
    write_json_atomic,
)
from gym_gui.workers.abilities import command_line_problem
from gym_gui.workers.command import flat_config, module_argv, worker_environment
from gym_gui.workers.missing_extras import with_install_command
from gym_gui.workers.processes.run import Finished, run_to_end
from gym_gui.workers.record import WorkerRecord

DRY_RUN_TIMEOUT_S = 120.0


def run_dry_run(
    record: WorkerRecord,
    config: dict[str, Any],
    timeout_s: float = DRY_RUN_TIMEOUT_S,
    *,
    environment: dict[str, str] | None = None,
    base: Mapping[str, str] | None = None,
    cpus: int = 1,
    on_output: Callable[[str], None] | None = None,
) -> list[Problem]:
    """Start a worker with ``--dry-run`` and return what it finds wrong with a config.

    It finds what no schema says: an environment that is not installed, a checkpoint that is missing. A worker without
    ``--dry-run`` finds nothing.

    Args:
        record: The worker.
        config: Its settings as in a run config.
        timeout_s: Seconds until the dry run is ended, which is a problem of its own.
        environment: Variables that the run config sets, secrets among them.
        base: What the worker has beneath them; what a run has that is submitted from here without it.
        cpus: Cores that the run asks for.
        on_output: Called with each line that the worker prints, as they come.

    Returns:
        Problems whose paths are the names of the worker's fields, or empty where no field is to blame.
    """
    if record.broken:
        return [Problem("", f"{record.name} is broken: {record.broken}", allowed=f"after: {record.mend}")]
    undriven = command_line_problem(record, record.module, record.flags, "")
    if undriven is not None:
        return [undriven]
    if "--dry-run" not in record.flags or not record.module:
        return []
    with tempfile.TemporaryDirectory(prefix="mosaic-dry-run-") as name:
        given = submitted_environment(os.environ) if base is None else base
        ended = _run(record, config, Path(name), timeout_s, environment or {}, given, cpus, on_output)
    if ended is None:
        return [Problem("", f"{record.python} cannot be started", value=record.python)]
    if ended.timed_out:
        return [Problem("", f"the dry run of {record.name} did not end within {timeout_s:g} s")]
    failures = _failures(ended.stdout)
    if ended.code == 0 and not failures:
        return []
    return [with_install_command(problem, record) for problem in _problems(record, ended, failures)]


def _run(
    record: WorkerRecord,
    config: dict[str, Any],
    scratch: Path,
    timeout_s: float,
    variables: dict[str, str],
    base: Mapping[str, str],
    cpus: int,
    on_output: Callable[[str], None] | None,
) -> Finished | None:
    run_id, worker_id = new_run_id(), generated_worker_id(1)
    seed = config["seed"] if isinstance(config.get("seed"), int) else 0
    settings = flat_config(record, fill_run_id(config, run_id), run_id=run_id, worker_id=worker_id, seed=seed)
    path = scratch / f"worker-{run_id}-{worker_id}.json"
    write_json_atomic(path, settings)
    own = worker_environment(
        fill_run_id(variables, run_id),
        home=scratch,
        run_folder=scratch,
        run_id=run_id,
        worker_id=worker_id,
        worker_type=record.name,
        seed=seed,
        cpus=cpus,
        base=base,
    )
    environment = {"PATH": os.defpath, **base, **own}
    environment |= activated_environment(record.python, environment)
    argv = module_argv(record.python, record.module, path, record.flags, worker_id, ["--dry-run"])
    try:
        return run_to_end(
            argv, timeout_s=timeout_s, cwd=scratch, environment=environment, inherit=False, on_line=on_output
        )
    except OSError:
        return None


def _failures(stdout: str) -> list[dict[str, Any]]:
    """Return the payloads of the ``run_failed`` events that a worker printed."""
    found = []
    for line in stdout.splitlines():
        if not line.lstrip().startswith("{"):
            continue
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict) and event.get("event") == "run_failed":
            payload = event.get("payload")
            found.append(payload if isinstance(payload, dict) else {})
    return found


def _problems(record: WorkerRecord, ended: Finished, failures: list[dict[str, Any]]) -> list[Problem]:
    listed = [item for payload in failures for item in payload.get("problems") or () if isinstance(item, dict)]
    if listed:
        return [_problem(item) for item in listed]
    texts = [str(payload["error"]) for payload in failures if payload.get("error")]
    text = texts[0] if texts else ended.last_error(3) or f"the dry run ended with exit code {ended.code}"
    return [Problem(_blamed_field(record, text), text)]


def _problem(item: dict[str, Any]) -> Problem:
    near = item.get("nearest")
    return Problem(
        str(item.get("path") or ""),
        str(item.get("message") or "is not valid"),
        value=item.get("value"),
        allowed=str(item.get("allowed") or ""),
        nearest=str(near) if near else None,
    )


def _blamed_field(record: WorkerRecord, text: str) -> str:
    """Return the one field that an error message names, if it names one: workers raise ``total_steps must be >= 1``."""
    words = set(re.findall(r"\w+", text))
    named = [name for name in record.properties if name in words]
    return named[0] if len(named) == 1 else ""
