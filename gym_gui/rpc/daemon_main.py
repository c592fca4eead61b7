"""``python -m gym_gui.rpc.daemon_main --home DIR``: runs a trainer daemon in the foreground, reached through gRPC."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import sqlite3
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gym_gui.config.settings import get_setting
from gym_gui.core.terminal_text import escape_lines
from gym_gui.core.worker.errors import ConfigError, MosaicError
from gym_gui.logging_config.setup import configure_logging
from gym_gui.rpc.address import LOOPBACK
from gym_gui.rpc.row_messages import batch_to_pb
from gym_gui.rpc.server import GrpcFace
from gym_gui.rpc.tls import TlsFiles
from gym_gui.runs import UTF8, DiskGauge, daemon_environment
from gym_gui.trainer import DaemonHome, TrainerDaemon


@dataclass
class DaemonOptions:
    """How a daemon is to run."""

    home: Path
    host: str
    port: int | None
    on_demand: bool
    ready_fd: int | None
    tls: TlsFiles | None = None

    def tell_ready(self, address: str, notes: Sequence[str] = ()) -> None:
        """Tell the starter that calls are answered, and what the user should know besides."""
        self._tell({"address": address, "notes": list(notes)})

    def tell_error(self, error: MosaicError) -> None:
        """Tell the starter why there will be no daemon."""
        parts = {name: getattr(error, name) for name in ("what", "where", "why", "next_step", "exit_code")}
        problems = error.problems if isinstance(error, ConfigError) else []
        self._tell({**parts, "problems": [problem.to_dict() for problem in problems]})

    def refuse(self, error: MosaicError) -> int:
        """Tell starter and log why there will be no daemon; return the exit code."""
        self.tell_error(error)
        with contextlib.suppress(OSError):  # a full disk takes no word more
            sys.stderr.write(f"{escape_lines(str(error))}\n")
            sys.stderr.flush()
        return error.exit_code

    def _tell(self, word: dict[str, Any]) -> None:
        if self.ready_fd is None:
            return
        with os.fdopen(self.ready_fd, "wb") as pipe:
            pipe.write(json.dumps(word, default=repr).encode())
        self.ready_fd = None


def parse_options(arguments: Sequence[str] | None) -> DaemonOptions:
    """Read the command line; ends the process with exit code 2 where it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m gym_gui.rpc.daemon_main", description="Run a trainer daemon.")
    parser.add_argument("--home", type=Path, required=True, help="the home it serves")
    parser.add_argument("--host", default=LOOPBACK, help="the address to listen on")
    parser.add_argument("--port", type=int, default=None, help="the port; 0 takes any free one")
    parser.add_argument("--tls-cert", type=Path, help="certificate (PEM), to listen on other than this machine's own")
    parser.add_argument("--tls-key", type=Path, help="its private key (PEM)")
    parser.add_argument("--on-demand", action="store_true", help="end by itself when idle")
    parser.add_argument("--ready-fd", type=int, default=None, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.port is not None and not 0 <= given.port <= 65535:
        parser.error(f"--port {given.port}: a port is a number from 0 to 65535")
    if (given.tls_cert is None) != (given.tls_key is None):
        parser.error("--tls-cert and --tls-key belong together")
    tls = TlsFiles(given.tls_cert, given.tls_key) if given.tls_cert else None
    return DaemonOptions(given.home, given.host, given.port, given.on_demand, given.ready_fd, tls)


logger = logging.getLogger("gym_gui.trainer.daemon")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a daemon in the foreground; return the exit code.

    Args:
        arguments: Instead of the command line's.
    """
    options = parse_options(arguments)
    if sys.getfilesystemencoding() != "utf-8":  # what is written down here is read by processes that are in UTF-8 mode
        os.execv(sys.executable, [sys.executable, *UTF8, *sys.orig_argv[1:]])  # noqa: S606
    kept = daemon_environment(os.environ)
    for name in [name for name in os.environ if name not in kept]:
        del os.environ[name]  # no run is to depend on the shell that this was started from
    os.environ.update(kept)
    os.environ["MOSAIC_HOME"] = str(options.home.absolute())
    os.umask(0o077)  # what runs leave behind is their user's alone; proxies, launchers and workers inherit this

    async def serve() -> None:
        configure_logging(str(get_setting("log_level")))
        face = GrpcFace(options.host, options.port, options.tls)
        daemon = TrainerDaemon(options.home, batch_to_pb, on_demand=options.on_demand)
        await daemon.run(face, lambda address: options.tell_ready(address, daemon.notes()))

    try:
        asyncio.run(serve())
    except MosaicError as error:
        return options.refuse(error)
    except (OSError, sqlite3.Error) as error:
        return options.refuse(_refused(error, options.home))
    return 0


def _refused(error: OSError | sqlite3.Error, home: Path) -> MosaicError:
    """Return the error for a system that refuses what the daemon needs."""
    logger.error("the daemon ends: %s", error, exc_info=error)
    room = DiskGauge.of(home)
    room.look()
    return MosaicError(
        "the trainer daemon cannot work in this home",
        where=str(getattr(error, "filename", None) or home),
        why=f"{error} ({room.free_bytes >> 20:,} MiB free on its disk)",
        next_step=f"free disk space if needed, then try again: mosaic daemon start; its log: {DaemonHome(home).log}",
    )


if __name__ == "__main__":
    sys.exit(main())
