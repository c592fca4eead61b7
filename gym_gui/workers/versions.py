"""Versions of the libraries in a worker's environment, read without importing them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path

from gym_gui.core.worker.errors import MosaicError
from gym_gui.workers.processes.run import run_to_end

VERSIONS_TIMEOUT_S = 30.0

# Standard library alone and Python 3.8: it runs in environments that hold nothing of MOSAIC.
_PROGRAM = """
import json, platform, sys
from importlib.metadata import version

def found(name):
    if name.lower() == "python":
        return platform.python_version()
    for spelling in (name, name.replace("_", "-"), name.replace("-", "_"), name.lower()):
        try:
            return version(spelling)
        except Exception:
            pass
    return None

print(json.dumps({name: found(name) for name in sys.argv[1:]}))
"""


def installed_versions(python: str, libraries: Iterable[str]) -> dict[str, str | None]:
    """Return the versions of libraries in an interpreter's environment.

    Args:
        python: The interpreter.
        libraries: Names of distributions; ``python`` is the interpreter itself.

    Returns:
        Name to version; ``None`` where it is not installed.

    Raises:
        MosaicError: The interpreter does not answer.
    """
    names = list(libraries)
    if not names:
        return {}
    argv = [python, "-c", _PROGRAM, *names]
    try:
        with tempfile.TemporaryDirectory(prefix="mosaic-versions-") as scratch:
            ended = run_to_end(argv, timeout_s=VERSIONS_TIMEOUT_S, cwd=Path(scratch))
        found = json.loads(ended.stdout)
        return {name: found[name] for name in names}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MosaicError(
            "the versions of a worker's libraries cannot be read",
            where=python,
            why=str(error),
            next_step="mosaic workers list  (says which worker is broken, and what fixes it)",
        ) from error
