"""The installed executors, loaded: a broken one is left out with its reason and harms no other."""

from __future__ import annotations

import importlib
import inspect
import logging
import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from gym_gui.logging_config.helpers import log_constant
from gym_gui.logging_config.log_constants import LOG_DAEMON_EXECUTOR_BROKEN
from gym_gui.runs import OWN_EXECUTORS, ExecutorEntry, executor_entries
from gym_gui.supervision import load_provisioner
from gym_gui.trainer.executors.base import Executor

logger = logging.getLogger(__name__)

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_METHODS = ("start", "alive", "kill", "cleanup", "background")


@dataclass(frozen=True)
class ExecutorClasses:
    """What the installed packages' executors came to.

    Args:
        ready: By name, the entry point and its class.
        broken: By name, why it cannot be used.
    """

    ready: dict[str, tuple[ExecutorEntry, type[Executor]]] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class InstalledExecutors:
    """The executors of one daemon.

    Args:
        ready: By name.
        broken: By name, why it cannot be used.
    """

    ready: dict[str, Executor] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)


def executor_classes() -> ExecutorClasses:
    """Import every installed executor; one that is broken is kept with its reason."""
    found = ExecutorClasses()
    by_name: defaultdict[str, list[ExecutorEntry]] = defaultdict(list)
    for entry in executor_entries():
        by_name[entry.name].append(entry)
    for name, entries in by_name.items():
        entry = next((each for each in OWN_EXECUTORS if each in entries), entries[0])
        if len(entries) > 1:
            packages = " and ".join(dict.fromkeys(each.package or each.target for each in entries))
            rest = f": that of {entry.package} is used" if entry in OWN_EXECUTORS else ": uninstall one of them"
            found.broken[name] = f"several packages have an executor of this name, {packages}{rest}"
            if entry not in OWN_EXECUTORS:
                continue
        try:
            found.ready[name] = entry, _load(entry)
        except Exception as error:  # noqa: BLE001 - a broken package must not keep the others from their work
            found.broken[name] = _reason(entry, error)
    return found


def installed_executors(home: Path) -> InstalledExecutors:
    """Return an instance of every installed executor; one that is broken is logged and left out.

    Args:
        home: The home of the daemon.
    """
    classes = executor_classes()
    found = InstalledExecutors(broken=classes.broken)
    for name, (entry, kind) in classes.ready.items():
        try:
            found.ready[name] = kind(home)
        except Exception as error:  # noqa: BLE001, PERF203 - as above
            found.broken[name] = _reason(entry, error)
    for name, reason in found.broken.items():
        log_constant(logger, LOG_DAEMON_EXECUTOR_BROKEN, extra={"executor": name, "reason": reason})
    return found


def _load(entry: ExecutorEntry) -> type[Executor]:
    """Return the class of an executor.

    Raises:
        Exception: Anything, where its module cannot be imported or holds something else.
    """
    if not _NAME.fullmatch(entry.name):
        raise ValueError("its name is not 1 to 32 of a-z, 0-9, - and _, beginning with a letter")
    module, _, path = entry.target.partition(":")
    found: object = importlib.import_module(module)
    for name in filter(None, path.split(".")):
        found = getattr(found, name)
    if not (isinstance(found, type) and issubclass(found, Executor)):
        raise TypeError(f"{entry.target} is not a subclass of gym_gui.trainer.executors.Executor")
    if inspect.isabstract(found):
        raise TypeError(f"{entry.target} lacks {', '.join(sorted(found.__abstractmethods__))}")
    blocking = [name for name in _METHODS if not inspect.iscoroutinefunction(getattr(found, name))]
    if blocking:
        raise TypeError(f"these methods of {entry.target} are not async: {', '.join(blocking)}")
    if getattr(found, "name", None) != entry.name:
        raise ValueError(f"its class calls itself {getattr(found, 'name', '')!r}, not {entry.name!r}")
    if found.provisioner:
        _check_provisioner(found.provisioner)
    return found


def _check_provisioner(target: object) -> None:
    """Raise an error, which says so, where an executor's provisioner cannot be used."""
    if not isinstance(target, str):
        raise TypeError(f"its provisioner is not the text 'module:Class': {target!r}")
    try:
        load_provisioner(target)
    except Exception as error:
        raise ValueError(f"its provisioner {target} cannot be used: {type(error).__name__}: {error}") from error


def _reason(entry: ExecutorEntry, error: Exception) -> str:
    package = f" (package {entry.package})" if entry.package else ""
    return f"{type(error).__name__}: {error}{package}"
