"""A Ray instance of the run's own: no other is joined or stopped, and nothing of it is left behind."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from gym_gui.core.worker.errors import MosaicError
from gym_gui.core.worker.signals import Cancelled

from .processes import MARK, end_processes
from .scratch import Scratch, object_store_folder

#: Seconds that Ray may take to start; a slow disk under load takes most of a minute.
START_S = 180.0
_STOP_S = 10.0
#: Another try makes sense with this much time left, in seconds.
_LEAST_START_S = 60.0
_POLL_S = 0.2
#: What a start fails with that the next one may do without; the last is Ray's word for a port that was taken.
_PASSING = ("timed out", "address already in use", "failed to start the grpc server")


def private_environment(scratch: Scratch) -> dict[str, str]:
    """Return what makes an instance private: its own token, no usage reports, no address of another's."""
    return {
        MARK: str(scratch.path),
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(scratch.token),
        "RAY_USAGE_STATS_ENABLED": "0",
        # As on systems with firewalls that ask: all of it listens on the loopback device alone.
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_DEDUP_LOGS": "0",
        "RAY_COLOR_PREFIX": "0",
        # MOSAIC keeps the run's limits; Ray's own guard looks at the whole machine and kills what others fill.
        "RAY_memory_monitor_refresh_ms": "0",
        # On a machine under load a node that is alive may not answer for a while.
        "RAY_health_check_failure_threshold": "40",
        "RAY_agent_register_timeout_ms": "170000",
        # Processes that wait for work which never comes: actors have processes of their own.
        "RAY_enable_worker_prestart": "0",
        "RAY_prestart_worker_first_driver": "0",
        "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
        "RAY_DISABLE_IMPORT_WARNING": "1",
    }


class Cluster:
    """A private Ray instance, started in the background while the worker imports its libraries.

    Args:
        scratch: Its folder.
        cpus: How many it hands out. They admit; they do not confine.
        object_store_mb: Size of its shared memory.
        logger: Told what is unusual.
    """

    def __init__(self, scratch: Scratch, *, cpus: int, object_store_mb: int, logger: logging.Logger) -> None:
        self._scratch, self._logger = scratch, logger
        self._connected = self._answered = False
        store, warning = object_store_folder(scratch.path, object_store_mb)
        if warning:
            logger.warning(warning)
        # A process that was started inside another's instance must not join it.
        for name in ("RAY_ADDRESS", "RAY_JOB_CONFIG_JSON_ENV_VAR", "RAY_AUTH_TOKEN"):
            os.environ.pop(name, None)
        os.environ.update(private_environment(scratch))
        self.facts = {"cpus": cpus, "object_store_mb": object_store_mb, "object_store": str(store)}
        self._options = {
            "include_dashboard": False,
            "num_cpus": cpus,
            "object_store_memory": object_store_mb << 20,
            "log_to_driver": False,
            "logging_level": "WARNING",
            "_temp_dir": str(scratch.path),
            "_plasma_directory": str(store),
            "_node_ip_address": "127.0.0.1",
        }
        self._node = self._start()

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(copy_logs=kind is not None and issubclass(kind, Exception))

    def connect(self, namespace: str) -> dict[str, Any]:
        """Join the instance, waiting for its start.

        Args:
            namespace: Of its actors.

        Returns:
            What is to be said of it.

        Raises:
            MosaicError: It does not start.
        """
        started = time.monotonic()
        deadline = started + START_S
        while not self._connected:
            address = self._address(deadline)
            try:
                self._join(address, namespace)
            except ConnectionError as error:  # it died since: Ray's processes end with the first that does
                self._start_again(str(error), deadline)
        return {**self.facts, "waited_s": round(time.monotonic() - started, 1)}

    def _join(self, address: str, namespace: str) -> None:
        import ray

        former = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            # It sets a handler of its own, which would end the process without a word.
            ray.init(address=address, namespace=namespace, log_to_driver=True, logging_level=logging.WARNING)
        except SystemExit:
            raise Cancelled(signal.SIGTERM) from None
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)
        self._connected = True

    def stop(self, *, copy_logs: bool = False) -> None:
        """End the instance and everything of it; a second call does nothing.

        Args:
            copy_logs: Copy Ray's own logs into the working directory.
        """
        if self._connected:
            self._connected = False
            import ray

            with contextlib.suppress(Exception):
                ray.shutdown()
        self._end()
        if copy_logs:
            self._copy_logs()

    def _start(self) -> subprocess.Popen[bytes]:
        self._answered = False
        node = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.node"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert node.stdin is not None
        node.stdin.write(json.dumps(self._options).encode() + b"\n")
        node.stdin.flush()
        return node

    def _end(self) -> None:
        """End the node's program and every process that carries the instance's mark."""
        for stream in (self._node.stdin, self._node.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        if not self._answered:  # it does not look at the pipe before it has started
            self._node.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._node.wait(_STOP_S)
        if self._node.poll() is None:
            self._node.kill()
            self._node.wait()
        killed = end_processes(str(self._scratch.path), patience_s=3.0)
        if killed:
            self._logger.info("%d processes of Ray had to be killed", len(killed))

    def _address(self, deadline: float) -> str:
        """Return the address that the node's program prints; try again while there is time.

        Ray gives its own processes 30 s, which a machine under load takes; and a port that was free may be taken before
        they listen on it.
        """
        while True:
            answer = self._answer(deadline)
            if "address" in answer:
                return answer["address"]
            why = answer.get("error", "no reason was given")
            if not any(each in why.lower() for each in _PASSING):
                raise self._failure(why)
            self._start_again(why, deadline)

    def _start_again(self, why: str, deadline: float) -> None:
        if time.monotonic() > deadline - _LEAST_START_S:
            raise self._failure(why)
        self._logger.warning("Ray did not start (%s); it is started again", why)
        self._end()
        self._node = self._start()

    def _answer(self, deadline: float) -> dict[str, str]:
        assert self._node.stdout is not None
        while not select.select([self._node.stdout], [], [], _POLL_S)[0]:
            if time.monotonic() > deadline:
                return {"error": f"it did not start within {START_S:g} s"}
        line = self._node.stdout.readline()
        self._answered = True
        answer: dict[str, str] = json.loads(line) if line else {"error": f"it ended with code {self._node.wait()}"}
        return answer

    def _failure(self, why: str) -> MosaicError:
        self._copy_logs()
        return MosaicError(
            "Ray cannot be started.",
            where=str(self._scratch.path),
            why=why,
            next_step="Read ray_logs in the worker's working directory; see that memory and /dev/shm are free.",
        )

    def _copy_logs(self) -> None:
        logs = sorted(self._scratch.path.glob("session_2*/logs"))
        if logs:
            with contextlib.suppress(OSError, shutil.Error):
                shutil.copytree(logs[-1], Path("ray_logs"), dirs_exist_ok=True, ignore=shutil.ignore_patterns("old"))


__all__ = ["START_S", "Cluster", "private_environment"]
