"""User settings: from the environment, ``$MOSAIC_HOME/settings.json``, or defaults."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from typing import Any

from gym_gui.config.paths import mosaic_home
from gym_gui.core.errors import ConfigError, Problem
from gym_gui.core.regular_files import read_regular

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off", ""})
_UNSET: Any = object()


@dataclass(frozen=True)
class Setting:
    """One setting that MOSAIC itself reads.

    Args:
        name: Its name in ``settings.json``; the environment variable is ``MOSAIC_`` and the name in capitals.
        default: Its default value, which also determines its type.
        help: One sentence.
    """

    name: str
    default: Any
    help: str

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return variable_of(self.name)


SETTINGS = {
    setting.name: setting
    for setting in (
        Setting(
            "daemon_port",
            50055,
            "TCP port of the trainer daemon on 127.0.0.1, for other programs than MOSAIC's own; 0: any free port.",
        ),
        Setting(
            "daemon_socket",
            False,
            "Let the trainer daemon listen on its Unix socket only, and on no port.",
        ),
        Setting(
            "daemon_idle_timeout_s",
            900.0,
            "Seconds without runs and clients after which a daemon that was started on demand stops.",
        ),
        Setting("max_running_runs", 8, "Maximum number of runs at the same time."),
        Setting(
            "max_running_runs_per_submitter",
            0,
            "Maximum number of runs of one submitter at the same time; 0: `max_running_runs`.",
        ),
        Setting(
            "max_run_disk_mb",
            0.0,
            "Maximum size of a run's folder in MiB; beyond it the run's episodes are recorded without their steps."
            " 0: no limit.",
        ),
        Setting(
            "inventory",
            None,
            'Resources of the machine for runs, like `{"cpus": 8, "memory_mb": 16000, "gpus": 2}`; missing ones are'
            " detected.",
        ),
        Setting(
            "client_environment",
            None,
            "Variables that workers take from the submitter's environment, in addition to the standard ones: names, or"
            " patterns like `MYLIB_*`, as a list or as text with commas.",
        ),
        Setting(
            "disk_low_mb",
            200,
            "With less free space than this on the home's disk, in MiB, no run is started, and runs with `on_disk_full:"
            " pause` are paused; 0: never.",
        ),
        Setting(
            "disk_ballast_mb",
            32,
            "MiB that the daemon reserves, and releases when disk space is low, for essential files.",
        ),
        Setting(
            "proxy_timeout_s",
            60.0,
            "Seconds without progress after which a run's telemetry proxy is killed and replaced; 0: never.",
        ),
        Setting(
            "agent_lease_s",
            60.0,
            "Seconds without a word from a machine with an agent after which its runs are given to another one.",
        ),
        Setting(
            "claim_lease_s",
            300.0,
            "Seconds without a word after which a program that claimed a run by HTTP has lost it.",
        ),
        Setting(
            "claim_command",
            "goliat-cli",
            "Command template of studies that programs create by HTTP: the name of a known one, or a command with"
            " `{config}`.",
        ),
        Setting(
            "slurm_cluster",
            "slurm",
            "Where runs of executor slurm go: `slurm`, or `local`: processes of this machine, to try it without Slurm.",
        ),
        Setting(
            "slurm_parameters",
            None,
            'Options of `sbatch` for every job of executor slurm, like `{"partition": "gpu", "time": "4:00:00"}`.',
        ),
        Setting("slurm_runs", 100, "Runs of executor slurm at the same time, those included that wait for Slurm."),
        Setting(
            "slurm_build_environments",
            "missing",
            "Which environments of workers the nodes of a Slurm cluster build: `missing`, `always`, `never`.",
        ),
        Setting(
            "ray_pythons",
            None,
            'Interpreters of workers on the nodes of a Ray cluster, like `{"cleanrl": "/opt/cleanrl/bin/python"}`; the'
            " others are started with that of the daemon's machine, by its path.",
        ),
        Setting(
            "ray_build_environments",
            "missing",
            "Which environments of workers the nodes of a Ray cluster build: `missing`, `always`, `never`.",
        ),
        Setting(
            "compress_logs_mb",
            1.0,
            "Minimum size in MiB of logs to compress once their run has ended; 0: compress none.",
        ),
        Setting("log_level", "INFO", "Lowest level of MOSAIC's own log: DEBUG, INFO, WARNING, ERROR."),
        Setting("debug_mode", False, "Show tracebacks of user errors, too."),
        Setting("default_seed", None, "Default seed of runs; without it a random one is drawn and recorded."),
    )
}
"""Every setting that MOSAIC reads, by name."""


def variable_of(name: str) -> str:
    """Return the environment variable that sets a setting."""
    return "MOSAIC_" + name.upper()


def get_setting(name: str, default: Any = _UNSET) -> Any:
    """Return a setting's value.

    Args:
        name: Its name: one of :data:`SETTINGS`, or a worker's own.
        default: The value if it is not set; by default that of the table (``None`` for unknown names).

    Returns:
        The value, of the default's type if that is a bool, int, float or str.

    Raises:
        ConfigError: Its value has another type, or ``settings.json`` is not a JSON object.
    """
    own = SETTINGS.get(name)
    kind: Any = own.default if own and own.default is not None else None if default is _UNSET else default
    fallback = (own.default if own else None) if default is _UNSET else default
    text = os.environ.get(variable_of(name))
    if text is not None:
        return _typed(name, text, kind, variable_of(name))
    path = mosaic_home() / "settings.json"
    try:
        values = json.loads(read_regular(os.path.realpath(path)).decode())  # the user may use a link
    except (FileNotFoundError, NotADirectoryError):
        return fallback
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(
            f"the settings cannot be read: {error}", where=str(path), next_step="fix or remove the file"
        ) from error
    if not isinstance(values, dict):
        raise ConfigError("the settings are not a JSON object", where=str(path), next_step='write {"name": value, …}')
    if name not in values:
        return fallback
    return _typed(name, values[name], kind, str(path))


def _typed(name: str, value: Any, like: Any, where: str) -> Any:
    """Convert a value to the type of another."""
    if like is None:
        return _parsed(value) if isinstance(value, str) else value
    try:
        if isinstance(like, bool):
            return _as_bool(value)
        if isinstance(like, (int, float)) and isinstance(value, bool):
            raise ValueError
        if isinstance(like, int):
            if isinstance(value, float) and not value.is_integer():
                raise ValueError
            return int(value)
        if isinstance(like, float):
            number = float(value)
            if math.isnan(number):
                raise ValueError
            return number
        return str(value) if isinstance(like, str) else value
    except (TypeError, ValueError, OverflowError):
        problem = Problem(name, "is of the wrong type", value=value, allowed=type(like).__name__)
        raise ConfigError(
            "a setting is not valid", [problem], where=where, next_step=f"change or remove {name}"
        ) from None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _as_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError


__all__ = ["SETTINGS", "Setting", "get_setting", "variable_of"]
