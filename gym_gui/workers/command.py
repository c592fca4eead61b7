"""Builds the command line, config and environment that a worker process is given."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gym_gui.config.paths import expand_user
from gym_gui.workers.config import coerce_config
from gym_gui.workers.record import WorkerRecord


def module_argv(
    python: str, module: str, config_file: Path, flags: Sequence[str], worker_id: str, arguments: Sequence[str] = ()
) -> list[str]:
    """Return the command that starts a worker's module.

    Args:
        python: The interpreter of the worker's environment.
        module: What ``python -m`` starts.
        config_file: The worker's flat config.
        flags: Options that the module's ``--help`` names; no other is passed.
        worker_id: The instance.
        arguments: Arguments that the client added.
    """
    argv = [python, "-m", module, "--config", str(config_file)]
    if "--worker-id" in flags and not _has_option(arguments, "--worker-id"):
        argv += ["--worker-id", worker_id]
    return argv + list(arguments)


def command_argv(command: Sequence[str], config_file: Path | None, path: str | None = None) -> list[str]:
    """Return a bare command with its program found, and the config's path where there is a config to pass.

    Args:
        command: The command.
        config_file: The worker's config.
        path: The ``PATH`` that it is looked for in; this process's own without one.

    Raises:
        FileNotFoundError: There is no such program, or it may not be run.
    """
    name = str(expand_user(command[0])) if command[0].startswith("~") else command[0]
    program = shutil.which(name, path=path)
    if program is None:
        raise FileNotFoundError(command[0])
    argv = [str(Path(program).absolute()), *command[1:]]
    if config_file is not None and not _has_option(command, "--config"):
        argv += ["--config", str(config_file)]
    return argv


#: In arguments of a bare command: the path of its config file, and the Python of the machine.
CONFIG_PLACE, PYTHON_PLACE = "${config}", "${python}"


def takes_config(command: Sequence[str] | None) -> bool:
    """Return whether a bare command says where the path of its config goes: it then gets that config as it is."""
    return command is not None and any(CONFIG_PLACE in word for word in command)


def filled_command(command: Sequence[str], config_file: Path, path: str | None = None) -> list[str]:
    """Return a bare command with its config file and the machine's Python filled in.

    Args:
        command: The command.
        config_file: The worker's config.
        path: The ``PATH`` that Python is looked for in.
    """
    python = ""
    if any(PYTHON_PLACE in word for word in command):
        python = shutil.which("python", path=path) or shutil.which("python3", path=path) or sys.executable
    return [word.replace(CONFIG_PLACE, str(config_file)).replace(PYTHON_PLACE, python) for word in command]


def words_elsewhere(command: Sequence[str], config_file: Path, *, has_config: bool) -> list[str]:
    """Return a bare command for another machine, which looks for its program and its Python.

    Args:
        command: The command.
        config_file: The worker's config.
        has_config: Whether there is a config to pass that the command does not name.
    """
    argv = [word.replace(CONFIG_PLACE, str(config_file)) for word in command]
    return [*argv, "--config", str(config_file)] if has_config and not _has_option(command, "--config") else argv


def flat_config(
    record: WorkerRecord | None, settings: dict[str, Any], *, run_id: str, worker_id: str, seed: int
) -> dict[str, Any]:
    """Return what a worker reads with ``--config``: its settings, the run's id, its seed.

    The instance's id is put in only if the config class has a field for it: many classes reject what they do not know.
    """
    config = coerce_config(record, settings) if record else dict(settings)
    config.pop("worker_id", None)
    config |= {"run_id": run_id, "seed": seed}
    if record is not None and record.has_field("mode") and record.has_field("checkpoint_path"):
        # Explicit, so that changing the config alone lets a new attempt continue from a checkpoint.
        for name in ("mode", "checkpoint_path"):
            config.setdefault(name, record.properties[name].get("default"))
    if record is not None and record.has_field("worker_id"):
        config["worker_id"] = worker_id
    return config


def worker_environment(
    environment: dict[str, str],
    *,
    home: Path,
    run_folder: Path,
    run_id: str,
    worker_id: str,
    worker_type: str,
    seed: int,
    cpus: int,
    base: Mapping[str, str],
) -> dict[str, str]:
    """Return what a worker has above its base environment; what MOSAIC sets wins over what the config sets.

    The supervisor adds ``MOSAIC_ATTEMPT`` and ``MOSAIC_LOG`` at each launch.
    """
    # Libraries start a thread per core by default; several workers would then fight over the same cores.
    threads = {} if "OMP_NUM_THREADS" in base else {"OMP_NUM_THREADS": str(cpus)}
    return {
        **threads,
        **environment,
        "MOSAIC_HOME": str(home),
        "MOSAIC_RUN_ID": run_id,
        "MOSAIC_RUN_DIR": str(run_folder),
        "MOSAIC_WORKER_TYPE": worker_type,
        "MOSAIC_SEED": str(seed),
        "WORKER_ID": worker_id,
    }


def _has_option(arguments: Sequence[str], name: str) -> bool:
    return any(item == name or item.startswith(name + "=") for item in arguments)
