"""Plays a recorded episode again in a worker's own interpreter. A script.

    python resimulate.py REQUEST.json

Standard library alone, Python 3.8 or later; Gymnasium, PettingZoo and NumPy are those of the interpreter. It writes
messages to its standard output: the length of a JSON object (4 bytes, the highest first), the object, and as many bytes
as its ``bytes`` says. The last one has the ``kind`` ``end`` and a ``outcome``: ``reproduced``, ``differs`` or
``failed``. What the environment itself prints goes to standard error.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import resource
import struct
import sys
from pathlib import Path
from typing import Any

_LARGEST_FILE = 256 << 20


class _Channel:
    """The standard output as it was at the start; from then on all prints are errors' output.

    Nothing that an environment prints can stand between two messages.
    """

    def __init__(self) -> None:
        sys.stdout.flush()
        self._descriptor = os.dup(1)
        os.dup2(2, 1)

    def send(self, message: dict[str, Any], data: bytes = b"") -> None:
        head = json.dumps({**message, "bytes": len(data)}).encode()
        whole = memoryview(struct.pack(">I", len(head)) + head + data)
        while whole:
            whole = whole[os.write(self._descriptor, whole) :]


def main(argv: list[str]) -> int:
    """Play what a request asks for; return the exit code."""
    channel = _Channel()
    with contextlib.suppress(OSError):
        os.nice(19)  # training comes first
    request = json.loads(Path(argv[0]).read_bytes())
    _limit(request["memory_bytes"])
    _use_this_sdk()
    try:
        channel.send(_play(request, channel))
    except BrokenPipeError:
        return 1
    except MemoryError:
        channel.send({"kind": "end", "outcome": "failed", "stage": "memory", "error": "it needs more memory"})
    except BaseException as error:  # noqa: BLE001 - the parent says it to the user
        channel.send({"kind": "end", "outcome": "failed", "stage": "play", **_error_fields(error)})
    return 0


def _play(request: dict[str, Any], channel: _Channel) -> dict[str, Any]:
    """Play the episodes of a request; return the last message."""
    try:
        from gym_gui.core.worker.envs.remaking import remake
        from gym_gui.core.worker.envs.resimulation import Differs, Resimulation

        remade = remake(request)
        played = Resimulation(remade, request)
    except MemoryError:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever an environment's import or constructor raises
        return {"kind": "end", "outcome": "failed", "stage": "make", **_error_fields(error)}
    end: dict[str, Any] = {"outcome": "reproduced"}
    try:
        for message, data in played.play():
            channel.send(message, data)
    except Differs as found:
        end = {"outcome": "differs", "leading": played.leading, **found.values}
    finally:
        played.close()
    counts = {"compared": played.compared, "observations": played.observations}
    return {"kind": "end", **end, **counts, "no_pictures": played.no_pictures[:500]}


def _error_fields(error: BaseException) -> dict[str, Any]:
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    return {"error": f"{type(error).__name__}: {error}"[:1000], "missing": missing or ""}


def _limit(memory_bytes: int) -> None:
    """Limit what the environment may take: memory, the size of a file, no core dump."""
    for kind, most in (
        (resource.RLIMIT_DATA, memory_bytes),
        (resource.RLIMIT_FSIZE, _LARGEST_FILE),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(OSError, ValueError):
            hard = resource.getrlimit(kind)[1]
            resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _use_this_sdk() -> None:
    """Have ``gym_gui`` be the one that this script belongs to: the interpreter may have none, or an older one."""
    here = Path(__file__).resolve().parent
    sys.path[:] = [item for item in sys.path if Path(item or ".").resolve() != here]
    room = here.parents[2]
    spec = importlib.util.spec_from_file_location(
        "gym_gui", str(room / "__init__.py"), submodule_search_locations=[str(room)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["gym_gui"] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
