"""Where a command works: in a home, or with a daemon elsewhere, as its command line or a context says."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gym_gui.cli.lazy import ARGUMENTS
from gym_gui.core.worker.errors import UsageError

if TYPE_CHECKING:
    from gym_gui.app import Site
    from gym_gui.rpc import RemoteDaemon

F = TypeVar("F", bound=Callable[..., Any])

_given: dict[str, Any] = {}
"""What the command line of this process says."""

_LOCAL = "local"
#: Why commands that read or write a home's files do not work with a daemon elsewhere, by their words.
NEEDS_HOME = {
    "resume": "it reads the run's checkpoints, which lie in the home",
    "evaluate": "it reads the run's checkpoints, which lie in the home",
    "doctor": "it examines this machine",
    "demo": "it draws a picture from the home's files",
    "completion": "it is about this machine's shell",
    "runs verify": "it recounts the run's raw logs, which lie in the home",
    "runs reindex": "it rebuilds the run's database in the home",
    "runs archive": "it packs the run's files in the home",
    "runs restore": "it unpacks files into the home",
    "workers new": "it writes a package on this machine",
    "daemon start": "a daemon is started on the machine of its home",
    "daemon run": "a daemon is started on the machine of its home",
}


def remember_home(home: str | None) -> None:
    """Take down which home the command line names; ``None`` where it names none."""
    _given["home"] = home


def given_home() -> str | None:
    """Return the home that the command line names, if it does."""
    return _given.get("home")


def root_options() -> list[click.Parameter]:
    """Return the options of ``mosaic`` itself that name a daemon elsewhere."""

    def take(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
        return lambda _ctx, _param, value: _given.__setitem__(name, value)

    return [
        click.Option(["--daemon"], metavar="HOST:PORT", expose_value=False, callback=take("address"),
                     help="Work with the daemon there; unix:PATH for a socket that ssh forwards."),
        click.Option(["--token-file"], metavar="FILE", expose_value=False, callback=take("token_file"),
                     help="File with that daemon's token."),
        click.Option(["--tls-ca"], metavar="FILE", expose_value=False, callback=take("ca_file"),
                     help="Certificate (PEM) that the daemon's is checked with. Default: what this machine trusts."),
        click.Option(["--no-tls"], is_flag=True, expose_value=False, callback=take("plaintext"),
                     help="No TLS, to this machine only: any program on it could take the port, and get the token."),
        click.Option(["--context"], metavar="NAME", expose_value=False, callback=take("context"),
                     help="Work with the daemon of this context (mosaic daemon contexts); 'local': the home's."),
    ]  # fmt: skip


def anywhere(function: F) -> F:
    """Mark a command that works with a daemon elsewhere, too."""
    function.works_anywhere = True  # type: ignore[attr-defined]
    return function


def check_reachable(function: Callable[..., Any]) -> None:
    """Refuse a command that needs the home where a daemon elsewhere is chosen.

    Args:
        function: The command's function.

    Raises:
        UsageError: With the reason.
    """
    if getattr(function, "works_anywhere", False):
        return
    remote = chosen_remote()
    if remote is None:
        return
    context = click.get_current_context()
    words = " ".join(context.command_path.split()[1:])
    raise UsageError(
        f"mosaic {words} does not work with a daemon elsewhere",
        where=remote.address,
        why=NEEDS_HOME.get(words, "it reads files of the home"),
        next_step="run it on that machine, or for the home of this one: mosaic --context local "
        + _shown(context.meta.get(ARGUMENTS) or words.split()),
    )


def _shown(arguments: list[str]) -> str:
    """Return arguments as a shell takes them, without secrets."""
    import shlex

    from gym_gui.runs import Secrets

    return shlex.join(Secrets({}).hide_arguments(arguments))


def chosen_remote() -> RemoteDaemon | None:
    """Return the daemon elsewhere that this command is to work with; ``None``: the home's.

    The command line comes before ``MOSAIC_DAEMON`` and ``MOSAIC_CONTEXT``, these before the context in use. A home that
    is named on the command line is meant.

    Raises:
        UsageError: What is given contradicts itself, or there is no such context.
    """
    address, context = _given.get("address"), _given.get("context")
    lone = next((option for option in ("token_file", "ca_file", "plaintext") if _given.get(option)), None)
    if (address and context) or (given_home() and (address or (context and context != _LOCAL))):
        raise UsageError(
            "--home, --daemon and --context exclude each other",
            where="command line",
            next_step="leave all but one of them out",
        )
    if not address and not context and given_home():
        return None
    if not address and not context:
        address = os.environ.get("MOSAIC_DAEMON")
        context = None if lone else os.environ.get("MOSAIC_CONTEXT")
    if address:
        return _named(address)
    if lone:
        option = {"token_file": "--token-file", "ca_file": "--tls-ca", "plaintext": "--no-tls"}[lone]
        raise UsageError(f"{option} belongs to --daemon", where="command line", next_step="add --daemon HOST:PORT")
    if context == _LOCAL or not (context or _has_contexts()):
        return None
    from gym_gui.rpc import Contexts

    return Contexts.read().get(context) if context else Contexts.read().current()


def site_of(home: Path) -> Site:
    """Return where this command works.

    Args:
        home: The home, unless a daemon elsewhere is chosen.

    Raises:
        UsageError: What names the daemon cannot be used.
    """
    from gym_gui.app import LocalSite, RemoteSite

    remote = chosen_remote()
    return LocalSite(home) if remote is None else RemoteSite(remote)


def is_remote() -> bool:
    """Return whether a daemon elsewhere is chosen."""
    return chosen_remote() is not None


def given_words() -> list[str]:
    """Return the options by which this command line names a daemon elsewhere, for the next command."""
    words: list[str] = []
    for option, name in (("--daemon", "address"), ("--token-file", "token_file"), ("--tls-ca", "ca_file"),
                         ("--context", "context")):  # fmt: skip
        if _given.get(name):
            words += [option, str(_given[name])]
    return [*words, "--no-tls"] if _given.get("plaintext") else words


def _has_contexts() -> bool:
    """Return whether the user has contexts; cheap, since every command asks."""
    from gym_gui.config.paths import user_config_dir

    try:
        return (user_config_dir() / "contexts.json").exists()
    except (UsageError, OSError):
        return False


def _named(address: str) -> RemoteDaemon:
    from gym_gui.config.paths import expand_user
    from gym_gui.rpc import RemoteDaemon, check_address

    token = _given.get("token_file") or os.environ.get("MOSAIC_TOKEN_FILE")
    authority = _given.get("ca_file") or os.environ.get("MOSAIC_TLS_CA")
    if not token:
        raise UsageError(
            f"no token for the daemon at {address} is given",
            where="command line",
            next_step="copy the file token from the daemon's home, and name it: --token-file FILE",
        )
    return RemoteDaemon(
        address=check_address(address),
        token_file=str(expand_user(token).absolute()),
        ca_file=str(expand_user(authority).absolute()) if authority else None,
        plaintext=bool(_given.get("plaintext")),
    )
