"""The agent's loop: heartbeats, which bring orders and signals; one thread for each attempt that the machine has."""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path
from typing import Any

from gym_gui.fleet.agent.attempt import HeldAttempt
from gym_gui.fleet.agent.environments import Environments
from gym_gui.fleet.agent.health import ProcessorMeter, machine_load
from gym_gui.fleet.agent.machine import Identity, machine_facts
from gym_gui.fleet.agent.server import LONGEST_WAIT_S, Backoff, Refused, Server, Unreachable

logger = logging.getLogger("mosaic.agent")
#: Seconds between two heartbeats until the server has said how many.
FIRST_INTERVAL_S = 2.0
#: Seconds of a lease until the server has said how many.
FIRST_LEASE_S = 60.0
#: Facts and load are looked up again after so many heartbeats.
_FACTS_EVERY = 12


class Agent:
    """Takes runs from a server and carries them out on this machine.

    Args:
        url: The server.
        folder: The agent's folder: id, tokens, runs under way.
        launcher: The program ``launcher.py``; or, where that cannot run, the words that start the agent's program.
        token: A token of the server with which this machine is enrolled, if it is not yet.
        machine_id: Id of the machine; empty: the kept one, or a new one.
        slots: Runs at once; 0: as many as there are cores.
        pythons: Interpreters by worker.
        ca_file: Certificates that are trusted, in place of the system's.
        version: Of MOSAIC.
        environments: Those of workers that this machine builds; ``None``: it builds none.
    """

    def __init__(
        self,
        url: str,
        folder: Path,
        launcher: Path | list[str],
        *,
        token: str = "",
        machine_id: str = "",
        slots: int = 0,
        pythons: dict[str, str] | None = None,
        ca_file: str | None = None,
        version: str = "",
        environments: Environments | None = None,
    ) -> None:
        self.identity = Identity(folder, machine_id)
        self._server = Server(url, self.identity.machine_id, self.identity.token(url.rstrip("/")), ca_file)
        self._enrolment = token
        self._ca_file = ca_file
        self._folder = folder
        self._launcher = launcher
        self._pythons = pythons or {}
        self._environments = environments
        self._facts = machine_facts(slots, version)
        self._slots = int(self._facts["slots"])
        self._meter = ProcessorMeter()
        self._load: dict[str, Any] = {}
        self._beats = 0
        self._backoff = Backoff(self._server)
        self._lease_s = FIRST_LEASE_S
        self._stopping = threading.Event()
        self.draining = False
        """No more runs are taken; the agent ends with the last one that it has."""
        self.attempts: list[HeldAttempt] = []

    @property
    def free_slots(self) -> int:
        """Runs that may be taken now."""
        return max(0, self._slots - len({each.state["run_id"] for each in self.attempts}))

    def run(self) -> None:
        """Work until stopped, or drained.

        Raises:
            Refused: The server does not know the machine, and there is no token to enrol it with.
        """
        self._resume()
        interval_s = FIRST_INTERVAL_S
        while not self._stopping.is_set():
            if self.draining and not self.attempts:
                self._beat_once()
                return
            try:
                interval_s = self._beat()
                if self._backoff.failures:
                    logger.info("%s answers again", self._server.url)
                self._backoff.reset()
            except Unreachable as error:
                # A heartbeat is tried several times within a lease.
                pause = self._backoff.next_s(error, min(LONGEST_WAIT_S, self._lease_s / 6))
                failures = self._backoff.failures
                if not failures & (failures - 1):
                    logger.warning("%s; attempt %d, next in %.1f s", error, failures, pause)
                self._stopping.wait(pause)
                continue
            except Refused as refused:
                if refused.status != 401:
                    raise
                self._enroll()
                continue
            self._stopping.wait(min(interval_s, 0.5) if self.draining else interval_s)

    def drain(self) -> None:
        """Take no more runs, and end with the last one."""
        self.draining = True

    def stop(self) -> None:
        """End all runs of this machine, ship the rest, and return from :meth:`run`."""
        self.draining = True
        for each in list(self.attempts):
            each.stop()

    def leave(self) -> None:
        """Return from :meth:`run` at once; runs go on, and the next agent takes them up."""
        self._stopping.set()

    def _resume(self) -> None:
        """Take up what an earlier agent of this machine had."""
        for path in sorted((self._folder / "held").glob("*.json")):
            try:
                state = json.loads(path.read_text("utf-8"))
                self._hold(state)
                logger.info("takes up run %s again", state["run_id"])
            except (OSError, ValueError, KeyError) as error:  # noqa: PERF203 - a handful of files
                logger.error("%s cannot be read: %s", path, error)

    def _enroll(self) -> None:
        """Enrol this machine.

        Raises:
            Refused: The server refuses.
            Unreachable: Try again.
        """
        if not self._enrolment:
            raise Refused(401, {"error": {"what": "this machine is not enrolled: give a token of the server, --token"}})
        asking = Server(self._server.url, self.identity.machine_id, self._enrolment, self._ca_file)
        body = {"machine_id": self.identity.machine_id, "facts": self._facts}
        backoff = Backoff(asking)
        while not self._stopping.is_set():
            try:
                answer = asking.call("enroll", body).body
                break
            except Unreachable as error:
                logger.warning("%s", error)
                self._stopping.wait(backoff.next_s(error))
        else:
            return
        self._server.token = str(answer["token"])
        self.identity.keep(self._server.url, self._server.token)
        logger.info("enrolled at %s", self._server.url)

    def _beat_once(self) -> None:
        try:
            self._beat()
        except (Unreachable, Refused) as error:
            logger.warning("%s", error)

    def _beat(self) -> float:
        """Tell how things stand, and take what the server answers; return the seconds until the next time.

        Raises:
            Unreachable: It does not answer.
            Refused: It does not know this machine.
        """
        self.attempts = [each for each in self.attempts if not each.over]
        if self._beats % _FACTS_EVERY == 0:
            self._load = machine_load(self._meter)
        reports = [each.report() for each in self.attempts]
        body: dict[str, Any] = {
            "session": self.identity.session,
            "load": self._load,
            "free_slots": self.free_slots,
            "draining": self.draining,
            "leases": reports,
        }
        if self._beats % _FACTS_EVERY == 0:
            body["facts"] = self._facts
        answer = self._server.call("beat", body).body
        self._beats += 1
        by_key = {_key(each.state): each for each in self.attempts}
        for one in answer.get("leases", ()):
            held = by_key.get(_key(one))
            if held is not None:
                held.take(one)
        for offer in answer.get("offers", ()):
            if _key(offer) not in by_key:
                self._claim(offer)
        self._lease_s = float(answer.get("lease_s", FIRST_LEASE_S))
        return max(0.05, float(answer.get("interval_s", FIRST_INTERVAL_S)))

    def _claim(self, offer: dict[str, Any]) -> None:
        asked = {name: offer[name] for name in ("run_id", "worker_id", "attempt")}
        try:
            given = self._server.call("claim", {"session": self.identity.session, **asked}).body
        except Refused as refused:
            logger.info("run %s: not taken: %s", offer["run_id"], refused)
            return
        except Unreachable as error:  # if the server granted it, it says so in answer to the next heartbeat
            logger.info("run %s: %s", offer["run_id"], error)
            return
        kept = ("token", "order", "files", "begun")
        try:
            self._hold({**asked, **{name: given.get(name) for name in kept}})
        except OSError as error:  # the disk is full, say; the server offers it again as long as the lease lasts
            logger.error("run %s: cannot be taken: %s", offer["run_id"], error)

    def _hold(self, state: dict[str, Any]) -> None:
        held = HeldAttempt(
            self._folder,
            self._server,
            state,
            self._launcher,
            self._pythons,
            logger.info,
            environments=self._environments,
        )
        held.begin()
        self.attempts.append(held)


def _key(fields: dict[str, Any]) -> Any:
    return fields["run_id"], fields["worker_id"], fields["attempt"]
