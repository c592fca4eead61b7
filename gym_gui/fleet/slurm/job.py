"""What runs on a node: one job for each attempt. It takes the order, starts the launcher, obeys, and reports."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec

from gym_gui.fleet.agent.attempt_build import AttemptBuild
from gym_gui.fleet.agent.environments import Environments, EnvironmentUnavailable, node_folder
from gym_gui.fleet.agent.processes import Processes
from gym_gui.fleet.agent.worker_program import WorkerProgram
from gym_gui.fleet.lease import FAILED, REFUSED, RELEASED, Lease, end
from gym_gui.fleet.orders import Order, OrderBox
from gym_gui.fleet.provisioner import AttemptReport
from gym_gui.runs import UTF8, VISIBLE_DEVICES, RunFolder, write_json_atomic
from gym_gui.supervision import LAUNCHER
from gym_gui.workers.environments import bundle_path

#: Seconds between two looks at commands and processes, and between two reports without news.
TICK_S, REPORT_S = 0.25, 2.0
#: Seconds for which an attempt that was given up may take to end before its processes are killed.
GIVE_UP_S = 10.0
#: Within so many seconds Slurm signals all processes of a job.
_SIGNALS_S = 0.5
#: What a job may see later than the home wrote it: a network file system's caches, seconds.
_CACHE_S = 30.0
_ADVICE = "put the environment of {worker} where the nodes see it"
#: Variables of the job that a worker gets, whatever its own environment says.
_OF_JOB = ("SLURM_", "SLURMD_", "CUDA_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL", "ROCR_VISIBLE_DEVICES", "TMPDIR")


def carry_out(path: str, worker_id: str, attempt: int) -> str:
    """Carry out an attempt on this node; return how that ended, in words.

    Args:
        path: The run's folder.
        worker_id: The worker.
        attempt: Its attempt.

    Raises:
        FileNotFoundError: The home is not on this node.
    """
    return _Job(RunFolder(Path(path)), worker_id, attempt).run()


class _Job:
    def __init__(self, folder: RunFolder, worker_id: str, attempt: int) -> None:
        self._folder = folder
        self._key = worker_id, attempt
        self._box = OrderBox(folder)
        self._id = os.environ.get("SLURM_JOB_ID") or os.environ.get("SUBMITIT_LOCAL_JOB_ID") or str(os.getpid())
        self._node = os.environ.get("SLURMD_NODENAME") or socket.gethostname()
        self._parent = os.getppid()
        self._ending = ""
        """Why Slurm is about to end this job, in words."""
        self._done = 0
        self._reported: tuple[float, dict[str, Any]] = (float("-inf"), {})

    def run(self) -> str:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR2):
            signal.signal(number, self._note_signal)
        order = self._take()
        if order is None:
            return "it is not wanted any more"
        lease = Lease(machine=self._node, session=self._id, token=secrets.token_urlsafe(24), granted_at=time.time())
        write_json_atomic(self._box.lease_path(*self._key), lease)
        spec_path = self._folder.launch_spec(*self._key)
        spec = self._placed(order.spec)
        processes = Processes(spec, spec_path, LAUNCHER)
        try:
            why = self._start(processes, spec, order)
            if why:
                return self._release(lease, FAILED if self._ending else REFUSED, self._ending or why)
        except EnvironmentUnavailable as error:
            return self._release(lease, REFUSED, str(error))
        except OSError as error:
            return self._release(lease, REFUSED, f"its launcher cannot be started on node {self._node}: {error}")
        guard = subprocess.Popen(
            [sys.executable, *UTF8, "-m", "gym_gui.fleet.slurm.guard", str(spec_path)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            state, why = self._look_after(processes, lease)
        except OSError as error:  # the file system is gone: the guard has the rest
            return f"the run's folder cannot be used on node {self._node}: {error}"
        with contextlib.suppress(OSError):
            guard.communicate(b".")
        return self._release(lease, state, why)

    def _start(self, processes: Processes, spec: dict[str, Any], order: Order) -> str:
        """Start the launcher, in an environment of this node where the worker's is not there; return why it is not.

        Raises:
            EnvironmentUnavailable: It is to be built, and cannot be.
            OSError: The launcher cannot be started.
        """
        pip = {name: value for name, value in spec["env"].items() if name.startswith("PIP_")}
        folder = node_folder({**os.environ, **spec["env"]})
        environments = Environments(folder / "environments", order.building, pip, within=folder)
        program = WorkerProgram(spec, msgspec.to_builtins(order), {}, environments, _ADVICE)
        if not program.is_to_be_built():
            missing = program.choose() if order.environment is not None else ""
            if not missing:
                processes.start()
            return missing
        about = {"run_id": self._folder.run_id, "worker_id": order.worker_id}
        build = AttemptBuild(
            program,
            environments,
            self._folder.stderr_log(*self._key),
            about,
            self._read_bundle(program.digest),
            lambda: self._report_build(build.progress),
            self._is_wanted,
        )
        if not build.prepare():
            return "it was to end before its environment was built"
        with build.held() as descriptor:
            processes.start([descriptor])
        return ""

    def _read_bundle(self, digest: str) -> Callable[[str, int], bytes]:
        """Return what reads the bundle of the environment, which the node sees as the rest of the home."""
        path = bundle_path(self._folder.path.parent.parent, digest)

        def read(_name: str, offset: int) -> bytes:
            with path.open("rb") as stream:
                stream.seek(offset)
                return stream.read()

        return read

    def _is_wanted(self) -> bool:
        """Return whether there is still a use in beginning the attempt."""
        return not (self._ending or self._box.commands(*self._key) or not self._folder.path.exists())

    def _report_build(self, progress: str) -> None:
        report = AttemptReport(at=time.time(), note=progress, preparing=bool(progress))
        with contextlib.suppress(OSError):
            write_json_atomic(self._box.report_path(*self._key), report, sync=False)

    def _take(self) -> Order | None:
        """Take the order; ``None`` if it was withdrawn, or another job has it."""
        deadline = time.monotonic() + _CACHE_S
        while not self._ending:
            with contextlib.suppress(OSError):
                os.listdir(self._box.path)  # noqa: PTH208 - a network file system looks again
            order = self._box.take(*self._key)
            gone = (self._box.taken_path(*self._key), self._box.refused_path(*self._key))
            if order is not None or any(path.exists() for path in gone) or self._withdrawn():
                return order
            if time.monotonic() > deadline:
                break
            time.sleep(TICK_S)
        if not self._folder.path.exists():
            raise FileNotFoundError(
                f"node {self._node} does not see {self._folder.path}: the home must be on a file system that the nodes"
                " share, at the same path"
            )
        return None

    def _withdrawn(self) -> bool:
        return self._box.withdrawn_path(*self._key).exists()

    def _placed(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Return what the launcher is to do, with the variables of this job."""
        own = {name: value for name, value in os.environ.items() if name.startswith(_OF_JOB)}
        return {**spec, "env": {**spec["env"], VISIBLE_DEVICES: "", **own}}

    def _look_after(self, processes: Processes, lease: Lease) -> tuple[str, str]:
        """Report and obey until the attempt is over; return how its lease ends, and why."""
        stopped_at: float | None = None
        while True:
            self._obey(processes)
            ended, alive = processes.ended, processes.alive()
            if ended or not alive:
                ended = processes.ended
                if self._done == 0 and (ended.get("signal") is not None or ended.get("reason") == "terminated"):
                    time.sleep(_SIGNALS_S)  # by Slurm, perhaps, which signals this process next
                break
            self._report(processes)
            why = self._given_up(lease) or self._ending or self._orphaned()
            now = time.monotonic()
            if why and stopped_at is None:
                processes.signal("stop")
                stopped_at = now
            elif stopped_at is not None and not self._ending and now - stopped_at > GIVE_UP_S:
                processes.signal("kill_all")
            time.sleep(TICK_S)
        if self._ending:
            return FAILED, self._ending
        if ended:
            return RELEASED, ""
        if processes.started:
            return RELEASED, "its launcher was killed"
        return FAILED, f"its launcher died before the worker began: {processes.last_words()}"

    def _given_up(self, lease: Lease) -> str:
        """Return why the home has given the attempt up; empty: it has not."""
        found = self._box.lease(*self._key)
        if found is None:
            return "" if self._folder.path.exists() else "the run is gone"
        return "" if found.held and found.token == lease.token else found.why or found.state

    def _orphaned(self) -> str:
        """Note the end of the process that started this one: no process would end this one any more."""
        if os.getppid() != self._parent and not self._ending:
            self._ending = f"the processes of job {self._id} were killed"
        return self._ending

    def _obey(self, processes: Processes) -> None:
        for command in self._box.commands(*self._key):
            if command.number > self._done:
                self._done = command.number
                processes.signal(command.signal)

    def _report(self, processes: Processes) -> None:
        """Write down what there is to say of the processes, at once where it is new."""
        found = processes.report()
        news = {name: value for name, value in found.items() if isinstance(value, bool)}
        now = time.monotonic()
        if news != self._reported[1] or now - self._reported[0] >= REPORT_S:
            self._reported = now, news
            report = msgspec.convert({**found, "at": time.time()}, AttemptReport)
            with contextlib.suppress(OSError):
                write_json_atomic(self._box.report_path(*self._key), report, sync=False)

    def _release(self, lease: Lease, state: str, why: str) -> str:
        """End the lease, unless the home has done so."""
        now = self._box.lease(*self._key)
        if now is None or now.held:
            write_json_atomic(self._box.lease_path(*self._key), end(lease, state, why, time.time()))
        return why or state

    def _note_signal(self, number: int, _frame: FrameType | None) -> None:
        if self._ending:
            return
        if number == signal.SIGUSR2:
            self._ending = f"Slurm ends job {self._id} on node {self._node}: its time is over, or it is preempted"
        else:
            self._ending = f"Slurm ended job {self._id} on node {self._node}"
