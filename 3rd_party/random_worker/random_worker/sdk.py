"""MOSAIC's worker SDK, or a stand-in that prints the same events without it.

Every worker package has this same file, written by `mosaic workers new`. Import the SDK from it; do not edit it.
Standard library alone, Python 3.8 and later.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

try:
    importlib.import_module("gym_gui.core.worker")
    HAS_SDK = True
except ImportError:
    HAS_SDK = False


class _LogConstants:
    """MOSAIC's log constants by name; each is ``None`` without MOSAIC."""

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module("gym_gui.logging_config.log_constants"), name) if HAS_SDK else None


log_constants = _LogConstants()


def log_constant(logger: Any, constant: Any, **values: Any) -> None:
    """Log a log constant with values; does nothing without MOSAIC."""
    if HAS_SDK:
        helpers = importlib.import_module("gym_gui.logging_config.helpers")
        helpers.log_constant(logger, constant, extra=values, stacklevel=2)


if TYPE_CHECKING or HAS_SDK:
    from gym_gui.core.worker import Cancelled as Cancelled
    from gym_gui.core.worker import ConfigError as ConfigError
    from gym_gui.core.worker import HeldSignals as HeldSignals
    from gym_gui.core.worker import MosaicError as MosaicError
    from gym_gui.core.worker import Problem as Problem
    from gym_gui.core.worker import RunLifecycle as RunLifecycle
    from gym_gui.core.worker import TelemetryEmitter as TelemetryEmitter
    from gym_gui.core.worker import UsageError as UsageError
    from gym_gui.core.worker import WorkerCLI as WorkerCLI
    from gym_gui.core.worker import check_config as check_config
    from gym_gui.core.worker import load_worker_config_from_file as load_worker_config_from_file
    from gym_gui.core.worker.envs import LiveFrames as LiveFrames
    from gym_gui.core.worker.envs import find_env_spec as find_env_spec
    from gym_gui.core.worker.envs import make_rendered as make_rendered
    from gym_gui.core.worker.envs import nearest_env_ids as nearest_env_ids
    from gym_gui.core.worker.envs.returns import as_float as as_float
    from gym_gui.core.worker.errors import nearest as nearest
else:
    import argparse
    import contextlib
    import difflib
    import inspect
    import json
    import logging
    import math
    import os
    import signal
    import sys
    import threading
    import time
    import traceback
    from pathlib import Path

    _LAST = ("run_completed", "run_failed", "run_cancelled")
    _LIFECYCLE = ("run_started", *_LAST, "heartbeat", "checkpoint_saved", "checkpoint_loaded")
    _emitted = set()  # run and lifecycle event, of every emitter of this process

    class MosaicError(Exception):
        """An error that a user can act on: what happened, where, why, what to do next."""

        exit_code = 1
        problems: Any = ()

        def __init__(self, what: str, *, where: str = "", why: str = "", next_step: str = "") -> None:
            super().__init__(what)
            self.what, self.where, self.why, self.next_step = what, where, why, next_step

        def __str__(self) -> str:
            head = [f"  {label + ':':<7}{text}" for label, text in (("where", self.where), ("why", self.why)) if text]
            tail = [f"  next:  {self.next_step}"] if self.next_step else []
            return "\n".join([self.what, *head, *(f"  - {problem}" for problem in self.problems), *tail])

    class UsageError(MosaicError):
        """The user asked for something that cannot be."""

        exit_code = 2

    class ConfigError(UsageError, ValueError):
        """A config with one or more faults, all of them listed."""

        def __init__(self, what: str, problems: Any = (), **parts: str) -> None:
            super().__init__(what, **parts)
            self.problems = list(problems)

    class Problem:
        """One fault of a config."""

        def __init__(
            self, path: str, message: str, *, value: Any = None, allowed: str = "", nearest: str | None = None
        ) -> None:
            self.path, self.message, self.value, self.allowed, self.nearest = path, message, value, allowed, nearest

        def to_dict(self) -> dict[str, Any]:
            """Return the fault as a JSON-ready dict."""
            return dict(vars(self))

        def __str__(self) -> str:
            allowed = f" (allowed: {self.allowed})" if self.allowed else ""
            near = f"; did you mean {self.nearest!r}?" if self.nearest else ""
            return f"{self.path}: {self.message}{allowed}{near}"

    class Cancelled(BaseException):
        """Cancellation by SIGTERM or SIGINT. Not an :class:`Exception`, so that training loops do not swallow it."""

        def __init__(self, signal_number: int = signal.SIGTERM) -> None:
            self.signal_name, self.signal_number = signal.Signals(signal_number).name, int(signal_number)
            super().__init__(f"{self.signal_name} received")
            self.exit_code = 128 + self.signal_number

        def __reduce__(self) -> Any:
            return type(self), (self.signal_number,)

    class HeldSignals:
        """Holds back SIGTERM and SIGINT until they are delivered to the handler that was there before."""

        def __init__(self, patience_s: float = math.inf) -> None:
            self.pending: Any = None
            self._late_at, self._patience_s, self._former, self._owner = math.inf, patience_s, {}, os.getpid()

        def __enter__(self) -> HeldSignals:
            self.hold()
            return self

        def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
            (self.deliver if error is None else self.restore)()

        @property
        def is_late(self) -> bool:
            """Whether a signal has waited longer than it may."""
            return self.pending is not None and time.monotonic() > self._late_at

        def hold(self) -> None:
            """Hold signals back from now on."""
            if not self._former and threading.current_thread() is threading.main_thread():
                self._former = {each: signal.signal(each, self._wait) for each in (signal.SIGTERM, signal.SIGINT)}

        def restore(self) -> None:
            """Hold no more signals back; one that waits goes on waiting."""
            for number, handler in self._former.items():
                signal.signal(number, signal.SIG_DFL if handler is None else handler)
            self._former = {}

        def deliver(self) -> None:
            """Hold no more signals back, and hand on the one that waits."""
            self.restore()
            number, self.pending = self.pending, None
            if number is not None:
                signal.raise_signal(number)

        def deliver_if_late(self) -> None:
            """Deliver a signal that has waited longer than it may."""
            if self.is_late:
                self.deliver()

        def _wait(self, number: int, _frame: Any) -> None:
            if os.getpid() != self._owner:  # a forked process keeps the handlers that were there before
                self.restore()
                signal.raise_signal(number)
                return
            if self.pending is not None:
                self.deliver()
            self.pending, self._late_at = number, time.monotonic() + self._patience_s

    class TelemetryEmitter:
        """Prints events as JSON lines on stdout, each with one flushed write. Thread-safe."""

        stream: Any = None  # stdout, while sys.stdout is redirected to stderr

        def __init__(self, run_id: str, *, worker_id: str | None = None, sink: Any = None, logger: Any = None) -> None:
            self.run_id, self.worker_id, self.logger = run_id, worker_id or os.environ.get("WORKER_ID") or None, logger
            self._head = {"run_id": run_id, **({"worker_id": self.worker_id} if self.worker_id else {})}
            self._sink, self._lock, self._sampled, self._phase = sink, threading.RLock(), 0, ""

        def __getattr__(self, name: str) -> Any:
            if name not in _LIFECYCLE:
                raise AttributeError(name)

            def emit(payload: Any = None, **_log_record: Any) -> None:
                details = dict(payload or {})
                if name == "heartbeat" and self._phase:
                    details.setdefault("phase", self._phase)
                self._print({"event": name, "timestamp": time.time(), "payload": details}, sort_keys=True)
                _emitted.add((self.run_id, name))

            return emit

        def phase(self, name: str) -> None:
            """Print what the worker is busy with while it takes no steps; ``""`` or the next data event ends it."""
            if name != self._phase:
                self._phase = name
                self.heartbeat({"phase": name})

        def step(self, step_index: int, **values: Any) -> None:
            """Print an environment step."""
            self._print_data({"event_type": "step", "step_index": step_index, **values})

        def episode(self, ep_index: int, **values: Any) -> None:
            """Print the end of an episode."""
            self._print_data({"event_type": "episode", "ep_index": ep_index, "timestamp": time.time(), **values})

        def metrics(self, step: int, values: Any, **more: Any) -> None:
            """Print numbers measured during training."""
            self._print_data({"event_type": "metric", "step": step, "values": values, "timestamp": time.time(), **more})

        def allows_steps(self) -> bool:
            """Return whether to print the steps of the next episode: there is no quota without MOSAIC."""
            return True

        def count_sampled(self, steps: int) -> None:
            """Report sampled-out steps with the next event."""
            self._sampled += steps

        def _print_data(self, event: dict[str, Any]) -> None:
            self._phase = ""
            self._print({name: value for name, value in event.items() if value is not None})

        def _print(self, event: dict[str, Any], *, sort_keys: bool = False) -> None:
            with self._lock:
                if self._sampled:
                    event["sampled"], self._sampled = event.get("sampled", 0) + self._sampled, 0
                event = {**self._head, **event}
                line = json.dumps(event, sort_keys=sort_keys, separators=(",", ":"), default=self._plain)
                with contextlib.suppress(OSError, ValueError):  # a closed stdout must not end a training
                    print(line, file=self._sink or self.stream or sys.stdout, flush=True)

        @staticmethod
        def _plain(value: Any) -> Any:
            return value.tolist() if hasattr(value, "tolist") else str(value)

    class RunLifecycle:
        """Context manager around a run's work: emits its lifecycle events exactly once. Writes no manifest."""

        def __init__(self, config: Any, worker_type: str = "", *, dry_run: bool = False, **options: Any) -> None:
            self.run_id, self.worker_type, self.dry_run = str(config.run_id), worker_type, dry_run
            self.logger = options.get("logger") or logging.getLogger(__name__)
            worker_id = getattr(config, "worker_id", None)
            self.emitter = options.get("emitter") or TelemetryEmitter(self.run_id, worker_id=worker_id)
            self.worker_id = self.emitter.worker_id
            self.summary = {"status": "dry-run", "config": config.to_dict()} if dry_run else {"status": "completed"}
            if "write_manifest" in options and not dry_run:
                self.summary["analytics_manifest"] = None
            self.outcome = self.exit_code = self._process = None
            self._announcement = {"dry_run": dry_run, **(options.get("announcement") or {})}
            if worker_type:
                self._announcement["worker_type"] = worker_type
            self._progress = options.get("progress") or dict
            interval_s = options.get("heartbeat_interval_s", getattr(config, "heartbeat_interval_s", 30.0))
            self._interval_s = 0 if dry_run else interval_s or 0
            self._ended = threading.Event()
            self._thread = threading.Thread(target=self._beat, name="mosaic-heartbeat", daemon=True)

        def __enter__(self) -> RunLifecycle:
            if self._process is not None:
                raise RuntimeError(f"run {self.run_id} was started before; make a new RunLifecycle for another run")
            self._process = os.getpid()
            self.emitter.run_started(self._announcement)
            if self._interval_s > 0:
                self._thread.start()
            return self

        def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
            if self.outcome is not None or self._process != os.getpid():
                return
            self._ended.set()
            if self._thread.is_alive():
                self._thread.join()
            self.exit_code = _exit_code(error)
            if error is None:
                self.outcome = "completed"
                self.emitter.run_completed(self.summary)
            elif isinstance(error, (Cancelled, KeyboardInterrupt)):
                self.outcome, name = "cancelled", getattr(error, "signal_name", "SIGINT")
                self.emitter.run_cancelled({"reason": f"{name} received", "signal": name, **self._progress_payload()})
            else:
                self.outcome = "failed"
                self.emitter.run_failed(_failure(error))

        def phase(self, name: str) -> None:
            """Announce what the worker is busy with while it takes no steps; silent in a dry run."""
            if not self.dry_run:
                self.emitter.phase(name)

        def refuse(self, problems: Any) -> None:
            """Raise ConfigError if there are problems."""
            if problems:
                raise ConfigError("The run cannot start.", problems)

        def folder(self, kind: str) -> Path:
            """Return the worker's folder for ``checkpoints``, ``tensorboard``, ``videos`` or ``frames``."""
            return Path("runs", self.run_id, kind, self.worker_id or "")

        def constant(self, name: str) -> None:
            """Return ``None``: there are no log constants without MOSAIC."""

        def _progress_payload(self) -> dict[str, Any]:
            try:
                return dict(self._progress())
            except Exception as error:  # noqa: BLE001 - a broken progress callback must not end the run
                return {"payload_error": f"{type(error).__name__}: {error}"}

        def _beat(self) -> None:
            while not self._ended.wait(self._interval_s):
                self.emitter.heartbeat(self._progress_payload())

    def _failure(error: BaseException) -> dict[str, Any]:
        details = getattr(error, "details", None)
        payload = {"error": str(error), "error_type": type(error).__name__}
        if isinstance(error, ConfigError):
            payload["problems"] = [problem.to_dict() for problem in error.problems]
        return {**payload, **(details if isinstance(details, dict) else {})}

    def _exit_code(error: BaseException | None) -> int:
        other = 128 + signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1
        return 0 if error is None else getattr(error, "exit_code", other)

    class WorkerCLI:
        """A worker's command line. Does not check the config's schema."""

        @staticmethod
        def run(config_class: Any, runtime_class: Any, argv: Any = None, **names: Any) -> int:
            """Read the config, run the runtime, return the exit code."""
            parser = argparse.ArgumentParser(**names)
            parser.add_argument("--config", metavar="PATH", required=True, help="JSON file with the worker's config")
            parser.add_argument("--dry-run", action="store_true", help="check the config; train nothing")
            parser.add_argument("--worker-id", metavar="ID", help="instance id of this worker (default: $WORKER_ID)")
            parser.add_argument("--verbose", action="store_true", help="log details to stderr")
            arguments = parser.parse_args(argv)
            if arguments.worker_id:
                os.environ["WORKER_ID"] = arguments.worker_id
            logging.basicConfig(level=logging.DEBUG if arguments.verbose else logging.INFO)
            TelemetryEmitter.stream = sys.stdout
            try:
                with contextlib.redirect_stdout(sys.stderr):
                    return _run(config_class, runtime_class, arguments)
            finally:
                TelemetryEmitter.stream = None

    def _run(config_class: Any, runtime_class: Any, arguments: Any) -> int:
        run_id = os.environ.get("MOSAIC_RUN_ID") or "unknown"
        try:
            _cancel_on_signals()
            try:
                values = load_worker_config_from_file(arguments.config)
                run_id = str(values.get("run_id") or run_id)
                config = config_class.from_dict(values)
            except ConfigError:
                raise
            except (AssertionError, FileNotFoundError, KeyError, TypeError, ValueError) as error:
                problem = Problem("config", str(error))
                raise ConfigError("the worker's config is not valid", [problem], where=arguments.config) from error
            if isinstance(runtime_class, str):
                module, _, name = runtime_class.partition(":")
                runtime_class = getattr(importlib.import_module(module), name)
            logger, worker_id = logging.getLogger(runtime_class.__module__), arguments.worker_id
            options = {"dry_run": arguments.dry_run, "logger": logger, "worker_id": worker_id}
            known = inspect.signature(runtime_class).parameters
            runtime_class(config, **{name: value for name, value in options.items() if name in known}).run()
            return 0
        except Cancelled as cancelled:
            if (run_id, "run_completed") in _emitted:  # the signal came too late
                return 0
            if not _emitted & {(run_id, event) for event in _LAST}:
                TelemetryEmitter(run_id).run_cancelled({"reason": str(cancelled), "signal": cancelled.signal_name})
            return cancelled.exit_code
        except Exception as error:  # noqa: BLE001 - the end of the process: report whatever it was
            if isinstance(error, MosaicError):
                sys.stderr.write(f"{error}\n")
            else:
                traceback.print_exc()
            if not _emitted & {(run_id, event) for event in _LAST}:
                TelemetryEmitter(run_id).run_failed(_failure(error))
            return _exit_code(error)

    def _cancel_on_signals() -> None:
        """Raise :class:`Cancelled` in the main thread at the first SIGTERM or SIGINT from now on."""
        owner = os.getpid()

        def cancel(number: int, _frame: Any) -> None:
            if os.getpid() != owner:  # a forked process keeps the default action
                signal.signal(number, signal.SIG_DFL)
                return os.kill(os.getpid(), number)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            raise Cancelled(number)

        signal.signal(signal.SIGTERM, cancel)
        signal.signal(signal.SIGINT, cancel)

    def load_worker_config_from_file(path: Any) -> dict[str, Any]:
        """Read a worker's config from a JSON file: flat, or nested as ``metadata.worker.config``."""
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8-sig"))
        except FileNotFoundError:
            raise FileNotFoundError(f"Config file not found: {path}") from None
        except (OSError, ValueError) as error:
            raise ConfigError(f"the config file cannot be read: {error}", where=str(path)) from None
        if not isinstance(data, dict):
            raise ConfigError(f"the config is a {type(data).__name__}, not a JSON object", where=str(path))
        worker = (data.get("metadata") or {}).get("worker")
        return (worker.get("config") or {}) if worker else data

    def check_config(*_: Any) -> list[Problem]:
        """Return no problems: the schema is not checked without MOSAIC."""
        return []

    def nearest(name: str, candidates: Any) -> str | None:
        """Return the candidate nearest to a mistyped name."""
        return next(iter(difflib.get_close_matches(name, list(candidates), n=1)), None)

    def find_env_spec(env_id: str) -> Any:
        """Return Gymnasium's spec of an environment, after its package has been imported."""
        import gymnasium

        package, _, name = env_id.rpartition(":")
        if package:
            importlib.import_module(package)
        return gymnasium.spec(name)

    def nearest_env_ids(env_id: str, names: Any, count: int = 3) -> list[str]:
        """Return the registered names that are like an unknown id's."""
        return difflib.get_close_matches(env_id.rpartition(":")[2], list(names), n=count)

    def make_rendered(make: Any, _render: str, /, *args: Any, **kwargs: Any) -> Any:
        """Make an environment as it is: without MOSAIC it cannot be watched."""
        return make(*args, **kwargs)

    class LiveFrames:
        """Live frames of an environment, which cannot be watched without MOSAIC."""

        @classmethod
        def of_run(cls, _env: Any, _emitter: Any) -> LiveFrames:
            """Return frames that are never taken."""
            return cls()

        def follow(self, env: Any) -> None:
            """Do nothing."""

        def show(self) -> None:
            """Do nothing."""

        def close(self) -> None:
            """Do nothing."""

    def as_float(reward: Any) -> float:
        """Return a reward of any numeric type as Python's float, in which it is then summed."""
        return float(reward.item() if hasattr(reward, "item") else reward)


def require_sdk(worker: str) -> None:
    """Raise an error if MOSAIC's SDK is not installed, for workers that need it.

    Raises:
        UsageError: It is not installed.
    """
    if not HAS_SDK:
        raise UsageError(
            f"The worker {worker} needs MOSAIC's SDK.",
            why="gym_gui.core.worker cannot be imported",
            next_step=f"mosaic workers install {worker}, or: pip install mosaic-rl-sdk",
        )
