"""Starts the program that plays an episode again in a worker's interpreter, and reads what it says."""

from __future__ import annotations

import contextlib
import json
import os
import select
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import gym_gui
from gym_gui.workers.processes.guard import guarded

Message = tuple[dict[str, Any], bytes]
#: Seconds and bytes of memory that a replay may take.
REPLAY_TIMEOUT_S = 300.0
REPLAY_MEMORY_BYTES = 4 << 30
_SCRIPT = Path(gym_gui.__file__).parent / "core" / "worker" / "envs" / "resimulate.py"
_POLL_S = 0.2
_LARGEST_HEAD, _LARGEST_DATA = 1 << 20, 16 << 20
_CHUNK = 1 << 16
#: No window, no sound, no GPU of a training's, one core.
_QUIET = {
    "CUDA_VISIBLE_DEVICES": "",
    "OMP_NUM_THREADS": "1",
    "PYGAME_HIDE_SUPPORT_PROMPT": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONSAFEPATH": "1",
    "SDL_AUDIODRIVER": "dummy",
    "SDL_VIDEODRIVER": "dummy",
}


def resimulate(
    python: str,
    request: dict[str, Any],
    variables: Mapping[str, str],
    *,
    timeout_s: float = REPLAY_TIMEOUT_S,
    stop: threading.Event | None = None,
) -> Iterator[Message]:
    """Play an episode again and yield the messages of ``core.worker.envs.resimulate``; the last is an ``end``.

    The program runs in a scratch folder that is removed afterwards, with the lowest priority and limited memory; it and
    all its descendants end with this iterator.

    Args:
        python: The interpreter.
        request: The program's request, without its limits.
        variables: The program's whole environment, to which that of a program without screen and GPU is added.
        timeout_s: Seconds until it is ended; the last message then says so.
        stop: Ends it when set; there is no last message then.

    Raises:
        OSError: The interpreter cannot be started, or there is no room for the scratch folder.
    """
    with tempfile.TemporaryDirectory(prefix="mosaic-replay-") as name, tempfile.TemporaryFile() as errors:
        scratch = Path(name)
        path = scratch / "request.json"
        path.write_text(json.dumps({**request, "memory_bytes": REPLAY_MEMORY_BYTES}), encoding="utf-8")
        own = {"MOSAIC_HOME": name, "MOSAIC_RUN_DIR": name, "MOSAIC_RUN_ID": "replay", "TMPDIR": name}
        environment = {"MUJOCO_GL": "egl", **variables, **_QUIET, **own}
        environment.pop("MOSAIC_LOG", None)
        with guarded(
            [python, str(_SCRIPT), str(path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=scratch,
            env=environment,
        ) as program:
            assert program.process.stdout is not None
            try:
                yield from _messages(program.process.stdout, time.monotonic() + timeout_s, timeout_s, stop, errors)
            finally:
                program.end()
                program.process.stdout.close()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    program.process.wait(5.0)


def _messages(
    stream: IO[bytes], deadline: float, timeout_s: float, stop: threading.Event | None, errors: IO[bytes]
) -> Iterator[Message]:
    buffer = bytearray()
    while True:
        for message in _take(buffer):
            yield message
            if message[0].get("kind") == "end":
                return
        if stop is not None and stop.is_set():
            return
        if time.monotonic() > deadline:
            yield _failed("time", f"it did not end within {timeout_s:g} s")
            return
        if not select.select([stream], [], [], _POLL_S)[0]:
            continue
        data = os.read(stream.fileno(), _CHUNK)
        if not data:
            yield _failed("ended", _last_line(errors) or "the interpreter ended without a word")
            return
        buffer += data
        if len(buffer) > _LARGEST_HEAD + _LARGEST_DATA:
            yield _failed("ended", "it sent a picture that is too large")
            return


def _take(buffer: bytearray) -> Iterator[Message]:
    """Remove whole messages from a buffer, and yield them."""
    while len(buffer) >= 4:
        (length,) = struct.unpack_from(">I", buffer)
        if length > _LARGEST_HEAD:
            yield _failed("ended", "its output cannot be read")
            return
        if len(buffer) < 4 + length:
            return
        head: dict[str, Any] = json.loads(bytes(buffer[4 : 4 + length]))
        size = min(max(int(head.pop("bytes", 0)), 0), _LARGEST_DATA + _CHUNK)
        if len(buffer) < 4 + length + size:
            return
        data = bytes(buffer[4 + length : 4 + length + size])
        del buffer[: 4 + length + size]
        yield head, data


def _failed(stage: str, error: str) -> Message:
    return {"kind": "end", "outcome": "failed", "stage": stage, "error": error, "missing": ""}, b""


def _last_line(errors: IO[bytes]) -> str:
    size = errors.seek(0, os.SEEK_END)
    errors.seek(max(0, size - 4096))
    lines = errors.read().decode("utf-8", "replace").split("\n")
    said = [line.strip() for line in lines if line.strip()]
    return said[-1][:500] if said else ""
