"""The agent of the plain calls: heartbeat, poll for an assignment, download its config, run the study, watch it."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gym_gui.fleet.agent.health import ProcessorMeter, machine_load, memory_mb, nvidia
from gym_gui.fleet.agent.monitoring import Monitoring
from gym_gui.fleet.agent.process_tree import (
    EarlierProcess,
    ask_to_end,
    end_tree,
    group_options,
    kill_tree,
    process_identity,
)
from gym_gui.fleet.agent.server import WITHOUT_LEAVE, Refused, Unreachable, wait_s
from gym_gui.fleet.agent.study_command import DEFAULT_COMMAND, fill_command
from gym_gui.fleet.agent.study_lock import StudyLock
from gym_gui.fleet.agent.study_proxy import StudyProxy
from gym_gui.fleet.agent.study_record import StudyRecord

#: Seconds between two heartbeats, between two polls of an idle machine, between two looks at the study.
HEARTBEAT_S, POLL_S, LOOK_S = 5.0, 10.0, 1.0
#: Exit code of a study that ran out of memory: it may be tried again.
MEMORY_ERROR = 42
#: Seconds for which an agent that ends a study tries to report that.
LAST_REPORT_S = 30.0
#: Seconds for which a study may go on that is not this machine's any more, as the server says: it may be about to end.
LOST_S = 30.0
#: Facts and load are measured again after so many heartbeats.
_MEASURED_EVERY = 6
_CLAIM_TRIES = 3
#: Calls that a server may not have.
_NO_SUCH_CALL = (404, 405, 501)
#: Variables of the agent that no study gets.
_SECRETS = ("MOSAIC_AGENT_TOKEN",)


class WorkerAgent:
    """Takes studies from a monitoring server, one at a time, and runs them as programs of this machine.

    Args:
        monitoring_url: The server, e.g. ``https://host:8787``.
        machine_id: Id of this machine, as the server lists it.
        command: The command of a study, with ``{config}`` where the path of its config goes.
        workdir: Where studies run, and where their configs are kept; the current folder without one.
        token: A token that the server wants, if any.
        ca_file: Certificates that are trusted, in place of the system's.
        config_hosts: Other hosts that configs may come from.
        restarts: How often a study that fails is started again before that is reported.
        grace_s: Seconds that a study has to end by itself, once it was asked to, before it is killed.
        record: File for what has to survive the agent; nothing is kept without one.
        proxy: Takes what studies send, and sends it when the server can take it; without one they do that themselves.
        say: Takes messages.
    """

    def __init__(
        self,
        monitoring_url: str,
        machine_id: str,
        *,
        command: Sequence[str] = DEFAULT_COMMAND,
        workdir: Path | None = None,
        token: str = "",
        ca_file: str | None = None,
        config_hosts: Sequence[str] = (),
        restarts: int = 0,
        grace_s: float = 10.0,
        record: Path | None = None,
        proxy: StudyProxy | None = None,
        say: Callable[[str], None] = print,
    ) -> None:
        self.monitoring_url = monitoring_url.rstrip("/")
        self.machine_id = machine_id
        self.current_assignment: dict[str, Any] | None = None
        """The assignment that this machine carries out."""
        self.current_process: subprocess.Popen[bytes] | None = None
        """The study that runs."""
        self.running = True
        """:meth:`main_loop` goes on; what it has started stays when this is unset."""
        self.draining = False
        """No more assignments are taken; :meth:`main_loop` returns after the last one."""
        self._server = Monitoring(monitoring_url, token, ca_file, config_hosts)
        self._command = list(command)
        self._workdir = workdir
        self._grace_s = grace_s
        self._restarts = self._restarts_left = restarts
        self._restart: tuple[float, Path] | None = None
        self._proxy = proxy
        self._say = say
        self._record = StudyRecord(record)
        self._lock = StudyLock(None if record is None else record.with_suffix(".lock"))
        self._earlier: EarlierProcess | StudyLock | None = None
        self._end: dict[str, Any] | None = None
        """How the last study ended, until the server has taken it."""
        self._end_tries = 0
        self._next_end = self._report_until = 0.0
        self._last_poll = float("-inf")
        self._cancelled = self._stopping = self._is_stuck = False
        self._run_id = ""
        """How the server calls the attempt, where it says so in answer to the claim."""
        self._lost_since: float | None = None
        self._wake = threading.Event()
        self._over = threading.Event()
        self._failures = 0
        self._retry_after_s = 0.0
        self._beats = 0
        self._facts: dict[str, Any] = {}
        self._meter: ProcessorMeter | None = None

    def heartbeat(self) -> bool:
        """Say that this machine is there, what it has and how busy it is; return whether the server took it."""
        run_id = self._run_id
        try:
            answer = self._server.post("/api/heartbeat", {"machineId": self.machine_id, **self._measure()})
        except (Unreachable, Refused) as error:
            self._retry_after_s = getattr(error, "retry_after_s", 0.0)
            self._failures += 1
            if not self._failures & (self._failures - 1):
                hint = "; give a token of the server: --token" if getattr(error, "status", 0) in (401, 403) else ""
                self._say(f"Heartbeat failed: {error}{hint} (attempt {self._failures})")
            return False
        if self._failures:
            self._say("The server answers again")
        self._failures, self._retry_after_s = 0, 0.0
        self._obey(answer, run_id)
        return True

    def poll_assignment(self) -> dict[str, Any] | None:
        """Return the next assignment for this machine, ``None`` if there is none."""
        try:
            answer = self._server.get("/api/assignment", {"machineId": self.machine_id})
        except (Unreachable, Refused) as error:
            self._say(f"Assignment poll failed: {error}")
            return None
        return answer if isinstance(answer, dict) and answer.get("config") else None

    def download_config(self, config_url: str, output_path: Path) -> bool:
        """Download a config into a file, whole or not at all; return whether it is there.

        Args:
            config_url: Its address: on the server, or on a host that is allowed.
            output_path: The file.
        """
        try:
            _write_whole(output_path, self._server.download(config_url))
        except (Unreachable, Refused, OSError) as error:
            self._say(f"Config download failed: {error}")
            return False
        return True

    def run_study(self, config_path: Path) -> subprocess.Popen[bytes]:
        """Start a study; return its process, which leads a group of its own.

        Args:
            config_path: Its config.

        Raises:
            OSError: It cannot be started.
        """
        command = fill_command(self._command, str(Path(config_path).absolute()))
        return self._lock.start(command, env=self._study_environment(), cwd=self._folder(), **group_options())

    def handle_assignment(self, assignment: dict[str, Any]) -> None:
        """Download an assignment's config, claim the assignment, and start its study.

        What goes wrong before the claim is said, and leaves the assignment to the next poll, or to another machine.

        Args:
            assignment: As :meth:`poll_assignment` returns it.
        """
        index = assignment.get("split_index", 0)
        if isinstance(index, bool) or not isinstance(index, int):
            self._say(f"The assignment is not taken: split_index is {index!r}, not a whole number")
            return
        config_path = self._folder() / f"assigned_config_{index}.json"
        self._run_id = ""
        if not self._fetch(assignment, config_path) or not self._claim(assignment):
            return
        self._cancelled, self._restarts_left = False, self._restarts
        self._start(assignment, config_path)

    def main_loop(self) -> None:
        """Work until :attr:`running` is unset, or until the last study has ended after :meth:`drain` or :meth:`stop`.

        Heartbeats are sent by a thread of their own, also during downloads.
        """
        self._take_up()
        self._over.clear()
        beating = threading.Thread(target=self._keep_beating, name="heartbeat", daemon=True)
        beating.start()
        try:
            while self.running and not self._done():
                self._tick()
                self._wake.wait(LOOK_S)
                self._wake.clear()
        finally:
            self._over.set()
            beating.join(HEARTBEAT_S)

    def drain(self) -> None:
        """Take no more assignments, and return from :meth:`main_loop` when the study has ended."""
        self.draining = True

    def stop(self) -> None:
        """End the study, report that, and return from :meth:`main_loop`."""
        self._stopping = self.draining = True
        self._report_until = time.monotonic() + self._grace_s + LAST_REPORT_S

    def leave(self) -> None:
        """Return from :meth:`main_loop` at once; the study goes on, and the next agent watches it."""
        self.running = False

    def _folder(self) -> Path:
        return self._workdir or Path.cwd()

    def _study_environment(self) -> dict[str, str]:
        environment = {name: value for name, value in os.environ.items() if name not in _SECRETS}
        environment.update(
            GOLIAT_WEBGUI_ENABLED="true",
            GOLIAT_MONITORING_URL=self.monitoring_url,
            GOLIAT_MACHINE_ID=self.machine_id,
        )
        identifier = _identifier(self.current_assignment)
        if identifier:
            environment["GOLIAT_ASSIGNMENT_ID"] = identifier
        if self._proxy is not None:
            environment.update(self._proxy.environment())
        return environment

    def _fetch(self, assignment: dict[str, Any], config_path: Path) -> bool:
        """Put an assignment's config in its place; return whether it is there and is the one that was meant."""
        address, config = assignment.get("config_url"), assignment.get("config")
        if isinstance(address, str) and address:
            self._say("Downloading the config ...")  # its address may hold a signature
            if not self.download_config(address, config_path):
                return False
        elif isinstance(config, dict):
            try:
                _write_whole(config_path, json.dumps(config, indent=2).encode("utf-8"))
            except OSError as error:
                self._say(f"The assignment is not taken: its config cannot be written: {error}")
                return False
        else:
            self._say("The assignment is not taken: it has no config_url")
            return False
        digest = assignment.get("config_sha256")
        if digest and hashlib.sha256(config_path.read_bytes()).hexdigest() != digest:
            self._say(f"The assignment is not taken: {config_path.name} is not the config that it names by its digest")
            return False
        return True

    def _claim(self, assignment: dict[str, Any]) -> bool:
        """Claim an assignment, where the server has such a call; return whether this machine has it now."""
        identifier = _identifier(assignment)
        if not identifier:
            return True
        problem: Exception | None = None
        for number in range(_CLAIM_TRIES):  # a claim whose answer was lost may be made again
            if number:
                self._over.wait(wait_s(number + 1, getattr(problem, "retry_after_s", 0.0)))
            try:
                claimed = self._server.post(f"/api/assignments/{identifier}/claim", {"machineId": self.machine_id})
            except Unreachable as error:
                problem = error
            except Refused as refused:
                if refused.status in _NO_SUCH_CALL and "error" not in refused.body:
                    return True
                problem = refused
                break
            else:
                self._lost_since = None
                self._run_id = str(claimed.get("runId") or "") if isinstance(claimed, dict) else ""
                return True
        self._say(f"Assignment {identifier} is not taken: {problem}")
        return False

    def _start(self, assignment: dict[str, Any], config_path: Path) -> None:
        self.current_assignment = assignment
        self._say(f"Starting study with config {config_path} ...")
        self._save(
            assignment=assignment, run_id=self._run_id
        )  # an agent that dies now leaves a study that has the lock
        try:
            self.current_process = process = self.run_study(config_path)
        except OSError as error:
            self._finish(f"with errors: its command cannot be started: {error}", None)
            return
        identity = process_identity(process.pid)
        self._save(pid=process.pid, identity=identity, assignment=assignment, run_id=self._run_id)

    def _take_up(self) -> None:
        """Go on with what an earlier agent of this machine left."""
        kept = self._record.load()
        if kept.get("end"):
            self._end = kept["end"]
            return
        earlier: EarlierProcess | StudyLock
        earlier = EarlierProcess(int(kept.get("pid") or 0), str(kept.get("identity") or ""))
        if not earlier.alive:
            earlier = self._lock
        if earlier.alive and self.current_process is None:
            self._say(f"Watching the study that an earlier agent started, process {earlier.pid or 'unknown'}")
            self._earlier, self.current_assignment = earlier, kept.get("assignment")
            self._run_id = str(kept.get("run_id") or "")
        else:
            self._forget()

    def _keep_beating(self) -> None:
        while not self._over.is_set():
            pause = HEARTBEAT_S
            try:
                taken = self.heartbeat()
            except Exception as error:  # noqa: BLE001 - without this thread the machine would count as gone
                self._say(f"Heartbeat failed: {type(error).__name__}: {error}")
                taken = False
            if not taken:
                pause = max(HEARTBEAT_S, wait_s(self._failures, self._retry_after_s))
            self._over.wait(pause)

    def _tick(self) -> None:
        """Do what is due."""
        if self._end is not None:
            self._report_end()
        elif self.current_process is not None:
            self._watch(self.current_process)
        elif self._earlier is not None:
            self._watch_earlier(self._earlier)
        elif self._restart is not None:
            self._start_again(*self._restart)
        elif self._proxy is not None and not self._proxy.drained:
            pass  # what a study said that has ended would count for the next one
        elif not self.draining and time.monotonic() - self._last_poll >= POLL_S:
            assignment = self.poll_assignment()
            if assignment:
                self.handle_assignment(assignment)
            self._last_poll = time.monotonic()

    def _done(self) -> bool:
        busy = (self.current_process, self._earlier, self._restart, self._end)
        return self.draining and not any(each is not None for each in busy)

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        code = process.poll()
        if code is None and self._is_lost():
            self._say("The server has given the study up, and so does this machine")
            end_tree(process, self._grace_s)
            self.current_process = self.current_assignment = None
            self._forget()
            return
        if code is None and not (self._cancelled or self._stopping):
            return
        if code is None:
            self._say("Ending the study")
            code = end_tree(process, self._grace_s)
        else:
            kill_tree(process.pid)  # what it left behind
        self._say(f"Study completed with return code {code}")
        self.current_process = None
        if code != 0 and not (self._cancelled or self._stopping) and self._restarts_left > 0:
            pause = wait_s(self._restarts - self._restarts_left + 3)
            self._restarts_left -= 1
            self._say(f"Starting it again in {pause:.0f} s; {self._restarts_left} more restarts after that")
            self._restart = (time.monotonic() + pause, self._config_path())
            return
        why = "cancelled" if self._cancelled else f"exit code {code}"
        self._finish("successfully" if code == 0 else f"with errors: {why}", code)

    def _is_lost(self) -> bool:
        """Whether the server has given the study up, and it does not end by itself."""
        return self._lost_since is not None and time.monotonic() - self._lost_since > LOST_S

    def _watch_earlier(self, earlier: EarlierProcess | StudyLock) -> None:
        """Watch a study of an earlier agent: what became of it, it tells the server itself, or the next poll does."""
        pid = earlier.pid if self._cancelled or self._stopping or self._is_lost() else None
        if pid == 0 and earlier.alive and not self._is_stuck:
            self._is_stuck = True
            self._say("The study of the earlier agent is to end, and its process cannot be found: end it by hand")
        elif pid and earlier.alive:
            ask_to_end(pid)
            deadline = time.monotonic() + self._grace_s
            while earlier.alive and time.monotonic() < deadline:
                time.sleep(0.05)
            if earlier.alive:
                kill_tree(pid)
        if not earlier.alive:
            self._say("The study of the earlier agent has ended")
            self._earlier = self.current_assignment = None
            self._is_stuck = False
            self._forget()

    def _start_again(self, due: float, config_path: Path) -> None:
        assignment = self.current_assignment or {}
        if self._cancelled or self._stopping:
            self._restart = None
            self._finish("with errors", None)
        elif time.monotonic() >= due:
            self._restart = None
            if self._claim(assignment):  # the study itself may have reported its end
                self._start(assignment, config_path)
            else:
                self.current_assignment = None
                self._forget()

    def _config_path(self) -> Path:
        return self._folder() / f"assigned_config_{(self.current_assignment or {}).get('split_index', 0)}.json"

    def _finish(self, how: str, code: int | None) -> None:
        """Note how the study ended, and report it."""
        self.current_process = None
        # A study that its agent ended did not fail: the server gives it to another machine when the lease has expired.
        self._end = {"how": how, "code": code, "stopped": self._stopping and not self._cancelled}
        self._end_tries, self._next_end = 0, 0.0
        self._save(end=self._end)
        self.current_assignment = None
        if how != "successfully":
            self._say(f"Study ended {how}")
        self._report_end()

    def _report_end(self) -> None:
        """Report how the study ended, until the server has taken it or refuses it for good."""
        assert self._end is not None
        if time.monotonic() < self._next_end:
            return
        try:
            if self._proxy is not None and not self._proxy.drained:
                raise Unreachable("messages of the study wait")
            for message in _last_messages(self._end):
                self._server.post("/api/gui-update", self._update(message))
        except Unreachable as error:
            self._put_off_end(error.retry_after_s)
            return
        except Refused as refused:
            if refused.status in WITHOUT_LEAVE:
                self._put_off_end(0.0)
                return
            if refused.status not in _NO_SUCH_CALL:
                self._say(f"The server does not take the end of the study: {refused}")
        self._end = None
        self._forget()

    def _put_off_end(self, retry_after_s: float) -> None:
        """Report the end later, or leave that to the next agent."""
        self._end_tries += 1
        self._next_end = time.monotonic() + wait_s(self._end_tries, retry_after_s)
        if self._stopping and time.monotonic() > self._report_until:
            self._say("The end of the study is reported when the agent is started again")
            self.running = False

    def _update(self, message: dict[str, Any]) -> dict[str, Any]:
        return {"machineId": self.machine_id, "message": message, "timestamp": time.time()}

    def _forget(self) -> None:
        """Forget the study: nothing of it is left to do."""
        self._record.clear()
        self._lock.clear()

    def _save(self, **fields: Any) -> None:
        try:
            self._record.save(fields)
        except OSError as error:
            self._say(f"The agent's folder cannot be written: {error}")

    def _obey(self, answer: Any, run_id: str) -> None:
        """Take what the server answers to a heartbeat: what was cancelled, and what this machine still has.

        Args:
            answer: The answer.
            run_id: The attempt that the machine had when it asked.
        """
        if not isinstance(answer, dict):
            return
        cancelled, runs = answer.get("cancelled"), answer.get("runs")
        own = {_identifier(self.current_assignment), run_id} - {""}
        if isinstance(cancelled, list) and own & set(map(str, cancelled)) and run_id == self._run_id:
            self._cancelled = True
            self._wake.set()
        if run_id and run_id == self._run_id and isinstance(runs, list):
            self._lost_since = None if run_id in runs else self._lost_since or time.monotonic()

    def _measure(self) -> dict[str, Any]:
        """Return what this machine has, and what is used of it."""
        if self._meter is None:
            gpus = nvidia("name")
            self._facts = {"hostname": socket.gethostname(), "cpuCores": os.cpu_count() or 1}
            self._facts["totalRamGB"] = round(memory_mb()[0] / 1024, 1)
            self._facts["gpuName"] = gpus[0][0] if gpus else ""
            self._meter = ProcessorMeter()
        if self._beats % _MEASURED_EVERY == 0:
            self._facts["load"] = machine_load(self._meter)
        self._beats += 1
        return self._facts


def _last_messages(end: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the messages that say how a study ended."""
    code, how = end["code"], f"Study finished {end['how']}"
    if end["stopped"]:
        text = "The agent was stopped, and has ended the study"
        return [{"type": "terminal_only", "message": text, "log_type": "warning", "timestamp": time.time()}]
    messages = [{"type": "finished", "message": how, "exit_code": code}]
    if code == MEMORY_ERROR:
        messages.insert(0, {"type": "memory_error", "message": "the study ran out of memory", "exit_code": code})
    return messages


def _identifier(assignment: dict[str, Any] | None) -> str:
    """Return the id of an assignment, empty if it has none."""
    found = (assignment or {}).get("id", (assignment or {}).get("assignment_id", ""))
    text = str(found) if isinstance(found, (str, int)) else ""
    return text if all(character.isalnum() or character in "-_." for character in text) else ""


def _write_whole(path: Path, data: bytes) -> None:
    """Write a file, whole or not at all.

    Raises:
        OSError: It cannot be written.
    """
    temporary = path.with_name(path.name + ".part")
    temporary.write_bytes(data)
    os.replace(str(temporary), str(path))  # noqa: PTH105 - Python 3.8 on Windows
