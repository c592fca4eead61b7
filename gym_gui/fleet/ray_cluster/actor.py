"""What runs on a node: one actor for each attempt, which does there what an agent does on its machine.

Standard library, ``ray``, and the agent's own modules, which the driver sends along.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import gym_gui
from gym_gui.fleet.agent.attempt import HeldAttempt
from gym_gui.fleet.agent.environments import MISSING, Environments, node_folder
from gym_gui.fleet.agent.health import ProcessorMeter, machine_load
from gym_gui.fleet.agent.inputs import InputStore
from gym_gui.fleet.agent.server import Backoff, Refused, Unreachable
from gym_gui.fleet.ray_cluster.relay import RelayServer

logger = logging.getLogger("mosaic.ray")

#: The longest wait between two reports, seconds: signals come in answer to them.
REPORT_S = 1.0
_LONGEST_WAIT_S = 5.0
#: Seconds after which an actor that no driver fetches from gives its node back: its home is gone for good.
_ABANDONED_S = 7 * 86400.0
_LOAD_EVERY = 10
_SOURCES = Path(gym_gui.__file__).resolve().parents[1]
_LAUNCHER = _SOURCES / "gym_gui" / "supervision" / "launcher.py"
_GUARD = _SOURCES / "gym_gui" / "fleet" / "ray_cluster" / "guard.py"
_ADVICE = "name one that is there in the setting ray_pythons"


class AttemptActor:
    """Carries out one attempt on the node that Ray has placed it on.

    Args:
        key: ``run_id``, ``worker_id`` and ``attempt``.
        pythons: Interpreters by worker, in place of those of the order.
        node: What the node has for it: ``node`` (its id), ``gpus`` and ``cluster`` (its address); asked of Ray if
            not given.
        building: Which environments of workers are built on the node.
    """

    def __init__(
        self,
        key: dict[str, Any],
        pythons: dict[str, str],
        node: dict[str, Any] | None = None,
        building: str = MISSING,
    ) -> None:
        self._key = key
        self._pythons = pythons
        self._building = building
        self._node = _ask_ray() if node is None else node
        self._server = RelayServer()
        self._over = False
        self._session = f"{self._node['node']}-{os.getpid()}"
        threading.Thread(target=self._work, daemon=True).start()

    def exchange(self, driver: str, answers: list[tuple[int, int, str, bytes]], wait_s: float) -> dict[str, Any]:
        """Take answers from the home, and return what is to be asked of it.

        Args:
            driver: Who calls.
            answers: See :meth:`RelayServer.exchange`.
            wait_s: The longest wait, seconds.

        Returns:
            ``calls``; ``node``, the node's id; ``over``: nothing of the attempt is left here.
        """
        calls = self._server.exchange(driver, answers, 0.0 if self._over else wait_s)
        return {"calls": calls, "node": self._node["node"], "over": self._over and not calls}

    def _work(self) -> None:
        try:
            claimed = self._claim()
            if claimed is not None:
                self._carry_out(claimed)
        except Exception:
            logger.exception("the attempt failed on this node")
            os._exit(1)  # Ray says that the actor died, and the guard ends what it started
        self._over = True
        self._server.wake()

    def _claim(self) -> dict[str, Any] | None:
        """Return the order and its token; ``None``: it is not wanted any more, or is elsewhere."""
        backoff = Backoff(self._server)
        while True:
            try:
                return self._server.call("claim", {"session": self._session, **self._key}).body
            except Refused as refused:  # noqa: PERF203 - it waits anyway
                logger.info("not taken: %s", refused)
                return None
            except Unreachable as error:
                self._end_if_abandoned()
                time.sleep(backoff.next_s(error, _LONGEST_WAIT_S))

    def _carry_out(self, claimed: dict[str, Any]) -> None:
        state = {**self._key, **{name: claimed.get(name) for name in ("token", "order", "files", "begun")}}
        self._place(state["order"]["spec"]["env"])
        with tempfile.TemporaryDirectory(prefix="mosaic-ray-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            guard = _start_guard(folder)
            shared = node_folder()
            held = HeldAttempt(
                folder,
                self._server,
                state,
                _LAUNCHER,
                self._pythons,
                logger.info,
                advice=_ADVICE,
                environments=Environments(shared / "environments", self._building, within=shared),
                store=InputStore(shared / "inputs", within=shared),
            )
            held.begin()
            self._report(held)
            guard.communicate(b".")

    def _place(self, variables: dict[str, str]) -> None:
        """Set the variables of the worker that depend on the node: its GPUs, and the cluster from within."""
        variables["CUDA_VISIBLE_DEVICES"] = ",".join(self._node["gpus"])
        if "RAY_ADDRESS" in variables:
            variables["RAY_ADDRESS"] = self._node["cluster"]

    def _report(self, held: HeldAttempt) -> None:
        """Report, and obey the answers, until the attempt is over."""
        beats = 0
        meter = ProcessorMeter()
        load: dict[str, Any] = {}
        backoff = Backoff(self._server)
        while not held.over:
            if beats % _LOAD_EVERY == 0:
                load = machine_load(meter)
            body = {"session": self._session, "load": load, "leases": [held.report()]}
            try:
                answer = self._server.call("beat", body).body
            except Unreachable as error:
                self._end_if_abandoned()
                held.join(backoff.next_s(error, _LONGEST_WAIT_S))
                continue
            beats += 1
            backoff.reset()
            for each in answer.get("leases", ()):
                held.take(each)
            held.join(min(REPORT_S, float(answer.get("interval_s", REPORT_S))))

    def _end_if_abandoned(self) -> None:
        if time.monotonic() - self._server.fetched_at > _ABANDONED_S:
            logger.error("no driver has fetched anything for %.0f days: the attempt ends", _ABANDONED_S / 86400)
            os._exit(1)


def _start_guard(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(_GUARD), str(folder), str(_SOURCES)],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )


def _ask_ray() -> dict[str, Any]:
    import ray

    context = ray.get_runtime_context()
    return {
        "node": context.get_node_id(),
        "gpus": [str(each) for each in context.get_accelerator_ids().get("GPU", ())],
        "cluster": context.gcs_address,
    }
