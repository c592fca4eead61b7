"""Probes a worker in its own interpreter: description, command line, schema of its config."""

from __future__ import annotations

import json
import re
import shlex
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

import gym_gui
from gym_gui.runs import SYNTAX_ERRORS, inline_references
from gym_gui.workers.environments.record import WorkerEnvironment
from gym_gui.workers.installed import package_hash
from gym_gui.workers.processes.run import Finished, run_to_end
from gym_gui.workers.record import WorkerRecord

PROBE_TIMEOUT_S = 60.0

_OPTION = re.compile(r"(?<![\w-])--[A-Za-z][\w-]*")
_ROOM = Path(gym_gui.__file__).parent
_INSPECT = _ROOM / "workers" / "inspect_worker.py"
_SCHEMA = _ROOM / "core" / "worker" / "schema.py"
# Help without colours or narrow lines, so that every option is found whole.
_PLAIN_HELP = {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb", "PYTHONSAFEPATH": "1"}
#: Packages whose import name is another than their name at the index.
_INDEX_NAMES = {
    "Box2D": "box2d",
    "PIL": "pillow",
    "cv2": "opencv-python-headless",
    "gym_gui": "mosaic-rl-sdk",
    "sklearn": "scikit-learn",
    "yaml": "PyYAML",
}


def probe_worker(
    installed: WorkerRecord, environment: WorkerEnvironment, *, timeout_s: float = PROBE_TIMEOUT_S
) -> WorkerRecord:
    """Complete the record of an installed worker. One that fails is recorded as broken, with the reason and a fix.

    Args:
        installed: The worker as a scan found it.
        environment: Where it is installed.
        timeout_s: Seconds that each of the worker's programs may take.
    """
    record = msgspec.structs.replace(installed, package_hash=package_hash(installed), probed_at=time.time())
    with tempfile.TemporaryDirectory(prefix="mosaic-probe-") as scratch:
        try:
            _inspect(record, environment, Path(scratch), timeout_s)
            if record.broken is None and record.module:
                _read_help(record, environment, Path(scratch), timeout_s)
            if record.broken is None:
                record.schema = _schema_of(record, environment, Path(scratch), timeout_s)
        except OSError as error:
            record.broken = f"its interpreter cannot be started: {error}"
            record.mend = _rebuild(environment) or f"install Python at {record.python}, or reinstall the worker"
    return record


def probe_flags(
    python: str, module: str, *, timeout_s: float = PROBE_TIMEOUT_S, variables: Mapping[str, str] | None = None
) -> list[str]:
    """Return the options that a module's ``--help`` names; none if it cannot be run."""
    with tempfile.TemporaryDirectory(prefix="mosaic-probe-") as scratch:
        try:
            return _options(_run_help(python, module, Path(scratch), timeout_s, variables or {}))
        except OSError:
            return []


def _inspect(record: WorkerRecord, environment: WorkerEnvironment, scratch: Path, timeout_s: float) -> None:
    package, output = record.package, scratch / "report.json"
    argv = [record.python, str(_INSPECT), record.entry_point, str(output)]
    ended = _run(argv, environment, scratch, timeout_s)
    if ended.timed_out:
        record.broken = f"importing {package} took longer than {timeout_s:g} s"
        record.mend = (
            f"find out what it waits for: {shlex.join([record.python, '-X', 'importtime', '-c', f'import {package}'])}"
        )
        return
    try:
        report: dict[str, Any] = json.loads(output.read_bytes())
    except (OSError, ValueError):
        record.broken = f"importing {package} ended the interpreter ({_how(ended)}): {ended.last_error()}"
        record.mend = _reinstall(record, environment)
        return
    if "error" in report:
        error = report["error"]
        record.broken = error["message"]
        record.mend = _fix_of_code(record.broken) or _fix_of(record, environment, error["missing"])
        return
    record.metadata = report["metadata"]
    record.capabilities = report["capabilities"]
    record.module = report["module"]


def _run_help(python: str, module: str, scratch: Path, timeout_s: float, variables: Mapping[str, str]) -> Finished:
    argv = [python, "-m", module, "--help"]
    return run_to_end(argv, timeout_s=timeout_s, cwd=scratch, environment={**variables, **_PLAIN_HELP})


def _read_help(record: WorkerRecord, environment: WorkerEnvironment, scratch: Path, timeout_s: float) -> None:
    ended = _run_help(record.python, record.module, scratch, timeout_s, environment.variables())
    record.flags = _options(ended)
    last = ended.last_error()
    crashed = "Traceback (most recent call last)" in ended.stderr or last.startswith(SYNTAX_ERRORS)
    if ended.code not in (0, None) and crashed:
        record.broken = f"{record.module} does not start: {last}"
        record.mend = _fix_of_code(last) or _fix_of(record, environment, missing_module(last))


def _options(ended: Finished) -> list[str]:
    return sorted(set(_OPTION.findall(ended.stdout))) if ended.code == 0 else []


def _schema_of(
    record: WorkerRecord, environment: WorkerEnvironment, scratch: Path, timeout_s: float
) -> dict[str, Any] | None:
    """Return the JSON Schema of the worker's config: as it prints it, else as its config class is written."""
    commands = [[record.python, str(_SCHEMA), package] for package in _packages(record.package)]
    if "--schema" in record.flags:
        commands.insert(0, [record.python, "-m", record.module, "--schema"])
    for argv in commands:
        ended = _run(argv, environment, scratch, timeout_s)
        schema = _object_in(ended.stdout) if ended.code == 0 else None
        if schema is not None and isinstance(schema.get("properties"), dict):
            return inline_references(schema)
    return None


def _run(argv: list[str], environment: WorkerEnvironment, scratch: Path, timeout_s: float) -> Finished:
    variables = {**environment.variables(), "PYTHONSAFEPATH": "1"}
    return run_to_end(argv, timeout_s=timeout_s, cwd=scratch, environment=variables)


def _packages(package: str) -> list[str]:
    """Return a package and those around it, the innermost first: any may hold the config class."""
    parts = package.strip().split(".")
    return [".".join(parts[:count]) for count in range(len(parts), 0, -1)]


def _object_in(text: str) -> dict[str, Any] | None:
    """Return the JSON object in an output, whatever a library printed before it."""
    position = text.find("{")
    while position >= 0:
        try:
            found, _ = json.JSONDecoder().raw_decode(text, position)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict) and "properties" in found:
            return found
        position = text.find("\n{", position)
        position += position >= 0
    return None


def _how(ended: Finished) -> str:
    code = ended.code or 0
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def missing_module(broken: str) -> str:
    """Return the module that an import's error says is missing, or the one of MOSAIC's without a name."""
    found = re.search(r"No module named '([\w.]+)'|cannot import name '\w+' from '(gym_gui\.[\w.]+)'", broken)
    return (found[1] or found[2]) if found else ""


def index_name(module: str) -> str:
    """Return what the package of a module is called at the index, as far as is known."""
    top = module.partition(".")[0]
    return _INDEX_NAMES.get(top, top)


def left_out(missing: str) -> str:
    """Return what to do where MOSAIC has no name that a worker imports; empty where something else is missing."""
    if not missing.startswith("gym_gui."):
        return ""
    return (
        f"guard the import in the worker (try: … except ImportError: …): MOSAIC's {missing} does not have it; the"
        " names that are left out, and their replacements: docs/explanation/names.md"
    )


def _fix_of_code(error: str) -> str:
    """Return what is to be done about a file that is not Python, empty for other errors."""
    place = re.search(r"\((.+, line \d+)\)$", error)
    return f"correct {place[1]}" if place and error.startswith(SYNTAX_ERRORS) else ""


def _fix_of(record: WorkerRecord, environment: WorkerEnvironment, missing: str) -> str:
    """Return the command that installs a missing module, or the worker's package again."""
    if left_out(missing):
        return left_out(missing)
    top = missing.partition(".")[0]
    if not top or environment.name or top == record.package.partition(".")[0]:
        return _reinstall(record, environment)
    return shlex.join([record.python, "-m", "pip", "install", index_name(missing)])


def _rebuild(environment: WorkerEnvironment) -> str:
    """Return the command that rebuilds an environment of MOSAIC's; empty for any other."""
    return shlex.join(environment.command()) if environment.name else ""


def _reinstall(record: WorkerRecord, environment: WorkerEnvironment) -> str:
    what = ["-e", record.project] if record.project else ["--force-reinstall", record.distribution]
    return _rebuild(environment) or shlex.join([record.python, "-m", "pip", "install", *what])
