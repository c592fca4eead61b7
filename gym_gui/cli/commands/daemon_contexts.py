"""``mosaic daemon contexts``."""

from __future__ import annotations

from pathlib import Path

import click

from gym_gui.cli.options import common
from gym_gui.cli.output import echo
from gym_gui.cli.where import anywhere


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def contexts() -> None:
    """Name daemons on other machines, and choose the one that commands work with.

    A context holds the address and the place of the token file, never the token. `local` is the home of this machine.
    """


@contexts.command()
@click.argument("name", metavar="NAME")
@click.argument("address", metavar="HOST:PORT")
@click.option(
    "--token-file", metavar="FILE", required=True, help="File with that daemon's token; only you may read it."
)
@click.option("--tls-ca", metavar="FILE", help="Certificate (PEM) that the daemon's is checked with.")
@click.option("--no-tls", is_flag=True, help="No TLS, to this machine only: any program on it could take the port.")
@click.option("--use", "use_it", is_flag=True, help="Use it from now on.")
@common
@anywhere
def add(
    home: Path,  # noqa: ARG001 - every command gets it
    name: str,
    address: str,
    token_file: str,
    tls_ca: str | None,
    no_tls: bool,
    use_it: bool,
    as_json: bool,
) -> int:
    """Add a context, or replace the one of that name.

    HOST:PORT is that machine's name or address and the port that `mosaic daemon run` was given there, or unix:PATH of a
    socket that ssh forwards.
    """
    from gym_gui.cli.output import print_json, say
    from gym_gui.config.paths import expand_user
    from gym_gui.core.worker.errors import MosaicError
    from gym_gui.rpc import Contexts, RemoteDaemon, check_address

    remote = RemoteDaemon(
        address=check_address(address),
        token_file=str(expand_user(token_file).absolute()),
        ca_file=str(expand_user(tls_ca).absolute()) if tls_ca else None,
        plaintext=no_tls,
    )
    remote.token()
    known = Contexts.read()
    known.add(name, remote)
    if use_it:
        known.use(name)
    if as_json:
        print_json({"name": name, "in_use": known.in_use == name})
        return 0
    echo(f"context {name}: {address}" + (" (in use)" if use_it else f"; use it: mosaic daemon contexts use {name}"))
    try:
        from gym_gui.rpc import TrainerClient

        TrainerClient.connect_to(remote).close()
    except MosaicError as error:
        say(f"warning: {error.what}: {error.why}" if error.why else f"warning: {error.what}")
    return 0


@contexts.command()
@click.argument("name", metavar="NAME")
@common
@anywhere
def use(home: Path, name: str, as_json: bool) -> int:  # noqa: ARG001 - every command gets it
    """Choose the context that commands use; `local`: the home of this machine."""
    from gym_gui.cli.output import print_json
    from gym_gui.rpc import LOCAL_CONTEXT, Contexts

    known = Contexts.read()
    known.use(name)
    if as_json:
        print_json({"in_use": name})
    else:
        where = "the home of this machine" if name == LOCAL_CONTEXT else known.get(name).address
        echo(f"commands use {where} from now on")
    return 0


@contexts.command("list")
@common
@anywhere
def list_(home: Path, as_json: bool) -> int:  # noqa: ARG001 - every command gets it
    """List the contexts."""
    from gym_gui.cli.output import print_json
    from gym_gui.rpc import LOCAL_CONTEXT, Contexts

    known = Contexts.read()
    if as_json:
        import msgspec

        listed = {name: msgspec.to_builtins(remote) for name, remote in known.contexts.items()}
        print_json({"in_use": known.in_use, "contexts": listed})
        return 0
    from gym_gui.cli.columns import print_columns

    rows = [["*" if known.in_use == LOCAL_CONTEXT else "", LOCAL_CONTEXT, "the home of this machine", ""]]
    rows += [
        ["*" if name == known.in_use else "", name, remote.address, remote.token_file]
        for name, remote in sorted(known.contexts.items())
    ]
    print_columns(("", "context", "address", "token file"), rows)
    return 0


@contexts.command()
@click.argument("name", metavar="NAME")
@common
@anywhere
def remove(home: Path, name: str, as_json: bool) -> int:  # noqa: ARG001 - every command gets it
    """Remove a context; its token file stays."""
    from gym_gui.cli.output import print_json
    from gym_gui.rpc import LOCAL_CONTEXT, Contexts

    known = Contexts.read()
    known.remove(name)
    if as_json:
        print_json({"removed": name, "in_use": known.in_use})
    else:
        used = "the home of this machine" if known.in_use == LOCAL_CONTEXT else known.in_use
        echo(f"removed context {name}; in use: {used}")
    return 0
