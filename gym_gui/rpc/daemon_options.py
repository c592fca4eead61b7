"""The daemon's command line, and the word that it sends to the program which started it."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gym_gui.core.terminal_text import escape_lines
from gym_gui.core.worker.errors import ConfigError, MosaicError
from gym_gui.rpc.address import LOOPBACK
from gym_gui.rpc.tls import TlsFiles


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


def parse(arguments: Sequence[str] | None) -> DaemonOptions:
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
