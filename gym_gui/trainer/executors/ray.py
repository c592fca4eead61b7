"""Runs whose workers run on nodes of a Ray cluster, an actor each; their supervisors run here."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import time
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from gym_gui.config.settings import get_setting
from gym_gui.core.regular_files import read_regular
from gym_gui.core.worker.errors import ConfigError, MosaicError, Problem
from gym_gui.fleet import (
    POLICIES,
    RAY_ADDRESS,
    RAY_IMAGE,
    AttemptReport,
    Desk,
    Node,
    NodeStore,
    OrderBox,
    RayCluster,
    SharedNodes,
    Wanted,
    connection_name,
    default_address,
    image_problem,
    unreachable,
)
from gym_gui.logging_config.helpers import log_constant
from gym_gui.logging_config.log_constants import LOG_FLEET_RAY_ACTOR_LOST
from gym_gui.runs import RAY_EXECUTOR, READ_ERRORS, Resources, RunFolder, TrainRunConfig, load_plan, write_json_atomic
from gym_gui.trainer.executors.agent import AgentExecutor
from gym_gui.trainer.home import DaemonHome
from gym_gui.trainer.machine import Inventory, Machine

logger = logging.getLogger(__name__)

#: Seconds between two looks at the runs and clusters.
_LOOK_S = 0.5
#: Addresses of clusters that runs were submitted for, of which so many are kept, the newest last.
_KNOWN, _MOST_CLUSTERS = "fleet/ray.json", 4
#: Seconds after which a cluster is forgotten that cannot be reached, and one that no run is for.
_AWAY_S, _UNUSED_S = 3600.0, 600.0
#: In a run's folder of orders: the cluster that it is for, where its config names none.
_ADDRESS = "ray-address.json"
#: What a worker may ask for without Ray counting its memory, MiB: the default of run configs.
_UNCOUNTED_MB = Resources().memory_mb


class RayExecutor(AgentExecutor):
    """Supervisors as processes of this machine, workers where Ray places them.

    Which cluster a run is for stands in ``RAY_ADDRESS`` of its environment. A cluster counts as one machine: Ray knows
    the nodes, and places each worker.

    Args:
        home: The home.
    """

    name: ClassVar[str] = RAY_EXECUTOR

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.desk = Desk(home, self.desk.lease_s, store=NodeStore(), executor=self.name)
        self._clusters: dict[str, RayCluster] = {}
        self._nodes = SharedNodes(self.desk.store)
        self._wanted_at: dict[str, float] = {}
        """When there were attempts for a cluster last, monotonic seconds, by address."""
        self._known = _read_known(home)
        self._expected: frozenset[str] = frozenset()
        """Addresses of the clusters that queued runs are for."""
        self._addresses: dict[str, str] = {}
        """By run."""
        self._images: defaultdict[str, str] = defaultdict(str)
        """By run, the container image that its actors run in."""
        self._failures: dict[str, str] = {}
        """By name of an actor that could not begin, why."""
        self._notes: dict[str, str] = {}
        """By name of an actor, why it waits, as it was last written down."""

    def machines(self) -> Sequence[Machine]:
        """Return the connected clusters, each as one machine with what its nodes have."""
        return [_machine(name, nodes) for name, (_, nodes) in self._connected().items()]

    def site(self, config: Mapping[str, Any]) -> str:
        """Return the address of a run's cluster."""
        environment = config.get("environment") or {}
        return str(environment.get(RAY_ADDRESS) or default_address())

    def sites(self) -> Mapping[str, str]:
        """Return by address of a connected cluster its machine."""
        return {address: name for name, (addresses, _) in self._connected().items() for address in addresses}

    def expect(self, sites: Collection[str]) -> None:
        """Connect to the clusters of queued runs, again and again where they cannot be reached."""
        self._expected = frozenset(sites)

    def why_absent(self, site: str) -> str:
        """Return why a cluster is not connected, in words; empty: it is."""
        cluster = self._clusters.get(site)
        if cluster is not None and cluster.connected:
            return ""
        return (cluster.error if cluster is not None else "") or f"connects to the Ray cluster at {site}"

    def _connected(self) -> dict[str, tuple[list[str], list[Node]]]:
        """Return by name of its machine the addresses and nodes of each cluster: two addresses may be those of one."""
        found: list[tuple[list[str], dict[str, Node]]] = []
        for cluster in list(self._clusters.values()):
            nodes = {node.node_id: node for node in list(cluster.nodes)}
            if not nodes:
                continue
            same = next((each for each in found if each[1].keys() & nodes.keys()), None)
            if same is None:
                found.append(([cluster.address], nodes))
            else:
                if cluster.address not in same[0]:
                    same[0].append(cluster.address)
                same[1].update(nodes)
        return {_machine_name(addresses): (addresses, list(nodes.values())) for addresses, nodes in found}

    def problems(self, config: TrainRunConfig) -> list[Problem]:
        """Return why no cluster can be reached for a run."""
        address = config.environment.get(RAY_ADDRESS) or default_address()
        cluster = self._clusters.get(address)
        why = ""
        if cluster is None or not cluster.connected:
            why = (cluster.unusable if cluster is not None else "") or unreachable(address)
        if not why:
            self._remember(address)
            why = image_problem(config.environment.get(RAY_IMAGE, ""))
            return [Problem(f"environment.{RAY_IMAGE}", why, value=config.environment[RAY_IMAGE])] if why else []
        message = f"cannot be used: {why}. Start one with `ray start --head`, or name one with --ray-address HOST:PORT"
        return [Problem("executor", message, value=RAY_EXECUTOR)]

    async def background(self) -> None:
        try:
            while True:
                await asyncio.to_thread(self._look)
                await asyncio.sleep(_LOOK_S)
        finally:
            for cluster in self._clusters.values():
                await asyncio.to_thread(cluster.close)

    def _look(self) -> None:
        """Tell each cluster what is wanted of it, and write down what it says."""
        self.desk.held.expire()
        pythons, building = _pythons(), _building()
        wanted: defaultdict[str, list[Wanted]] = defaultdict(list)
        notes: dict[str, str] = {}
        boxes = self.desk.held.boxes()
        for run_id, box in boxes:
            found = _wanted(run_id, box)
            if not found:
                continue
            address, image = self._address(run_id, box.folder), self._images[run_id]
            address = connection_name(address, image)
            found = [msgspec.structs.replace(each, building=building, image=image) for each in found]
            wanted[address] += found
            for each in found:
                if not each.claimed:
                    notes[each.name] = self._why(address, each)
                    self._write_note(box, each, notes[each.name])
        self._notes = notes
        self._addresses = {run_id: self._addresses[run_id] for run_id, _ in boxes if run_id in self._addresses}
        for run_id in self._images.keys() - self._addresses.keys():
            del self._images[run_id]
        for address in dict.fromkeys([*wanted, *self._clusters, *self._known, *self._expected, default_address()]):
            self._cluster(address).update(wanted[address], pythons)
        self._let_go(wanted)

    def _let_go(self, wanted: Mapping[str, Sequence[Wanted]]) -> None:
        """Close what no run is for: an address that was checked once, say."""
        now = time.monotonic()
        self._wanted_at.update((address, now) for address, attempts in wanted.items() if attempts)
        for address, cluster in list(self._clusters.items()):
            if wanted.get(address) or address in self._expected or address == default_address():
                continue
            unused = address not in self._known and now - self._wanted_at.setdefault(address, now) > _UNUSED_S
            if unused or cluster.away_s > _AWAY_S:
                cluster.close()
                del self._clusters[address]
                self._wanted_at.pop(address, None)
                self._remember("", without=address)

    def _remember(self, address: str, without: str = "") -> None:
        """Connect to a cluster from now on, also after a restart: what it has decides which runs start.

        Args:
            address: The cluster; empty: none.
            without: One that is forgotten.
        """
        before = list(self._known)
        after = [each for each in before if each != without]
        after = after if not address or address in after else [*after, address][-_MOST_CLUSTERS:]
        if after == before:
            return
        self._known[:] = after
        with contextlib.suppress(OSError):
            (self.home / "fleet").mkdir(mode=0o700, exist_ok=True)
            write_json_atomic(self.home / _KNOWN, after)

    def _why(self, address: str, wanted: Wanted) -> str:
        """Return why an attempt has no actor that runs, in words."""
        cluster = self._cluster(address)
        if cluster.error:
            return f"waits for the cluster: {cluster.error}"
        if not cluster.connected:
            return f"connects to the Ray cluster at {cluster.address}"
        reasons = self._failures.get(wanted.name), cluster.waits.get(wanted.name)
        return "; ".join(filter(None, reasons)) or "Ray starts it on a node"

    def _write_note(self, box: OrderBox, wanted: Wanted, note: str) -> None:
        if self._notes.get(wanted.name) != note:
            report = AttemptReport(at=time.time(), note=note)
            with contextlib.suppress(OSError):
                write_json_atomic(box.report_path(wanted.worker_id, wanted.attempt), report, sync=False)

    def _cluster(self, address: str) -> RayCluster:
        if address not in self._clusters:
            self._clusters[address] = RayCluster(
                address, self.home, _home_id(self.home), self.desk, self._nodes, self._lost
            )
        return self._clusters[address]

    def _address(self, run_id: str, folder: RunFolder) -> str:
        """Return the address of a run's cluster."""
        if run_id not in self._addresses:
            path = OrderBox(folder).path / _ADDRESS
            try:
                environment = load_plan(folder).config.get("environment", {})
                address = str(environment.get(RAY_ADDRESS) or "")
                self._images[run_id] = str(environment.get(RAY_IMAGE) or "")
                if not address and path.exists():
                    address = str(msgspec.json.decode(read_regular(path)))
                elif not address:  # that of this daemon: the next one may have another
                    address = default_address()
                    write_json_atomic(path, address)
            except (MosaicError, *READ_ERRORS):
                return default_address()  # for now
            self._addresses[run_id] = address
        return self._addresses[run_id]

    def _lost(self, name: str, why: str) -> None:
        """Give up the attempt of an actor that is gone; one that it had not begun waits for another actor."""
        for run_id, box in self.desk.held.boxes():
            for each in _wanted(run_id, box):
                if each.name == name:
                    where = {"run_id": run_id, "actor": name, "why": why}
                    log_constant(logger, LOG_FLEET_RAY_ACTOR_LOST, extra=where)
                    self._failures[name] = f"Ray could not start it: {why}"
                    self.desk.give_up(run_id, each.worker_id, each.attempt, why)


def _machine_name(addresses: Sequence[str]) -> str:
    """Return the name of a cluster as a machine."""
    return RAY_EXECUTOR if default_address() in addresses else f"{RAY_EXECUTOR} {addresses[0]}"


def _machine(name: str, nodes: Sequence[Node]) -> Machine:
    """Return a cluster as a machine, with what its nodes have."""
    cpus = sum(node.cpus for node in nodes)
    inventory = Inventory(
        cpus=cpus,
        memory_mb=sum(node.memory_mb for node in nodes),
        gpus=tuple(str(number) for number in range(sum(node.gpus for node in nodes))),
        declared_cpus=True,
        gpus_how="Ray",
        no_gpus="the Ray cluster has none",
    )
    return Machine(name, max(1, cpus), inventory)


def _wanted(run_id: str, box: OrderBox) -> list[Wanted]:
    """Return the attempts of a run that wait for an actor, and those that have one."""
    orders = [(order, False) for order in box.waiting()]
    for worker_id, attempt in box.leases():
        lease, order = box.lease(worker_id, attempt), box.taken(worker_id, attempt)
        if lease is not None and lease.held and order is not None:
            orders.append((order, True))
    return [
        Wanted(
            run_id=run_id,
            worker_id=order.worker_id,
            attempt=order.attempt,
            cpus=order.cpus,
            memory_mb=order.memory_mb if order.memory_mb > _UNCOUNTED_MB else 0,
            gpus=order.gpus,
            claimed=claimed,
        )
        for order, claimed in orders
    ]


def _pythons() -> dict[str, str]:
    """Return the interpreters of workers on nodes."""
    try:
        found: Any = get_setting("ray_pythons")
        return msgspec.convert(found or {}, dict[str, str])
    except (ConfigError, msgspec.ValidationError) as error:
        logger.warning("the setting ray_pythons cannot be used: %s", error)
        return {}


def _building() -> str:
    """Return which environments of workers nodes build."""
    try:
        found = str(get_setting("ray_build_environments"))
    except ConfigError as error:
        logger.warning("the setting ray_build_environments cannot be used: %s", error)
        return POLICIES[0]
    if found not in POLICIES:
        logger.warning("the setting ray_build_environments is %r, allowed: %s", found, ", ".join(POLICIES))
        return POLICIES[0]
    return found


def _read_known(home: Path) -> list[str]:
    """Return the addresses of clusters that runs were submitted for."""
    try:
        return msgspec.json.decode(read_regular(home / _KNOWN), type=list[str])
    except READ_ERRORS:
        return []


def _home_id(home: Path) -> str:
    """Return what tells the actors of one home from those of another."""
    with contextlib.suppress(OSError):
        return DaemonHome(home).home_id()
    return hashlib.sha256(str(home.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:16]
