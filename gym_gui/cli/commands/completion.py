"""``mosaic completion``."""

from __future__ import annotations

import click

from gym_gui.cli.options import common
from gym_gui.cli.output import echo

_WHERE = {
    "bash": "echo 'eval \"$(mosaic completion bash)\"' >> ~/.bashrc",
    "zsh": "echo 'eval \"$(mosaic completion zsh)\"' >> ~/.zshrc",
    "fish": "mosaic completion fish > ~/.config/fish/completions/mosaic.fish",
}


@click.command()
@click.argument("shell", type=click.Choice(list(_WHERE)))
@common
def completion(home: object, shell: str, as_json: bool) -> int:  # noqa: ARG001 - every command is given its home
    """Print the shell's completion script.

    It completes commands, options, worker names and run ids, without starting anything. For good:

    \b
      bash   echo 'eval "$(mosaic completion bash)"' >> ~/.bashrc
      zsh    echo 'eval "$(mosaic completion zsh)"' >> ~/.zshrc
      fish   mosaic completion fish > ~/.config/fish/completions/mosaic.fish
    """
    from click.shell_completion import get_completion_class

    from gym_gui.cli.output import print_json
    from gym_gui.cli.root import cli

    kind = get_completion_class(shell)
    assert kind is not None
    script = kind(cli, {}, "mosaic", "_MOSAIC_COMPLETE").source()
    if as_json:
        print_json({"shell": shell, "script": script, "install": _WHERE[shell]})
    else:
        for line in script.splitlines():
            echo(line)
    return 0
