"""A script from its start to its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cleanrl_worker.sampling import sampling_period
from cleanrl_worker.sdk import MosaicError, log_constant, log_constants

from .command import script_argv
from .environment import script_environment
from .events import ScriptEvents
from .scalars import ScalarTail

if TYPE_CHECKING:
    from cleanrl_worker.config import CleanRLWorkerConfig

#: How often TensorBoard files are checked, in seconds.
POLL_S = 0.5
#: How long a script may take to end after SIGTERM, in seconds; the supervisor kills 30 s after its own.
GRACE_S = 20.0
STDERR_LINES = 20


class ScriptFailedError(MosaicError):
    """A script ended with another exit code than 0.

    Args:
        script: Which one.
        code: Its exit code; below 0: the signal that ended it.
        stderr: The last lines that it wrote there.
    """

    def __init__(self, script: str, code: int, stderr: list[str]) -> None:
        how = f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
        super().__init__(
            f"The script ended with {how}.", where=script, why="\n    ".join(stderr) or "no word on stderr"
        )
        self.details = {"exit_code": code, "stderr": stderr}


class ScriptJob:
    """Runs a script and emits what its environments and its TensorBoard files tell.

    Args:
        config: Names the script.
        seed: The run's seed.
        emitter: Where events go.
        folder: Where the script runs: what it writes stays there, its stdout too.
        logger: Takes log records.
    """

    def __init__(self, config: CleanRLWorkerConfig, seed: int, emitter: Any, folder: Path, logger: Any) -> None:
        self._config, self._seed, self._emitter, self._folder, self._logger = config, seed, emitter, folder, logger
        self._events = ScriptEvents(emitter)
        self._stderr: deque[str] = deque(maxlen=STDERR_LINES)
        self._started = time.perf_counter()

    def run(self) -> dict[str, Any]:
        """Run the script to its end.

        Raises:
            ScriptFailedError: It ended with another exit code than 0.
        """
        tail = ScalarTail(self._folder)
        stdout = self._folder / f"{self._config.name}.stdout.log"
        ours, theirs = os.pipe()
        with stdout.open("ab") as out:
            process = self._start(theirs, out)
        log_constant(
            self._logger,
            log_constants.LOG_WORKER_CLEANRL_SUBPROCESS_STARTED,
            run_id=self._config.run_id,
            pid=process.pid,
        )
        threads = [
            threading.Thread(target=self._listen, args=(ours,), daemon=True),
            threading.Thread(target=self._keep_stderr, args=(process,), daemon=True),
        ]
        for thread in threads:
            thread.start()
        try:
            while process.poll() is None:
                self._plot(tail)
                try:
                    process.wait(POLL_S)
                except subprocess.TimeoutExpired:
                    continue
        except BaseException:
            self._end(process)
            raise
        finally:
            for thread in threads:
                thread.join(timeout=5.0)
            self._plot(tail)
            self._events.close()
        if process.returncode:
            log_constant(
                self._logger,
                log_constants.LOG_WORKER_CLEANRL_SUBPROCESS_FAILED,
                run_id=self._config.run_id,
                exit_code=process.returncode,
            )
            raise ScriptFailedError(str(self._config.script), process.returncode, list(self._stderr))
        return {"seed": self._seed, **self._figures(), "exit_code": 0, "stdout": str(stdout)}

    def vital_signs(self) -> dict[str, Any]:
        """Return what a heartbeat says."""
        elapsed = time.perf_counter() - self._started
        return {"step": self._events.steps, "steps_per_second": round(self._events.steps / max(elapsed, 1e-9), 1)}

    def _start(self, descriptor: int, stdout: Any) -> subprocess.Popen[bytes]:
        period = sampling_period(self._config.steps)
        try:
            return subprocess.Popen(
                script_argv(self._config, self._seed),
                cwd=self._folder,
                env=script_environment(self._config, descriptor, period),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=subprocess.PIPE,
                pass_fds=(descriptor,),
                start_new_session=not _leads_group(),
            )
        finally:
            os.close(descriptor)

    def _listen(self, descriptor: int) -> None:
        with os.fdopen(descriptor, "rb") as lines:
            self._events.take(lines)

    def _keep_stderr(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stderr is not None
        with process.stderr as lines:
            for line in lines:
                text = line.decode("utf-8", "replace").rstrip("\n")
                self._stderr.append(text[:2000])
                sys.stderr.write(text + "\n")

    def _plot(self, tail: ScalarTail) -> None:
        for step, values in tail.read():
            self._emitter.metrics(step, values)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """Pass the request to end on to the script and all that it has started."""
        for number, patience in ((signal.SIGTERM, GRACE_S), (signal.SIGKILL, 5.0)):
            _signal(process, number)
            try:
                process.wait(patience)
                return
            except subprocess.TimeoutExpired:
                continue

    def _figures(self) -> dict[str, Any]:
        recent = self._events.recent
        return {
            "total_steps": self._events.steps,
            "episodes": self._events.episodes,
            "mean_return_100": float(np.mean(recent)) if recent else None,
            **{name: value for name, value in self.vital_signs().items() if name != "step"},
        }


def _leads_group() -> bool:
    """Return whether this process leads its group, as a worker does.

    Its script then stays in that group, so that one signal to it pauses or ends both; else it gets a group of its own.
    """
    return os.getpgrp() == os.getpid()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        if not _leads_group():
            os.killpg(process.pid, number)
        elif number == signal.SIGKILL:
            process.kill()
        else:
            before = signal.signal(number, signal.SIG_IGN)  # the group is this process's own, too
            os.killpg(os.getpgrp(), number)
            signal.signal(number, before)
    except ProcessLookupError:
        return
