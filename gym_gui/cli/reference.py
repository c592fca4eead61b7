"""The reference page of the command line, made from the commands themselves."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from gym_gui.cli._executor_choice import ExecutorChoice

_INTRO = """\
<!-- Made by docs/generate.py; edit the code instead. -->

# Command line

Every command takes `--home DIR` (where runs are kept; default `$MOSAIC_HOME`, else the platform's folder for user
data), `--json` and `--debug`; they are not repeated below. Settings are on [their own page](settings.md).

## Exit codes

| code | meaning |
|---|---|
| 0 | done; for runs: completed |
| 1 | failed or lost; `verify`: the books do not balance; `doctor`: something is broken; `daemon status`: none runs |
| 2 | wrong usage or bad input: nothing was written |
| 3 | cancelled |
| 130 | interrupted by Ctrl-C, SIGTERM or SIGHUP |

Of several runs the worst counts: failed, then cancelled, then completed. What becomes of the output changes no exit
code: a reader that leaves (`| head`) is no fault, and where stdout is full a warning on stderr says so.

## Ctrl-C

`train`, `run`, `resume` and `evaluate` ask by one key whether to detach (`d`, or Enter) or to cancel (`c`); Ctrl-C
again cancels. Without a terminal to ask on, and in a pipeline such as `mosaic train … | tee log`, they cancel, and so
they do at SIGTERM; stderr says what is done. `runs watch` and `runs tail` just leave.

## `--json`

Stdout holds exactly one JSON document, stderr the messages and the progress. JSON knows no NaN and no infinities: they
are `null`, and the object that they stand in says under `non_finite` which they were:
`{"mean_return_100": null, "non_finite": {"mean_return_100": "NaN"}}` (within lists with the place: `"observation[2]"`).
Unknown values are `null`. A command that fails prints
`{"error": {"what": …, "where": …, "why": …, "next": …, "exit": …, "problems": […]}}`, with `problems` where a config
was at fault: each has `path`, `message`, `value`, `allowed`, `nearest`.

`runs show --json` holds at least `run_id state cause digest attempts workers[] episodes steps mean_return_100
ledger{lines stored log quarantined records dropped sampled} proxy_pid started_at ended_at exit`; each of `workers` at
least `worker_id worker_type pid state exit steps episodes`. Times are Unix seconds. `exit` is `{code, signal, reason}`.
Where a command may be about several runs they are a list under `runs`, however many there are; `train`, `run`, `resume`
and `evaluate` add `run_id`, that of the first. [JSON documents](json.md) describes each. A point of a worker's `curve`
is `[step, episodes, mean, lowest, highest return]`; lists leave the curves out.

## Text from outside

Names, tags, ids, paths, errors and what programs printed may come from anywhere. What would act on a terminal or hide
in it (control characters, C1 included; bidirectional, zero-width and other invisible characters; line breaks within a
value) is shown as an escape such as `\\x1b`, `\\u202e` or `\\n`; other text stays as it is, and markup such as
`[red]` means nothing. `--json` is ASCII. `runs logs` into a file or a pipe gives the bytes as they are; on a terminal
it shows them so, too. A run's name, tags, group and notes, and reasons for cancelling it, are refused where they hold
such characters (notes may have several lines).

## Runs

`RUN` is a run id, its beginning, its last 4 or more characters, the name of one run, or `latest` (the one
submitted last).
"""


_ELSEWHERE = """## A daemon on another machine

These options come before the command, as in `mosaic --context lab runs list`; see
[Other machines](../how-to/other-machines.md). Commands that need the files of a home say so.
"""


def cli_page() -> str:
    """Return the whole page, in Markdown."""
    from gym_gui.cli.root import cli
    from gym_gui.cli.where import root_options

    elsewhere = [_row(option) for option in root_options() if isinstance(option, click.Option)]
    parts = [_INTRO, "\n".join([_ELSEWHERE, "| option | what it does |", "|---|---|", *elsewhere, ""])]
    for path, command in walk(cli, click.Context(cli, info_name="mosaic")):
        parts.append("\n".join(_section(path, command)))
    return "\n".join(parts)


def walk(command: click.Command, context: click.Context) -> Iterator[tuple[click.Context, click.Command]]:
    """Yield every command below a group, with its context."""
    if not isinstance(command, click.Group):
        return
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        inner = click.Context(found, info_name=name, parent=context)
        yield inner, found
        yield from walk(found, inner)


def _section(context: click.Context, command: click.Command) -> Iterator[str]:
    depth = "###" if context.parent is not None and context.parent.parent is not None else "##"
    yield f"{depth} mosaic {context.command_path.removeprefix('mosaic ')}"
    yield ""
    if isinstance(command, click.Group):
        yield _prose(command)
        return
    pieces = command.collect_usage_pieces(context)
    yield "```text"
    yield " ".join([context.command_path, *pieces])
    yield "```"
    yield ""
    yield _prose(command)
    rows = [_row(option) for option in command.params if isinstance(option, click.Option) and not _common(option)]
    if rows:
        yield "| option | what it does |"
        yield "|---|---|"
        yield from rows
        yield ""


def _prose(command: click.Command) -> str:
    blocks = [block for block in inspect.cleandoc(command.help or "").split("\n\n") if block.strip()]
    return "\n\n".join(map(_block, blocks)) + "\n"


def _block(block: str) -> str:
    """Return a paragraph; one that click must not wrap is shown as it is."""
    if not block.startswith("\b\n"):
        return block
    return "\n".join(["```text", inspect.cleandoc(block[2:]), "```"])


def _common(option: click.Option) -> bool:
    return option.name in ("home", "as_json", "debug")


def _row(option: click.Option) -> str:
    value = "" if option.is_flag else f" {option.metavar or 'N'}"
    names = ", ".join(f"`{name}{value}`" for name in option.opts)
    text = option.help or ""
    if isinstance(option.type, (click.Choice, ExecutorChoice)):
        text += " One of: " + ", ".join(f"`{choice}`" for choice in option.type.choices) + "."
    if option.show_default and option.default is not None:
        text += f" Default: `{option.default}`."
    return f"| {names} | {text} |".replace("\n", " ")
