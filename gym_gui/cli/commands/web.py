"""``mosaic web``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gym_gui.cli.options import TEXT, common
from gym_gui.cli.where import anywhere, chosen_remote, site_of

if TYPE_CHECKING:
    from gym_gui.rpc import AsyncTrainerClient
    from gym_gui.web import Listening, TokenStore

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--host", type=TEXT, metavar="ADDRESS", default="127.0.0.1", show_default=True, help="Address to listen on."
)
@click.option(
    "--port", type=click.IntRange(0, 65535), metavar="N", help="Port; 0: any free one. Default: 8787, or the next."
)
@click.option("--open", "open_browser", is_flag=True, help="Open the dashboard in the browser.")
@click.option("--tls-cert", "certificate", type=_FILE, metavar="FILE", help="TLS certificate (PEM).")
@click.option("--tls-key", "key", type=_FILE, metavar="FILE", help="Its key (PEM).")
@click.option(
    "--public-name", "public_names", type=TEXT, metavar="HOST[:PORT]", multiple=True,
    help="A name under which browsers reach it; several times.",
)  # fmt: skip
@click.option("--behind-proxy", is_flag=True, help="A proxy on this machine serves TLS in front of it.")
@click.option(
    "--open-to-programs",
    is_flag=True,
    help="Let programs on other machines create studies and claim runs without a token: all that reach the server.",
)
@common
@anywhere
@click.pass_context
def web(
    context: click.Context,
    home: Path,
    host: str,
    port: int | None,
    open_browser: bool,
    certificate: Path | None,
    key: Path | None,
    public_names: tuple[str, ...],
    behind_proxy: bool,
    open_to_programs: bool,
    as_json: bool,
) -> int:
    """Serve the dashboard for browsers: runs, curves, logs, forms to start runs. Ctrl-C ends it; runs go on.

    It shows the home's runs, or those of the daemon that --daemon or --context names, and starts the home's daemon
    where none runs. The printed address lets its reader in: do not share it.
    """
    if context.invoked_subcommand is not None:
        return 0
    from gym_gui.web import Listening, check_installed

    check_installed()
    listening = Listening(host, port, certificate, key, public_names, behind_proxy, open_to_programs)
    serve_dashboard(home, listening, as_json=as_json, open_browser=open_browser)
    return 0


def serve_dashboard(
    home: Path,
    listening: Listening,
    *,
    as_json: bool = False,
    open_browser: bool = False,
    page: str = "/",
    details: dict[str, Any] | None = None,
) -> None:
    """Serve the dashboard until interrupted.

    Args:
        home: The home, unless a daemon elsewhere is chosen.
        listening: Where it listens.
        as_json: Print its address as JSON.
        open_browser: Open it in the browser.
        page: The page that the printed address shows.
        details: What the JSON document has besides.
    """
    from gym_gui.cli.output import echo, print_json, say
    from gym_gui.web import Backend, create_app, serve

    remote = chosen_remote()
    site = site_of(home)

    async def connect() -> AsyncTrainerClient:
        from gym_gui.rpc import AsyncTrainerClient

        if remote is not None:
            return await AsyncTrainerClient.connect_to(remote)
        return await AsyncTrainerClient.connect(home)

    def announce(address: str) -> None:
        if as_json:
            print_json({"address": address, "where": site.where, **(details or {})})
        else:
            echo(address)
            say(f"the dashboard of {site.where}; Ctrl-C ends it, runs go on")

    serve(
        listening,
        _store(home),
        lambda access: create_app(Backend(connect, site.where, home, elsewhere=remote is not None), access),
        announce=announce,
        open_browser=open_browser,
        page=page,
    )


@web.group()
def tokens() -> None:
    """Give others access to the dashboard, each with a token of a role: read, run, admin."""


@tokens.command()
@click.argument("name", metavar="NAME", type=TEXT)
@click.option("--role", type=click.Choice(["read", "run", "admin"]), default="read", show_default=True,
              help="read: look; run: may start programs as you, cancel and annotate runs; admin: everything.",
)  # fmt: skip
@common
@anywhere
def add(home: Path, name: str, role: str, as_json: bool) -> int:
    """Make a token, and print it this once. The web server takes it from its next start on."""
    from gym_gui.cli.output import echo, print_json
    from gym_gui.web import Role

    token = _store(home).add(name, Role[role.upper()])
    if as_json:
        print_json({"name": name, "role": role, "token": token})
    else:
        echo(token)
    return 0


@tokens.command("list")
@common
@anywhere
def list_(home: Path, as_json: bool) -> int:
    """List the names and roles of all tokens that were added."""
    from gym_gui.cli.columns import print_columns
    from gym_gui.cli.output import print_json, say

    found = [(holder.name, holder.role.name.lower()) for holder in _store(home).named()]
    if as_json:
        print_json({"tokens": [{"name": name, "role": role} for name, role in found]})
    elif found:
        print_columns(["name", "role"], found)
    else:
        say("no tokens but your own; add one: mosaic web tokens add NAME --role read")
    return 0


@tokens.command()
@click.argument("name", metavar="NAME", type=TEXT)
@common
@anywhere
def remove(home: Path, name: str, as_json: bool) -> int:
    """Take a token back: the web server refuses it from its next start on."""
    from gym_gui.cli.output import echo, print_json

    _store(home).remove(name)
    if as_json:
        print_json({"removed": name})
    else:
        echo(f"removed {name}")
    return 0


def _store(home: Path) -> TokenStore:
    import getpass

    from gym_gui.web import TokenStore

    try:
        owner = getpass.getuser()
    except (OSError, KeyError):  # a user whom the system does not know
        owner = "owner"
    return TokenStore(home, owner)
