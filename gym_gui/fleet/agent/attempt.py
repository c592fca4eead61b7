"""One attempt that this machine has taken: fetched, started, shipped, released, whatever is restarted in between."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gym_gui.fleet.agent.attempt_build import AttemptBuild
from gym_gui.fleet.agent.command_launcher import CommandProcesses
from gym_gui.fleet.agent.environments import NEVER, Environments, EnvironmentUnavailable
from gym_gui.fleet.agent.inputs import AttemptInputs, InputStore
from gym_gui.fleet.agent.processes import Processes
from gym_gui.fleet.agent.server import Backoff, Refused, Server, Unreachable
from gym_gui.fleet.agent.shipper import Shipper
from gym_gui.fleet.agent.worker_program import WorkerProgram

#: Seconds between two looks at the logs, and between two looks for other files.
TICK_S, FILES_S = 0.25, 5.0
#: A launcher that dies this often before its worker begins is not tried again.
MAX_LAUNCHES = 3
#: Seconds for which an attempt that was given up may take to end before its processes are killed.
GIVE_UP_S = 10.0


#: Held while it is decided whether a run's folder goes, and while an attempt is written down that needs it.
_FOLDERS = threading.Lock()


class HeldAttempt:
    """An attempt of a worker that this machine has.

    Args:
        root: The agent's folder.
        server: Where it comes from.
        state: What is kept of it: ``run_id worker_id attempt token order files``.
        launcher: The program ``launcher.py``; or, where that cannot run, the words that start the agent's program.
        pythons: Interpreters by worker, in place of those of the order.
        say: Reports in words.
        advice: What to do where a worker's interpreter is not there; ``{worker}`` is its name.
        environments: Those of workers that this machine builds; ``None``: it builds none.
        store: Files of other runs that attempts begin with; ``None``: in the agent's folder.
    """

    def __init__(
        self,
        root: Path,
        server: Server,
        state: dict[str, Any],
        launcher: Path | list[str],
        pythons: dict[str, str],
        say: Callable[[str], None],
        advice: str = "start its agent with --python {worker}=/path/to/python",
        environments: Environments | None = None,
        store: InputStore | None = None,
    ) -> None:
        self.state = state
        self.over = False
        """Nothing of it is left on this machine."""
        self.note = ""
        """What keeps it from going on, in words."""
        self._server = server
        self._tell = say
        self._folder = root / "runs" / state["run_id"]
        self._home = root
        self._stale = threading.Event()
        self._stopping = False
        self._commands: list[dict[str, Any]] = []
        self._done = 0
        self._cancelled = False
        self._wake = threading.Event()
        self._obeying = threading.Lock()
        self._backoff = Backoff(server)
        self._fetched: set[str] = set()
        self._launches = self._refusals_said = 0
        self._files_at = float("-inf")
        order = state["order"]
        self._inputs = AttemptInputs(
            order.get("inputs") or [],
            self._folder / "inputs" / str(state["worker_id"]),
            store or InputStore(root / "inputs"),
            self._fetch_part,
            self._is_wanted,
        )
        spec = self._placed(order["spec"], order["home"])
        base = f"{state['worker_id']}.a{state['attempt']}"
        environments = environments or Environments(root / "environments", NEVER)
        self._program = WorkerProgram(spec, order, pythons, environments, advice)
        spec_path = self._folder / "control" / f"{base}.launch.json"
        self._processes = (
            CommandProcesses(spec, spec_path, launcher)
            if isinstance(launcher, list)
            else Processes(spec, spec_path, launcher)
        )
        self._shipper = Shipper(
            server,
            self._folder,
            self.lease,
            [self._relative(spec["stdout"]), self._relative(spec["stderr"])],
            [f"{kind}/{state['worker_id']}" for kind in ("checkpoints", "tensorboard", "videos", "work")],
        )
        about = {name: state[name] for name in ("run_id", "worker_id")}
        self._build = AttemptBuild(
            self._program,
            environments,
            Path(spec["stderr"]),
            about,
            self._fetch_part,
            self._shipper.ship_logs,
            self._is_wanted,
        )
        self._thread = threading.Thread(target=self._carry_out, name=base, daemon=True)

    @property
    def lease(self) -> dict[str, Any]:
        """Fields that name the attempt and its token in calls."""
        return {name: self.state[name] for name in ("run_id", "worker_id", "attempt", "token")}

    @property
    def label(self) -> str:
        """The attempt in words."""
        return f"run {self.state['run_id']} worker {self.state['worker_id']} attempt {self.state['attempt']}"

    def begin(self) -> None:
        """Go on from wherever it stands."""
        self._save()
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait until it is over."""
        self._thread.join(timeout_s)

    def report(self) -> dict[str, Any]:
        """Return what the next heartbeat tells of it."""
        progress = self._build.progress or self._inputs.progress
        about = {"note": progress or self.note, "preparing": bool(progress)}
        return {**self.lease, "report": {**self._processes.report(), **about}}

    def take(self, answer: dict[str, Any]) -> None:
        """Take what a heartbeat was answered about it."""
        if answer.get("state") == "stale":
            self.note = str(answer.get("why", ""))
            self._stale.set()
        self._cancelled = self._cancelled or bool(answer.get("cancelled"))
        self._commands = [each for each in answer.get("commands", ()) if each.get("number", 0) > self._done]
        if self._processes.started:  # at once, also while large files are shipped
            self._obey()
        self._wake.set()

    def stop(self, name: str = "stop") -> None:
        """Ask its processes to end; none is started any more."""
        self._stopping = True
        self._processes.signal(name)

    def _carry_out(self) -> None:
        try:
            self._patiently(self._prepare)
            while not self._stale.is_set() and not self._step():
                self._wake.wait(TICK_S)
                self._wake.clear()
        except Refused as refused:
            self._tell(f"{self.label}: {refused}")
            if not refused.stale:
                self._give_back("failed", f"the server refuses its files: {refused}")
        except Exception as error:  # noqa: BLE001 - whatever it is, the server is to know, and the agent goes on
            self._tell(f"{self.label}: {type(error).__name__}: {error}")
            self._give_back("failed", f"its agent failed: {type(error).__name__}: {error}")
        try:
            self._end_processes()
            self._remove()
        except OSError as error:
            self._tell(f"{self.label}: not all of it could be removed: {error}")
        finally:
            self.over = True

    def _prepare(self) -> None:
        """Fetch what it begins with, and start it.

        Raises:
            Unreachable: Try again.
            Refused: The attempt was given up.
        """
        if self._processes.started or self._processes.ended or self._processes.alive():
            return
        if self.state.get("begun"):  # it must not run twice
            self._release("failed", "the machine began it, and has lost what it had of it")
            self._stale.set()
            return
        built = self._program.is_to_be_built()
        try:
            problem = str(self.state["order"].get("problem") or "")
            if not problem and built and not self._build.prepare():
                self._give_back_early()
                return
            problem = problem or ("" if built else self._program.choose()) or self._inputs.take()
        except EnvironmentUnavailable as error:
            problem = str(error)
        if problem and self._is_wanted():
            self._refuse(problem)
        elif problem:
            self._give_back_early()
        if problem:
            return
        for name, size in self.state["files"]:
            if name not in self._fetched:
                self._fetch(str(name), int(size))
                self._fetched.add(name)
        if self._stopping:
            self._release("released", "its machine was stopped before it began")
            self._stale.set()
            self._tell(f"{self.label}: given back: this machine was stopped")
        elif not self._stale.is_set() and self._start(built=built):
            self._tell(f"{self.label}: started")

    def _start(self, *, built: bool) -> bool:
        """Start the launcher; return whether it was.

        Args:
            built: In an environment of this machine, which is kept as long as it is used.
        """
        if not built:
            return self._processes.start()
        assert isinstance(self._processes, Processes)
        with self._build.held() as descriptor:
            return self._processes.start([descriptor])

    def _is_wanted(self) -> bool:
        """Return whether there is still a use in beginning it."""
        ending = any(each.get("signal") in ("stop", "kill", "kill_all") for each in self._commands)
        return not (self._stale.is_set() or self._stopping or self._cancelled or ending)

    def _give_back_early(self) -> None:
        if self._stale.is_set():
            return
        self._release("released", "it was to end before it began")
        self._stale.set()
        self._tell(f"{self.label}: given back before it began")

    def _refuse(self, problem: str) -> None:
        self._release("refused", problem)
        self._stale.set()
        self._tell(f"{self.label}: refused: {problem}")

    def _step(self) -> bool:
        """Obey, ship, and see whether it has ended; return whether it is over."""
        self._obey()
        if not self._processes.alive() and not self._processes.ended and not self._processes.started:
            self._launches += 1  # its launcher died before the worker began
            why = f"its launcher died {self._launches} times before the worker began: {self._processes.last_words()}"
            self._tell(f"{self.label}: {why}")
            if self._launches >= MAX_LAUNCHES:
                self._give_back("refused", why)
                return True
            self._patiently(self._prepare)
            return self._stale.is_set()
        ended = self._processes.ended
        alone = not self._processes.alive() and not ended
        try:
            whole = self._ship(final=bool(ended) or alone)
            if ended and whole:  # last: with it the server has all of the attempt
                exit_record = self._processes.spec["exit"]
                whole = self._shipper.ship_file(self._relative(exit_record), Path(exit_record))
            if (ended or alone) and whole:
                why = self._refused_files() if ended else "its launcher was killed"
                self._release("released", why)
                self._tell(f"{self.label}: " + (f"ended, {_exit_in_words(ended)}" if ended else why))
                return True
            self.note = self._refused_files()
        except Unreachable as error:
            self.note = str(error)
            self._stale.wait(self._backoff.next_s(error))
        else:
            self._backoff.reset()
        return False

    def _refused_files(self) -> str:
        """Return in words which files the server does not take."""
        refused = self._shipper.refused
        if not refused:
            return ""
        name, why = next(iter(refused.items()))
        others = f" and {len(refused) - 1} others" if len(refused) > 1 else ""
        text = f"the server does not take {name[:200]!r}{others}: {why}"
        if len(refused) != self._refusals_said:
            self._refusals_said = len(refused)
            self._tell(f"{self.label}: {text}")
        return text

    def _ship(self, *, final: bool) -> bool:
        """Ship what is new; return whether the server has all that it takes."""
        started = self._processes.spec["started"]
        if self._processes.started and not self.state.get("started_shipped"):
            self.state["started_shipped"] = self._shipper.ship_file(self._relative(started), Path(started))
        self._shipper.ship_logs()
        now = time.monotonic()
        if not final and now - self._files_at < FILES_S:
            return False
        self._files_at = now
        return self._shipper.ship_files(final=final)

    def _obey(self) -> None:
        with self._obeying:
            self._obey_once()

    def _obey_once(self) -> None:
        if self._cancelled:
            intent = Path(self._processes.spec["cancel_intent"])
            if not intent.exists():
                intent.parent.mkdir(parents=True, exist_ok=True)
                intent.write_text("{}", "ascii")
        for command in self._commands:
            if int(command["number"]) > self._done:
                self._done = int(command["number"])
                self._processes.signal(str(command["signal"]))

    def _patiently(self, act: Callable[[], None]) -> None:
        """Do something until the server could be reached for it, or the attempt was given up."""
        while not self._stale.is_set():
            try:
                act()
            except Unreachable as error:  # noqa: PERF203 - it waits anyway
                self.note = str(error)
                self._stale.wait(self._backoff.next_s(error))
            else:
                self._backoff.reset()
                return

    def _fetch(self, name: str, size: int) -> None:
        """Fetch a file that the attempt begins with; paths of the home in it become paths of this machine."""
        path = self._folder / name
        if name.startswith("checkpoints/") and path.exists() and path.stat().st_size == size:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(path.name + ".fetched")
        descriptor = os.open(str(temporary), os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "r+b") as stream:
            while stream.tell() < size:
                part = self._fetch_part(name, stream.tell())
                if not part:
                    raise ValueError(f"{name} ends at {stream.tell():,} of {size:,} bytes on the server")
                stream.write(part)
            if not name.startswith("checkpoints/"):
                stream.seek(0)
                placed = self._placed(json.loads(stream.read()), self.state["order"]["home"])
                stream.seek(0)
                stream.truncate()
                stream.write(json.dumps(placed).encode("ascii"))
        os.replace(str(temporary), str(path))  # noqa: PTH105 - Python 3.8 on Windows

    def _fetch_part(self, name: str, offset: int) -> bytes:
        return self._server.call("fetch", {**self.lease, "path": name, "offset": offset}, timeout_s=30.0).data

    def _placed(self, value: Any, home: str) -> Any:
        """Return plain JSON with the paths of the home's run replaced by this machine's."""
        theirs = f"{home.rstrip('/')}/runs/{self.state['run_id']}"
        if isinstance(value, str):
            if value == home:
                return str(self._home)
            if value in self._inputs.places:
                return str(self._inputs.places[value])
            if value == theirs or value.startswith(theirs + "/"):
                return str(self._folder.joinpath(value[len(theirs) + 1 :]))  # with backslashes on Windows
            return value
        if isinstance(value, dict):
            return {key: self._placed(item, home) for key, item in value.items()}
        if isinstance(value, list):
            return [self._placed(item, home) for item in value]
        return value

    def _relative(self, path: str) -> str:
        relative: str = type(self._folder)(path).relative_to(self._folder).as_posix()
        return relative

    def _give_back(self, outcome: str, why: str) -> None:
        """Tell the server how it ended, until it has taken that: what it knows to be held it gives to this machine."""
        self._processes.signal("stop")
        with contextlib.suppress(Refused):
            self._patiently(lambda: self._release(outcome, why))

    def _release(self, outcome: str, why: str) -> None:
        self._server.call("release", {**self.lease, "outcome": outcome, "why": why})

    def _end_processes(self) -> None:
        """End what still runs of it: the server has given it up."""
        deadline = time.monotonic() + GIVE_UP_S
        if self._processes.alive():
            self._tell(f"{self.label}: given up ({self.note or 'by the server'}): its processes are ended")
            self._processes.signal("stop")
        while self._processes.alive():
            if time.monotonic() > deadline:
                self._processes.signal("kill_all")
                deadline = time.monotonic() + 1.0
            time.sleep(0.05)

    @property
    def _path(self) -> Path:
        return self._home / "held" / f"{self.state['run_id']}.{self.state['worker_id']}.a{self.state['attempt']}.json"

    def _save(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _FOLDERS:
            self._write()

    def _write(self) -> None:
        temporary = self._path.with_suffix(".tmp")
        descriptor = os.open(str(temporary), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(self.state, stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(str(temporary), str(self._path))  # noqa: PTH105 - Python 3.8 on Windows

    def _remove(self) -> None:
        """Forget it; the run's folder goes with its last attempt."""
        left = self._folder.with_name(f".{self._folder.name}.left")
        with _FOLDERS:  # another attempt of the run may begin here at any moment
            self._path.unlink()
            if not any(self._path.parent.glob(f"{self.state['run_id']}.*.json")):
                shutil.rmtree(str(left), ignore_errors=True)
                with contextlib.suppress(OSError):  # on Windows: a program has a file of it open
                    self._folder.rename(left)
        shutil.rmtree(str(left), ignore_errors=True)


def _exit_in_words(record: dict[str, Any]) -> str:
    if record.get("reason") == "spawn_failed":
        return f"could not be started: {record.get('error')}"
    if record.get("signal") is not None:
        return f"by signal {record['signal']}"
    return f"exit code {record.get('code')}"
