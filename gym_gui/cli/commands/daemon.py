"""``mosaic daemon``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from gym_gui.cli.commands.daemon_contexts import contexts
from gym_gui.cli.next_steps import for_this_home
from gym_gui.cli.options import common
from gym_gui.cli.output import echo
from gym_gui.cli.where import anywhere, site_of

_port = click.option(
    "--port", type=click.IntRange(0, 65535), metavar="PORT",
    help="Port on 127.0.0.1; 0: any free one. Default: the setting daemon_port (50055).",
)  # fmt: skip


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def daemon() -> None:
    """Start and stop the daemon that supervises runs.

    train and run start one on demand. It can be stopped at any time: runs continue without it.
    """


daemon.add_command(contexts)


@daemon.command()
@_port
@common
def start(home: Path, port: int | None, as_json: bool) -> int:
    """Start the daemon of this home, if none runs."""
    from gym_gui.app import check_port
    from gym_gui.cli.output import print_json
    from gym_gui.rpc import daemon_status, start_daemon

    check_port(home, port)
    start_daemon(home, port)
    status = daemon_status(home)
    _warn_of_certificate(home)
    if as_json:
        print_json(status)
    else:
        echo(f"daemon at {status['address']}, pid {status['pid']}, home {status['home']}")
    return 0


@daemon.command()
@common
@anywhere
def stop(home: Path, as_json: bool) -> int:
    """Stop the daemon of this home, or the one elsewhere that --daemon names; runs continue."""
    from gym_gui.cli.output import print_json
    from gym_gui.rpc import stop_daemon

    site = site_of(home)
    if site.home is None:
        with site.connect() as client:
            client.shutdown()
        stopped = True
    else:
        stopped = stop_daemon(site.home)
    if as_json:
        print_json({"stopped": stopped, "home": site.where})
    else:
        echo("daemon stopped; runs continue" if stopped else f"no daemon runs in {site.where}")
    return 0


@daemon.command()
@common
@anywhere
def status(home: Path, as_json: bool) -> int:
    """Show the daemon of this home, or the one elsewhere that --daemon names; exit code 1 if none runs."""
    from gym_gui.cli import exits
    from gym_gui.cli.output import print_json, say
    from gym_gui.look import figures
    from gym_gui.rpc import daemon_status

    site = site_of(home)
    if site.home is None:
        import msgspec

        with site.connect() as client:
            found = {"running": True, **msgspec.structs.asdict(client.status())}
    else:
        found = daemon_status(site.home)
        _warn_of_certificate(site.home)
    if not found["running"]:
        found = {"running": False, "pid": None, "address": None, "public_address": None, "version": None,
                 "runs": None, "home": str(home)}  # fmt: skip
    if as_json:
        print_json(found)
    elif found["running"]:
        echo(f"daemon {found['version']} at {found['address']}, pid {found['pid']}, home {found['home']}")
        echo(f"up {figures.duration(_now() - found['started_at'])}; runs: {found['runs']:,} recorded, "
                   f"{found['active_runs']} active, {found['queued_runs']} queued")  # fmt: skip
        if found["public_address"]:
            echo(f"from other machines: {found['public_address']}, with TLS")
        if found["executors"] != ["local"]:
            echo(f"executors: {', '.join(found['executors'])}")
        if found["fault"]:
            say(f"warning: it cannot read the runs now, and tries again every second: {found['fault']}")
    else:
        echo(f"no daemon runs in {home}; train and run start one on demand, as does: "
             + for_this_home("mosaic daemon start"))  # fmt: skip
    return exits.COMPLETED if found["running"] else exits.FAILED


@daemon.command()
@_port
@click.option(
    "--host",
    metavar="ADDRESS",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; one that other machines can reach needs TLS.",
)
@click.option("--tls-cert", type=click.Path(path_type=Path), metavar="FILE", help="Certificate (PEM).")
@click.option("--tls-key", type=click.Path(path_type=Path), metavar="FILE", help="Its private key (PEM).")
@common
def run(home: Path, port: int | None, host: str, tls_cert: Path | None, tls_key: Path | None, as_json: bool) -> int:
    """Run the daemon of this home in the foreground, until Ctrl-C."""
    from gym_gui.app import check_port
    from gym_gui.cli.output import say
    from gym_gui.core.worker.errors import UsageError
    from gym_gui.rpc import TlsFiles
    from gym_gui.runs import NEUTRAL_FOLDER
    from gym_gui.trainer import DaemonHome

    running = DaemonHome(home).daemon()
    if running is not None:
        raise UsageError(
            f"a trainer daemon runs in this home already, at {running.address}",
            where=f"{home}, pid {running.pid}",
            next_step="use it, or stop it first: mosaic daemon stop",
        )
    check_port(home, port)
    if not as_json:
        say(f"daemon of {home} in the foreground; Ctrl-C stops it, runs continue")
    command = [sys.executable, "-m", "gym_gui.rpc.daemon_main", "--home", str(home.absolute()), "--host", host]
    if tls_cert is not None and tls_key is not None:
        warning = TlsFiles(tls_cert, tls_key).validity().warning()
        if warning:
            say(f"warning: {warning}")
    for option, file in (("--tls-cert", tls_cert), ("--tls-key", tls_key)):
        command += [option, str(file.absolute())] if file is not None else []
    sys.stdout.flush()
    os.environ["MOSAIC_HOME"] = str(home.absolute())
    if "PYTHONPATH" in os.environ:
        entries = [os.path.abspath(entry) for entry in os.environ["PYTHONPATH"].split(os.pathsep) if entry]  # noqa: PTH100
        os.environ["PYTHONPATH"] = os.pathsep.join(entries)
    os.chdir(NEUTRAL_FOLDER)
    os.execv(sys.executable, command if port is None else [*command, "--port", str(port)])  # noqa: S606 - our own program
    raise AssertionError("execv returned")


def _warn_of_certificate(home: Path) -> None:
    from gym_gui.cli.output import say
    from gym_gui.trainer import DaemonHome

    info = DaemonHome(home).daemon()
    warning = info.certificate_warning() if info is not None else ""
    if warning:
        say(f"warning: {warning}")


def _now() -> float:
    import time

    return time.time()
