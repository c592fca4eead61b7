"""``python -m gym_gui.rpc.daemon_main --home DIR``: runs a trainer daemon in the foreground, reached through gRPC."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

from gym_gui.config.settings import get_setting
from gym_gui.core.worker.errors import MosaicError
from gym_gui.logging_config.setup import configure_logging
from gym_gui.rpc import daemon_options
from gym_gui.rpc.row_messages import batch_to_pb
from gym_gui.rpc.server import GrpcFace
from gym_gui.runs.base_environment import UTF8, daemon_environment
from gym_gui.runs.disk import DiskGauge
from gym_gui.trainer.daemon import TrainerDaemon
from gym_gui.trainer.home import DaemonHome

logger = logging.getLogger("gym_gui.trainer.daemon")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a daemon in the foreground; return the exit code.

    Args:
        arguments: Instead of the command line's.
    """
    options = daemon_options.parse(arguments)
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
