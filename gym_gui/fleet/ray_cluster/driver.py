"""The driver: the one process of a home that is connected to a Ray cluster. It keeps nothing.

Run as ``python -m gym_gui.fleet.ray_cluster.driver --address A --namespace N --scratch FOLDER`` by the daemon, which it
hears and tells through stdin and stdout. It ends with the daemon. The actors live on, detached and named: the next
driver finds them.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import queue
import shutil
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, NoReturn

import msgspec
import ray

from gym_gui.fleet.ray_cluster.actor import AttemptActor
from gym_gui.fleet.ray_cluster.frames import read_frame, write_frame
from gym_gui.fleet.ray_cluster.image import actor_options
from gym_gui.fleet.ray_cluster.placing import Free, Wanted, read_nodes, why_waiting
from gym_gui.fleet.ray_cluster.sources import copy_sources

logger = logging.getLogger("mosaic.ray")

#: Seconds between two looks at the cluster.
LOOK_S = 1.0
#: Seconds for which one fetch of an actor's calls may wait.
FETCH_S = 5.0
#: Seconds for which an actor that is not wanted may take to end by itself, and one that Ray has not placed.
_UNWANTED_S, _UNPLACED_S = 60.0, 5.0
#: Seconds before an actor that ended without having begun is made again.
_AGAIN_S = 5.0
#: Seconds that an end waits for a copy of what is sent.
_COPIED_S = 5.0
#: Calls of one actor at the same time: those of a driver that is gone may still wait.
_CONCURRENCY = 8
#: An actor is gone, or will never be there. ``ActorUnavailableError``, which may pass, is caught before.
_DEATHS = (
    ray.exceptions.RayActorError,
    ray.exceptions.ActorUnschedulableError,
    ray.exceptions.RuntimeEnvSetupError,
    ray.exceptions.RayTaskError,
)
#: How lines of Ray's errors begin that name the actor again.
_FIELDS = ("class_name:", "actor_id:", "pid:", "name:", "namespace:", "ip:")


class Relay:
    """Passes the calls of one actor on to the home, and the answers back, in a thread of its own.

    Args:
        name: The actor's name.
        actor: Its handle.
        ask: Asks the home: the node's id, call, what it says as JSON, bytes; returns status, JSON, bytes.
        on_death: Called with the reason when the actor is gone.
        on_fault: Called with the reason when the cluster cannot be asked.
    """

    def __init__(
        self,
        name: str,
        actor: Any,
        ask: Callable[[str, str, str, bytes], tuple[int, str, bytes]],
        on_death: Callable[[str], None],
        on_fault: Callable[[str], None],
    ) -> None:
        self.name = name
        self.actor = actor
        self.node = ""
        """Id of the node that it is on; empty: Ray has not placed it, as far as is known."""
        self.over = False
        self.unwanted_since: float | None = None
        self._ask = ask
        self._on_death = on_death
        self._on_fault = on_fault
        self._driver = uuid.uuid4().hex
        threading.Thread(target=self._run, daemon=True).start()

    def end(self) -> None:
        """End the actor; its guard ends what it started."""
        with contextlib.suppress(Exception):
            ray.kill(self.actor)

    def _run(self) -> None:
        answers: list[tuple[int, int, str, bytes]] = []
        try:
            while True:
                try:
                    found = ray.get(self.actor.exchange.remote(self._driver, answers, FETCH_S))
                except ray.exceptions.ActorUnavailableError as error:
                    logger.warning("%s: %s", self.name, _sentence(error))
                    time.sleep(LOOK_S)
                    continue
                self.node = found["node"]
                if found["over"]:
                    self.end()
                    break
                answers = [(call[0], *self._ask(self.node, *call[1:])) for call in found["calls"]]
        except _DEATHS as error:
            self._on_death(_sentence(error))
        except Exception as error:  # the connection, not the actor: the next driver finds it again
            logger.exception("%s", self.name)
            self._on_fault(_sentence(error))
        self.over = True


class Driver:
    """Keeps an actor for each attempt that the daemon wants.

    Args:
        out: Where the daemon reads.
        scratch: The folder for what is sent; it is gone when this process has ended.
    """

    def __init__(self, out: IO[bytes], scratch: Path) -> None:
        self._out = out
        self._scratch = scratch
        self._writing = threading.Lock()
        self._copying = threading.Lock()
        self._wanted: dict[str, Wanted] = {}
        self._pythons: dict[str, str] = {}
        self._heard = threading.Event()
        self._relays: dict[str, Relay] = {}
        self._not_before: dict[str, float] = {}
        self._number = 0
        self._answers: dict[int, queue.Queue[tuple[int, str, bytes]]] = {}
        self._actor = ray.remote(AttemptActor)

    def tell(self, fields: dict[str, Any], data: bytes = b"") -> None:
        """Tell the daemon something."""
        with self._writing:
            write_frame(self._out, fields, data)

    def listen(self, stream: IO[bytes]) -> None:
        """Take what the daemon says, until it is gone; then this process ends."""
        with contextlib.suppress(OSError, ValueError):
            while (frame := read_frame(stream)) is not None:
                fields, data = frame
                if fields["kind"] == "answer":
                    waiting = self._answers.pop(fields["number"], None)
                    if waiting is not None:
                        waiting.put((fields["status"], fields["body"], data))
                else:
                    attempts = msgspec.convert(fields["attempts"], list[Wanted])
                    self._pythons = dict(fields["pythons"])
                    wanted = {each.name: each for each in attempts}
                    if wanted != self._wanted:
                        self._wanted = wanted
                        self._heard.set()
        self._end(0)

    def run(self) -> None:
        """Look at the cluster, and carry out what is wanted of it, until this process ends."""
        while True:
            self._heard.wait(LOOK_S)
            self._heard.clear()
            self.look()

    def look(self) -> None:
        """Make actors for what is wanted, end those that are not, and report."""
        now = time.monotonic()
        self._relays = {name: relay for name, relay in self._relays.items() if not relay.over}
        existing = set(ray.util.list_named_actors())
        for name, wanted in self._wanted.items():
            if name not in self._relays and now >= self._not_before.get(name, now):
                self._attach(name, wanted, existing)
        for name in existing - self._relays.keys() - self._wanted.keys():
            self._take_up(name)
        for name, relay in self._relays.items():
            if name in self._wanted:
                relay.unwanted_since = None
                continue
            relay.unwanted_since = relay.unwanted_since or now
            if now - relay.unwanted_since > (_UNWANTED_S if relay.node else _UNPLACED_S):
                relay.end()
        self._not_before = {name: when for name, when in self._not_before.items() if when > now}
        nodes = read_nodes(ray.nodes())
        found = ray.available_resources()
        free = Free(cpus=found.get("CPU", 0.0), gpus=found.get("GPU", 0.0), memory_mb=int(found.get("memory", 0)) >> 20)
        waits = {
            name: why_waiting(wanted, nodes, free)
            for name, wanted in self._wanted.items()
            if name in self._relays and not self._relays[name].node
        }
        self.tell({"kind": "cluster", "nodes": msgspec.to_builtins(nodes), "waits": waits})

    def _attach(self, name: str, wanted: Wanted, existing: set[str]) -> None:
        """Take up the actor of an attempt, or make it, unless an actor had begun the attempt and is gone."""
        if name in existing:
            self._take_up(name)
        elif wanted.claimed:
            self._lost(name, "its actor is gone")
        else:
            actor = self._actor.options(
                name=name,
                get_if_exists=True,
                lifetime="detached",
                max_restarts=0,
                max_concurrency=_CONCURRENCY,
                num_cpus=wanted.cpus,
                num_gpus=wanted.gpus,
                memory=(wanted.memory_mb << 20) or None,
                scheduling_strategy="SPREAD",
                **actor_options(wanted.image),
            ).remote(wanted.key, self._pythons, None, wanted.building)
            self._relay(name, actor)

    def _take_up(self, name: str) -> None:
        with contextlib.suppress(ValueError):  # it ended a moment ago
            self._relay(name, ray.get_actor(name))

    def _relay(self, name: str, actor: Any) -> None:
        self._relays[name] = Relay(name, actor, self._ask, lambda why: self._lost(name, why), self.fail)

    def _lost(self, name: str, why: str) -> None:
        self._not_before[name] = time.monotonic() + _AGAIN_S
        self.tell({"kind": "lost", "name": name, "why": why})

    def copy_sources(self) -> Path:
        """Copy what nodes need of MOSAIC, unless this process ends; return the package's folder.

        Raises:
            OSError: It cannot be written.
        """
        with self._copying:
            return copy_sources(self._scratch)

    def fail(self, why: str) -> None:
        """Tell the daemon why this process can do nothing more, and end it; the daemon starts another one."""
        with contextlib.suppress(OSError):
            self.tell({"kind": "failed", "why": why})
        self._end(1)

    def _end(self, code: int) -> NoReturn:
        """End this process, whatever its other threads do."""
        self._copying.acquire(timeout=_COPIED_S)  # for good: a copy would make the folder again
        shutil.rmtree(self._scratch, ignore_errors=True)
        os._exit(code)

    def _ask(self, node: str, method: str, body: str, data: bytes) -> tuple[int, str, bytes]:
        """Ask the home for an actor, and return its answer."""
        waiting: queue.Queue[tuple[int, str, bytes]] = queue.Queue()
        with self._writing:
            self._number += 1
            self._answers[self._number] = waiting
            fields = {"kind": "call", "number": self._number, "node": node, "method": method, "body": body}
            write_frame(self._out, fields, data)
        return waiting.get()


def main() -> int:
    """Connect, and work until the daemon is gone."""
    parser = argparse.ArgumentParser(description="Connect a daemon to a Ray cluster.")
    parser.add_argument("--address", required=True)
    parser.add_argument("--namespace", required=True)
    parser.add_argument("--scratch", required=True, help="a folder for what is sent, removed once it is")
    parser.add_argument("--images", action="store_true", help="actors run in container images, which bring MOSAIC")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # Ray prints to stdout
    scratch = Path(options.scratch)
    driver = Driver(out, scratch)
    # Before it connects, which may take long: the daemon is not to wait for this end of the pipe.
    threading.Thread(target=driver.listen, args=(sys.stdin.buffer,), daemon=True).start()
    try:
        _connect(options.address, options.namespace, scratch, None if options.images else driver.copy_sources)
    except Exception as error:  # noqa: BLE001 - Ray raises what it likes; the user is to see it
        driver.fail(_sentence(error))
        return 1
    try:
        driver.run()
    except Exception as error:
        logger.exception("the driver ends")
        driver.fail(_sentence(error))
    return 0


def _connect(address: str, namespace: str, scratch: Path, copy: Callable[[], Path] | None) -> None:
    """Connect to a cluster.

    Args:
        address: The cluster's.
        namespace: That of the actors.
        scratch: A folder for what is sent; it is removed.
        copy: Puts what nodes need of MOSAIC there; returns what is sent. ``None``: nothing is.

    Raises:
        Exception: Whatever Ray raises.
    """
    try:
        ray.init(
            address=address,
            namespace=namespace,
            log_to_driver=False,
            logging_level="WARNING",
            runtime_env=None if copy is None else {"py_modules": [str(copy())]},
        )
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _sentence(error: BaseException) -> str:
    """Return what an error of Ray's says, without its paragraphs on where logs are."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith(_FIELDS)]
    return " ".join(said[:2])[:400] or type(error).__name__


if __name__ == "__main__":
    sys.exit(main())
