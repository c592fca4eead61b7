"""The daemon's side of a Ray cluster: its driver process, and answers to what comes through that."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from gym_gui.core.regular_files import append_or_discard
from gym_gui.fleet.desk import Desk
from gym_gui.fleet.machines import MachineFacts, MachineStore
from gym_gui.fleet.ray_cluster.address import RAY_ADDRESS, resolve, unreachable
from gym_gui.fleet.ray_cluster.frame_writer import FrameWriter
from gym_gui.fleet.ray_cluster.frames import read_frame
from gym_gui.fleet.ray_cluster.image import address_in
from gym_gui.fleet.ray_cluster.placing import Node, Wanted
from gym_gui.logging_config.helpers import log_constant
from gym_gui.logging_config.log_constants import LOG_FLEET_RAY_CONNECTED, LOG_FLEET_RAY_LOST
from gym_gui.runs import NEUTRAL_FOLDER, UTF8

logger = logging.getLogger(__name__)

#: A driver that says nothing for so many seconds is replaced: Ray's own calls may never return.
_SILENT_S = 30.0
#: The same while it connects.
_CONNECT_S = 120.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0
_DEATH_S = 5.0
#: Calls of actors that are answered at the same time: each may wait for the disk.
_THREADS = 4


class NodeStore(MachineStore):
    """The nodes of a cluster as machines; they are known as long as the driver sees them, and never written down."""

    def __init__(self) -> None:
        super().__init__(Path(NEUTRAL_FOLDER))

    def _load(self) -> None:
        return

    def _save(self) -> None:
        return


class SharedNodes:
    """The nodes of all clusters: two addresses may be those of one cluster, whose nodes then have one token each.

    Args:
        store: Where they are enrolled.
    """

    def __init__(self, store: MachineStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._tokens: dict[str, str] = {}
        self._connections: dict[str, set[str]] = {}

    def enroll(self, name: str, facts: MachineFacts, connection: str) -> None:
        """Take a node that is seen over a connection, of which a cluster may have two at one address."""
        with self._lock:
            if name not in self._tokens or name not in self._store.records:
                _, self._tokens[name] = self._store.enroll(name, facts, f"Ray cluster {address_in(connection)[0]}")
            self._connections.setdefault(name, set()).add(connection)

    def leave(self, name: str, connection: str) -> None:
        """Let go of a node that is not seen over a connection any more."""
        with self._lock:
            left = self._connections.get(name, set())
            left.discard(connection)
            if not left:
                self._connections.pop(name, None)
                self._tokens.pop(name, None)
                self._store.remove(name)

    def token(self, name: str) -> str:
        """Return the token of a node, empty if it is not enrolled."""
        return self._tokens.get(name, "")


class RayCluster:
    """One cluster, connected by a process that is started again whenever it ends.

    Args:
        name: Of the connection: the cluster's address, and whether actors run in images.
        home: The home.
        home_id: Names the actors of this home in the cluster.
        desk: Answers the calls of attempts.
        shared: The nodes of all clusters.
        on_lost: Called with the name of an actor that is gone, and why.
    """

    def __init__(
        self,
        name: str,
        home: Path,
        home_id: str,
        desk: Desk,
        shared: SharedNodes,
        on_lost: Callable[[str, str], None],
    ) -> None:
        self._name = name
        self.address, self._images = address_in(name)
        self.error = ""
        """Why it is not connected, in words; empty: it is, or is about to be."""
        self.unusable = ""
        """Why its driver could not connect, in words, until one can."""
        self.nodes: list[Node] = []
        """Its living nodes, as far as the driver sees them."""
        self.waits: dict[str, str] = {}
        """By name of an actor that Ray has not placed yet, why."""
        self._home = home
        # Two addresses may be those of one cluster: each driver is to see its own actors alone.
        self._namespace = f"mosaic-{home_id}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        self._desk = desk
        self._on_lost = on_lost
        self._process: subprocess.Popen[bytes] | None = None
        self._heard_at = 0.0
        self._not_before = 0.0
        self._pause_s = _FIRST_PAUSE_S
        self._writer: FrameWriter | None = None
        self._last_want: dict[str, Any] = {}
        """The last message of what is wanted."""
        self._names: dict[str, str] = {}
        self._shared = shared
        self._seen_at = time.monotonic()

    @property
    def away_s(self) -> float:
        """For how long it has not been connected, seconds."""
        return 0.0 if self.nodes else time.monotonic() - self._seen_at

    @property
    def connected(self) -> bool:
        """Whether its driver has told of its nodes."""
        return bool(self.nodes)

    def update(self, wanted: Sequence[Wanted], pythons: Mapping[str, str]) -> None:
        """Tell the driver what is wanted of the cluster; start it where there is none.

        Args:
            wanted: The attempts that wait for an actor, and those that have one.
            pythons: Interpreters by worker.
        """
        process = self._process
        if process is not None and time.monotonic() - self._heard_at > (_SILENT_S if self.nodes else _CONNECT_S):
            self.error = f"the Ray cluster at {self.address} does not answer"
            process.kill()  # its reader notices
            return
        if process is None:
            if time.monotonic() < self._not_before:
                return
            try:
                self._start()
            except OSError as error:  # other clusters go on
                self.error = f"its driver cannot be started: {error}"
                self._wait_longer()
                return
        fields = {"kind": "want", "attempts": msgspec.to_builtins(list(wanted)), "pythons": dict(pythons)}
        if fields != self._last_want:
            self._last_want = fields
            if self._writer is not None:
                self._writer.send(fields)

    def close(self) -> None:
        """End the driver; what runs on the cluster goes on."""
        process, self._process = self._process, None
        if process is not None:
            assert self._writer is not None
            self._writer.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_DEATH_S)
            process.kill()
            process.wait()

    def _start(self) -> None:
        """Start a driver, unless no cluster answers."""
        self.error = unreachable(self.address)
        if self.error:
            self._wait_longer()
            return
        environment = {name: value for name, value in os.environ.items() if name != RAY_ADDRESS}
        arguments = ["--address", resolve(self.address), "--namespace", self._namespace]
        arguments += ["--images"] if self._images else []
        (self._home / "fleet").mkdir(mode=0o700, exist_ok=True)
        scratch = tempfile.mkdtemp(prefix="mosaic-ray-driver-")
        arguments += ["--scratch", scratch]
        try:
            with os.fdopen(append_or_discard(self._home / "fleet" / "ray.log"), "ab") as log:
                process = subprocess.Popen(
                    [sys.executable, *UTF8, "-m", "gym_gui.fleet.ray_cluster.driver", *arguments],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    cwd=NEUTRAL_FOLDER,
                    env={**environment, "RAY_USAGE_STATS_ENABLED": "0"},
                    start_new_session=True,
                )
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise
        assert process.stdin is not None
        self._last_want = {}
        self._writer = FrameWriter(process.stdin)
        self._process, self._heard_at = process, time.monotonic()
        threading.Thread(target=self._listen, args=(process, self._writer, scratch), daemon=True).start()

    def _listen(self, process: subprocess.Popen[bytes], writer: FrameWriter, scratch: str) -> None:
        """Hear a driver out, until it ends; then remove its folder, which it leaves behind where it is killed."""
        assert process.stdout is not None
        with process.stdout, ThreadPoolExecutor(_THREADS) as pool, contextlib.suppress(OSError, ValueError):
            while (frame := read_frame(process.stdout)) is not None:
                fields, data = frame
                self._heard_at = time.monotonic()
                if fields["kind"] == "call":
                    pool.submit(self._answer, writer, fields, data)
                elif fields["kind"] == "lost":
                    self._on_lost(fields["name"], fields["why"])
                elif fields["kind"] == "failed":
                    self.unusable = str(fields["why"])
                    self.error = f"the Ray cluster at {self.address} cannot be used: {self.unusable}"
                else:
                    self._see(msgspec.convert(fields["nodes"], list[Node]), fields["waits"])
        process.kill()
        code = process.wait()
        shutil.rmtree(scratch, ignore_errors=True)
        writer.close()
        if self._process is not process:
            self._see([], {})  # closed: its nodes are of no use here
            return
        self.error = self.error or f"its driver ended with exit code {code}: {self._home / 'fleet' / 'ray.log'}"
        log_constant(logger, LOG_FLEET_RAY_LOST, extra={"address": self.address, "why": self.error})
        self._see([], {})
        self._wait_longer()
        self._process = None

    def _see(self, nodes: list[Node], waits: dict[str, str]) -> None:
        """Take the nodes that the driver sees."""
        if nodes and not self.nodes:
            log_constant(logger, LOG_FLEET_RAY_CONNECTED, extra={"address": self.address, "nodes": len(nodes)})
            self.error, self.unusable, self._pause_s = "", "", _FIRST_PAUSE_S
        for node in nodes:
            if node.node_id not in self._names:
                facts = MachineFacts(
                    hostname=node.hostname,
                    platform=f"Ray node {node.address}",
                    cpus=node.cpus,
                    memory_mb=node.memory_mb,
                    gpus=[str(number) for number in range(node.gpus)],
                    gpu_name=node.gpu_name,
                    slots=max(1, node.cpus),
                )
                self._shared.enroll(node.name, facts, self._name)
                self._names[node.node_id] = node.name
            self._desk.note_presence(node.name)
        for node_id in self._names.keys() - {node.node_id for node in nodes}:
            self._shared.leave(self._names.pop(node_id), self._name)
        if nodes:
            self._seen_at = time.monotonic()
        self.nodes, self.waits = nodes, waits

    def _answer(self, writer: FrameWriter, fields: dict[str, Any], data: bytes) -> None:
        node = fields["node"]
        try:
            name = self._names.get(node, node)
            token = self._shared.token(name)
            answer = self._desk.call(fields["method"], name, token, json.loads(fields["body"]), data)
            status, body, given = answer.status, answer.body, answer.data
            if status == 401:  # a node that the driver has not told of yet
                status, body = 503, {}
        except Exception:
            logger.exception("a call %s of node %s failed", fields["method"], node)
            status, body, given = 500, {}, b""
        writer.send({"kind": "answer", "number": fields["number"], "status": status, "body": json.dumps(body)}, given)

    def _wait_longer(self) -> None:
        self._not_before = time.monotonic() + self._pause_s
        self._pause_s = min(_LONGEST_PAUSE_S, self._pause_s * 2)
