"""A program of its own that runs a private Ray instance for as long as its stdin is open.

It leads a process group of its own, so that a signal to the worker's group lets the worker end in order, checkpoint
included, before its instance does. When the worker is gone, killed or not, its end of the pipe is closed, and the
instance ends; should this program be killed itself, the kernel ends Ray's processes with it.
"""

from __future__ import annotations

import contextlib
import ctypes
import inspect
import json
import os
import random
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any, NoReturn, TextIO

from .processes import MARK, end_processes
from .scratch import remove

_PR_SET_PDEATHSIG = 1
_SHUTDOWN_S = 8.0
#: Ports of Ray's processes, with the names under which the raylet looks for those of its agents.
_PORTS = {
    "gcs_server_port": "",
    "metrics_agent_port": "METRICS_AGENT_PORT_NAME",
    "metrics_export_port": "METRICS_EXPORT_PORT_NAME",
    "dashboard_agent_listen_port": "DASHBOARD_AGENT_LISTEN_PORT_NAME",
    "runtime_env_agent_port": "RUNTIME_ENV_AGENT_PORT_NAME",
}
LOWEST_PORT, _HIGHEST_PORT = 10_000, 65_535
#: Fewer ports than these are not worth choosing from: two runs would choose the same.
_FEW_PORTS = 1000
#: Seconds that Ray's processes may take to start.
START_S = 170.0


def main() -> int:
    """Read options of ``ray.init`` as a line of JSON, start, print the address as a line of JSON, wait for the end."""
    parent = os.getppid()
    with contextlib.suppress(OSError, AttributeError):
        # The pipe tells of the worker's end; this is for the seconds in which ray.init() does not read it.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            return 1
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what Ray prints is no answer
    options: dict[str, Any] = json.loads(sys.stdin.readline())
    import ray

    _be_patient()
    _choose_ports()
    try:
        context = ray.init(address="local", **options)
        # From here on the pipe alone says when to end; a signal to this program ends the worker, too.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _answer(answers, {"address": context.address_info["gcs_address"]})
        sys.stdin.read()
        # Whatever hangs in here has had its time: Ray's processes end with this one.
        threading.Timer(_SHUTDOWN_S, _end, (parent,)).start()
        ray.shutdown()
    except Exception as error:  # noqa: BLE001 - whatever it is, the worker is told
        _answer(answers, {"error": f"{type(error).__name__}: {error}"})
    finally:
        _end(parent)


def _be_patient() -> None:
    """Let Ray wait longer for its own processes than the 30 s that it allows: a machine under load takes them."""
    from ray._private import services

    asked = services.get_node
    deadline = time.monotonic() + START_S

    def get_node(*args: Any, **kwargs: Any) -> Any:
        while True:
            try:
                return asked(*args, **kwargs)
            except RuntimeError:  # noqa: PERF203 - it waits anyway
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    services.get_node = get_node


def _choose_ports() -> None:
    """Give Ray's processes their ports, and do without its autoscaler, a process that would add machines.

    The raylet waits 15 s for its agents to write down the ports that they have, and then crashes: too little on a
    machine under load. So they are written down beforehand.
    """
    from ray import _raylet
    from ray._private import services
    from ray._private.parameter import RayParams

    made, start = RayParams.__init__, services.start_raylet
    ports = dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True))

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        made(self, *args, **{**kwargs, **ports, "no_monitor": True})

    def start_raylet(*args: Any, **kwargs: Any) -> Any:
        bound = inspect.signature(start).bind(*args, **kwargs).arguments
        for name, constant in _PORTS.items():
            if constant:
                _raylet.persist_port(bound["session_dir"], bound["node_id"], getattr(_raylet, constant), ports[name])
        return start(*args, **kwargs)

    RayParams.__init__, services.start_raylet = init, start_raylet


def free_ports(count: int) -> list[int]:
    """Return ports that are free, outside the range from which the system gives ports to connections.

    Seconds pass until Ray's processes listen on them; meanwhile any connection that is opened may get one of that
    range. Where it leaves too few others, the ports are of it all the same, and another program may come first.

    Args:
        count: How many.
    """
    first, last = _outgoing_ports()
    choice = [port for port in range(LOWEST_PORT, _HIGHEST_PORT + 1) if not first <= port <= last]
    candidates = random.sample(choice, min(len(choice), count + 200)) if len(choice) >= _FEW_PORTS else []
    sockets: list[socket.socket] = []
    try:
        for port in [*candidates, *[0] * count]:
            if len(sockets) == count:
                break
            each = socket.socket()
            sockets.append(each)
            try:
                each.bind(("", port))
            except OSError:
                sockets.pop().close()
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _outgoing_ports() -> tuple[int, int]:
    """Return the first and the last of the ports that the system gives to connections; all where it does not say."""
    try:
        first, last = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()
        return int(first), int(last)
    except (OSError, ValueError):
        return 0, _HIGHEST_PORT


def _answer(answers: TextIO, reply: dict[str, str]) -> None:
    with contextlib.suppress(OSError):
        answers.write(json.dumps(reply) + "\n")
        answers.flush()


def _end(parent: int) -> NoReturn:
    """End all that carries the instance's mark, and this program."""
    end_processes(os.environ[MARK], patience_s=1.0)
    if os.getppid() != parent:  # nothing else would do it
        remove(Path(os.environ[MARK]))
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
