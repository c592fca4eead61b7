"""A worker's whole command line."""

from __future__ import annotations

import argparse
import importlib
import inspect
import json
import logging
import os
import sys
import traceback
from typing import Any, Sequence

from gym_gui.constants import WORKER_LOG_LEVEL
from gym_gui.core.worker.check import check_values, coerce_values
from gym_gui.core.worker.config_loader import load_worker_config_from_file
from gym_gui.core.worker.errors import ConfigError, MosaicError, Problem
from gym_gui.core.worker.lifecycle import RunLifecycle, exit_code
from gym_gui.core.worker.prints import library_prints_to_stderr
from gym_gui.core.worker.schema import config_schema
from gym_gui.core.worker.signals import Cancelled, cancel_on_signals
from gym_gui.core.worker.telemetry import TelemetryEmitter, was_emitted


class WorkerCLI:
    """What a worker's ``cli.py`` needs: the usual parts, and :meth:`run`, which is all of it."""

    @staticmethod
    def create_base_parser(prog: str | None = None, description: str | None = None) -> argparse.ArgumentParser:
        """Return a parser with the flags every worker has."""
        parser = argparse.ArgumentParser(prog=prog, description=description)
        parser.add_argument("--config", metavar="PATH", help="JSON file with the worker's config")
        parser.add_argument("--schema", action="store_true", help="print the JSON Schema of the config and exit")
        parser.add_argument("--dry-run", action="store_true", help="check the config and what it names; train nothing")
        parser.add_argument("--worker-id", metavar="ID", help="instance id of this worker (default: $WORKER_ID)")
        parser.add_argument("--grpc", action="store_true", help="accepted; changes nothing about telemetry")
        parser.add_argument(
            "--grpc-target",
            metavar="HOST:PORT",
            default="127.0.0.1:50055",
            help="accepted; changes nothing about telemetry (default: %(default)s)",
        )
        parser.add_argument("--verbose", action="store_true", help="log details to stderr")
        return parser

    @staticmethod
    def setup_logging(verbose: bool = False, level: int | str | None = None) -> logging.Handler:
        """Log to stderr as JSON lines, each with the run and the worker that the environment names.

        Args:
            verbose: Log details, too.
            level: Lowest level; default: INFO, or DEBUG if ``verbose``.
        """
        from gym_gui.logging_config.setup import configure_logging

        context = {"run_id": os.environ.get("MOSAIC_RUN_ID") or None, "worker_id": _worker_id()}
        level = level if level is not None else logging.DEBUG if verbose else WORKER_LOG_LEVEL
        return configure_logging(level, context=context)

    @staticmethod
    def load_and_validate_config(path: Any, config_class: Any, *, worker_id: str | None = None) -> Any:
        """Read a config file and build the worker's config.

        Args:
            path: The file, flat or nested.
            config_class: A :class:`~gym_gui.core.worker.protocol.WorkerConfig`; where it is a dataclass, its schema is
                checked first, so that all faults are reported at once.
            worker_id: Put into the config where the class has that field and the file does not.

        Raises:
            FileNotFoundError: There is no such file.
            ConfigError: It is not valid; every fault is named.
        """
        values = load_worker_config_from_file(path)
        return _build(config_class, values, worker_id, str(path))

    @staticmethod
    def run(
        config_class: Any,
        runtime_class: Any,
        argv: Sequence[str] | None = None,
        *,
        prog: str | None = None,
        description: str | None = None,
    ) -> int:
        """Be a worker's command line: read the config, run the runtime, tell how it ended.

        What libraries print goes to stderr in the meantime; emitters still reach the log, or stdout without one.
        SIGTERM and SIGINT raise :class:`Cancelled` in the main thread.

        Args:
            config_class: The worker's config class.
            runtime_class: The worker's runtime class, or ``"module:Class"``, which is then imported only after the
                config was found valid. Of ``dry_run``, ``logger`` and ``worker_id`` it is passed those that its
                constructor has.
            argv: Arguments; default: those of the process.
            prog: Name of the program in its help.
            description: One sentence for its help.

        Returns:
            Exit code: 0 completed, 1 failed, 2 wrong usage, 130 or 143 cancelled by SIGINT or SIGTERM.
        """
        parser = WorkerCLI.create_base_parser(prog, description)
        arguments = parser.parse_args(argv)
        if arguments.schema:
            sys.stdout.write(json.dumps(config_schema(config_class), indent=1, default=str) + "\n")
            return 0
        if not arguments.config:
            parser.error("--config PATH is required (or --schema)")
        if arguments.worker_id:
            os.environ["WORKER_ID"] = arguments.worker_id  # emitters read it, child processes inherit it
        handler = WorkerCLI.setup_logging(arguments.verbose)
        try:
            with library_prints_to_stderr():
                return _run(config_class, runtime_class, arguments, handler)
        finally:
            logging.getLogger().removeHandler(handler)


def _run(config_class: Any, runtime_class: Any, arguments: argparse.Namespace, handler: logging.Handler) -> int:
    run_id = os.environ.get("MOSAIC_RUN_ID") or "unknown"
    worker_id = arguments.worker_id or os.environ.get("WORKER_ID") or None
    try:
        with cancel_on_signals():
            values = load_worker_config_from_file(arguments.config)
            run_id = str(values.get("run_id") or run_id)
            context = getattr(handler.formatter, "context", {})
            context.update(run_id=run_id, worker_id=worker_id or values.get("worker_id"))
            config = _build(config_class, values, worker_id, arguments.config)
            return _run_config(config, runtime_class, arguments.dry_run)
    except Cancelled as cancelled:
        if was_emitted(run_id, "run_completed"):  # the signal came too late: the exit code must agree
            return 0
        if not was_emitted(run_id, "run_cancelled") and not was_emitted(run_id, "run_failed"):
            TelemetryEmitter(run_id).run_cancelled({"reason": str(cancelled), "signal": cancelled.signal_name})
        return cancelled.exit_code
    except (ConfigError, FileNotFoundError) as error:
        if was_emitted(run_id, "run_started"):  # then it is the work that failed, not the usage
            return _failed(run_id, error)
        problems = error.problems if isinstance(error, ConfigError) else []
        problems = problems or [Problem("config", str(error), value=arguments.config)]
        for problem in problems:
            sys.stderr.write(f"{problem}\n")
        TelemetryEmitter(run_id).run_failed(
            {
                "error": str(error),
                "error_type": "ConfigError",
                "problems": [problem.to_dict() for problem in problems],
            }
        )
        return 2
    except Exception as error:  # noqa: BLE001 - the end of the process: whatever it was is told and becomes the exit code
        return _failed(run_id, error)


def _run_config(config: Any, runtime_class: Any, dry_run: bool) -> int:
    if isinstance(runtime_class, str):
        module, _, name = runtime_class.partition(":")
        runtime_class = getattr(importlib.import_module(module), name)
    options = {"dry_run": dry_run, "logger": logging.getLogger(runtime_class.__module__), "worker_id": _worker_id()}
    known = _parameters(runtime_class)
    runtime = runtime_class(config, **{name: value for name, value in options.items() if name in known})
    if dry_run and "dry_run" not in known:
        with RunLifecycle(config, dry_run=True, announcement={"config": config.to_dict()}):
            return 0
    runtime.run()
    return 0


def _failed(run_id: str, error: BaseException) -> int:
    if isinstance(error, MosaicError):
        sys.stderr.write(f"{error}\n")
    else:
        traceback.print_exc()
    if not was_emitted(run_id, "run_failed"):
        TelemetryEmitter(run_id).run_failed(exc_info=error)
    return exit_code(error)


def _worker_id() -> str | None:
    return os.environ.get("WORKER_ID") or None


def _parameters(runtime_class: Any) -> set[str]:
    """Return the names a constructor takes by keyword; ``**kwargs`` names none."""
    parameters = inspect.signature(runtime_class).parameters.values()
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {parameter.name for parameter in parameters if parameter.kind in named}


def _build(config_class: Any, values: dict[str, Any], worker_id: str | None, where: str) -> Any:
    if hasattr(config_class, "__dataclass_fields__"):
        schema = config_schema(config_class)
        if worker_id and "worker_id" in schema["properties"] and values.get("worker_id") is None:
            values = {**values, "worker_id": worker_id}
        problems = check_values(schema, values)
        if problems:
            raise ConfigError("the worker's config is not valid", problems, where=where)
        values = coerce_values(schema, values)
    try:
        return config_class.from_dict(values)
    except ConfigError:
        raise
    except (AssertionError, KeyError, TypeError, ValueError) as error:
        text = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) and error.args else str(error)
        raise ConfigError("the worker's config is not valid", [Problem("config", text)], where=where) from error


__all__ = ["Cancelled", "WorkerCLI"]
