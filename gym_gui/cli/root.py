"""The root of all commands: which there are, and how one is run."""

from __future__ import annotations

import click

from gym_gui import __version__
from gym_gui.cli import exits
from gym_gui.cli.lazy import LazyGroup
from gym_gui.cli.next_steps import remember_commands
from gym_gui.cli.output import echo, say, say_always
from gym_gui.cli.where import root_options

_COMMANDS = "gym_gui.cli.commands"

cli = LazyGroup(
    name="mosaic",
    help=(
        "Run any reinforcement-learning library as a supervised worker with telemetry that loses nothing.\n\n"
        "Exit codes: 0 completed, 1 failed or lost, 2 wrong usage, 3 cancelled, 130 interrupted."
    ),
    params=[
        *root_options(),
        click.Option(["--version"], is_flag=True, is_eager=True, expose_value=False, help="Show the version.",
                     callback=lambda ctx, _, value: _show_version(ctx) if value else None),
    ],
    members={
        "train": (f"{_COMMANDS}.train:train", "Train a worker by name."),
        "run": (f"{_COMMANDS}.run:run", "Start a whole run config."),
        "resume": (f"{_COMMANDS}.resume:resume", "Continue from a run's last checkpoint, as a new run."),
        "evaluate": (f"{_COMMANDS}.evaluate:evaluate", "Measure a run's last checkpoint, as a new run."),
        "replay": (f"{_COMMANDS}.replay:replay", "Show an episode's steps one by one."),
        "runs": (f"{_COMMANDS}.runs:runs", "List, watch, check and end runs."),
        "study": (f"{_COMMANDS}.study:study", "Make many runs from one config, and follow them together."),
        "workers": (f"{_COMMANDS}.workers:workers", "Install, show, check and create workers."),
        "daemon": (f"{_COMMANDS}.daemon:daemon", "Start and stop the daemon that supervises runs."),
        "web": (f"{_COMMANDS}.web:web", "Serve the dashboard for browsers."),
        "agent": (f"{_COMMANDS}.agent:agent", "Carry out a server's runs on this machine."),
        "machines": (
            f"{_COMMANDS}.machines:machines", "List the machines that carry out runs, and remove some."
        ),
        "gui": (f"{_COMMANDS}.gui:gui", "Open the window."),
        "doctor": (f"{_COMMANDS}.doctor:doctor", "Check this machine and say how to fix problems."),
        "demo": (f"{_COMMANDS}.demo:demo", "Train PPO on CartPole with three seeds and draw the curve."),
        "completion": (f"{_COMMANDS}.completion:completion", "Print the shell's completion script."),
    },
)  # fmt: skip


def _show_version(ctx: click.Context) -> None:
    echo(f"mosaic {__version__}")
    ctx.exit()


def run(arguments: list[str]) -> int:
    """Run one command.

    Args:
        arguments: Command line without the program's name.

    Returns:
        The exit code.
    """
    remember_commands(cli)
    try:
        code = cli.main(args=arguments, prog_name="mosaic", standalone_mode=False)
    except click.Abort:
        say_always("interrupted")
        return exits.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last frame: whatever happened becomes a message and an exit code
        return _failed(error, as_json="--json" in arguments)
    return code if isinstance(code, int) else exits.COMPLETED


def _failed(error: Exception, *, as_json: bool) -> int:
    from gym_gui.cli.failures import from_click, show, unexpected
    from gym_gui.core.worker.errors import MosaicError

    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        for line in error.format_message().splitlines():
            say(line)
        return exits.USAGE
    if isinstance(error, click.ClickException):
        return show(from_click(error), as_json=as_json)
    return show(error if isinstance(error, MosaicError) else unexpected(error), as_json=as_json)
