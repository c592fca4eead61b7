"""The daemon, and the port that it would take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gym_gui.app.checks.finding import Finding
from gym_gui.core.worker.errors import MosaicError


def daemon(home: Path) -> Iterator[Finding]:
    """Look whether the home's daemon answers."""
    from gym_gui import __version__
    from gym_gui.rpc import daemon_status

    try:
        status = daemon_status(home)
    except MosaicError as error:
        yield Finding("daemon", "broken", error.what, error.next_step or "mosaic daemon stop, then mosaic daemon start")
        return
    if not status["running"]:
        yield Finding("daemon", "ok", "not running; train and run start it on demand")
    elif status["version"] != __version__:
        yield Finding("daemon", "doubtful", f"it is of version {status['version']}, this is {__version__}",
                      "mosaic daemon stop; the next command starts the new one; runs continue meanwhile")  # fmt: skip
    elif status["fault"]:
        yield Finding("daemon", "broken", f"it cannot read the runs now: {status['fault']}",
                      "it tries again every second; free disk space if needed")  # fmt: skip
    else:
        yield Finding("daemon", "ok", f"{status['address']}, pid {status['pid']}, {status['runs']} runs")


def certificate(home: Path) -> Iterator[Finding]:
    """Look whether the certificate is valid that the daemon shows to other machines."""
    from gym_gui.trainer import DaemonHome, Validity

    info = DaemonHome(home).daemon()
    if info is None or not info.public_address:
        return
    warning = info.certificate_warning()
    if not warning:
        yield Finding("certificate", "ok", "valid for more than 14 days")
        return
    valid = Validity(info.certificate_starts_at, info.certificate_ends_at).valid()
    next_step = "get a new certificate, then stop the daemon and start it with that one; runs continue meanwhile"
    yield Finding("certificate", "doubtful" if valid else "broken", warning, next_step)


def port(home: Path) -> Iterator[Finding]:
    """Look whether a daemon could have its port."""
    from gym_gui.app._ports import check_port
    from gym_gui.config.settings import get_setting
    from gym_gui.trainer import DaemonHome

    if DaemonHome(home).daemon() is not None:
        return
    wanted = int(get_setting("daemon_port"))
    try:
        check_port(home)
    except MosaicError as error:
        yield Finding("port", "broken", error.what, error.next_step)
    else:
        yield Finding(
            "port", "ok", "any free one (daemon_port is 0)" if wanted == 0 else f"127.0.0.1:{wanted} can be had"
        )
