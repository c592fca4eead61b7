"""How errors are shown: in four parts, without a traceback."""

from __future__ import annotations

import json
import os
import shlex
import tempfile
import textwrap
import time
import traceback
from pathlib import Path
from typing import Any

import click

from gym_gui.cli.next_steps import for_this_home
from gym_gui.cli.output import Styled, echo, print_json
from gym_gui.core.regular_files import NotRegularFile, kind_of
from gym_gui.core.terminal_text import escape_lines
from gym_gui.core.worker.errors import ConfigError, MosaicError, Problem, UsageError, nearest

_ALLOWED_SHOWN = 200
_VALUE_SHOWN = 60
#: What a command begins with that makes a value possible.
_COMMAND = "after: "


def from_click(error: click.ClickException) -> MosaicError:
    """Turn what click found wrong with the command line into an error of ours."""
    message = _no_such_option(error) or error.format_message()
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "mosaic"
    return UsageError(message[:1].lower() + message[1:], where=f"command line: {path}", next_step=f"{path} --help")


def _no_such_option(error: click.ClickException) -> str:
    if not isinstance(error, click.NoSuchOption):
        return ""
    context = error.ctx
    known = [name for parameter in context.command.params for name in parameter.opts] if context else []
    near = nearest(error.option_name, [name for name in known if name.startswith("-")])
    return f"there is no option {error.option_name!r}" + (f"; did you mean {near!r}?" if near else "")


def to_dict(error: MosaicError) -> dict[str, Any]:
    """Return an error as the JSON document of a ``--json`` call that failed."""
    parts: dict[str, Any] = {
        "what": error.what, "where": error.where, "why": error.why, "next": error.next_step, "exit": error.exit_code,
    }  # fmt: skip
    if isinstance(error, ConfigError):
        parts["problems"] = [problem.to_dict() for problem in error.problems]
    return {"error": parts}


def show(error: MosaicError, *, as_json: bool) -> int:
    """Print an error on stderr (with ``--json`` also as a document on stdout) and return its exit code."""
    show_error(error, label="error:")
    if as_json:
        print_json(to_dict(error))
    return error.exit_code


def show_error(error: MosaicError, label: str = "warning:") -> None:
    """Print an error's parts on stderr, a line each."""
    _name_home(error)
    first, *more = str(_shortened(error)).split("\n")
    echo(Styled(label, "bold red" if label == "error:" else "yellow"), f" {first}", err=True)
    for line in more:
        echo(line, err=True)


def _name_home(error: MosaicError) -> None:
    """Let the commands that an error suggests name the home, where this command was given it."""
    error.next_step = for_this_home(error.next_step)
    if isinstance(error, ConfigError):
        for problem in error.problems:
            problem.allowed = for_this_home(problem.allowed)


def _shortened(error: MosaicError) -> MosaicError:
    """Return an error as the terminal shows it: with faulty values, without endless lists of what is allowed."""
    if not isinstance(error, ConfigError):
        return error
    problems = [
        Problem(_with_value(item), item.message, nearest=item.nearest,
                allowed=_allowed(item.allowed))
        for item in error.problems
    ]  # fmt: skip
    return ConfigError(error.what, problems, where=error.where, next_step=error.next_step)


def _allowed(text: str) -> str:
    """Return what is allowed, cut where that is an endless list; a command is shown whole."""
    return text if _COMMAND in text else textwrap.shorten(text, _ALLOWED_SHOWN, placeholder=" …")


def _with_value(problem: Problem) -> str:
    """Return the path of a fault, with the value that stands there unless the message says it."""
    shown = json.dumps(problem.value, ensure_ascii=False, default=str)
    if problem.value is None or len(shown) > _VALUE_SHOWN or str(problem.value) in problem.message:
        return problem.path
    return f"{problem.path} = {shown}"


def unexpected(error: BaseException) -> MosaicError:
    """Turn a fault of MOSAIC itself into one sentence; write its traceback to a file."""
    if isinstance(error, NotRegularFile):
        return _misplaced(Path(error.filename), f"is {error.kind}, not a file")
    if isinstance(error, (NotADirectoryError, FileNotFoundError)) and isinstance(error.filename, str):
        for folder in reversed(Path(error.filename).parents):
            if os.path.lexists(folder) and not folder.is_dir():
                return _misplaced(folder, f"is {kind_of(folder) or 'a file'}, not a folder")
    text = "".join(traceback.format_exception(error))
    if _debugging():
        for line in text.splitlines():
            echo(line, err=True)
        kept = "the traceback is printed above"
    else:
        kept = f"the traceback is in {_keep(text)}"
    return MosaicError(
        f"{type(error).__name__}: {error}" if str(error) else type(error).__name__,
        where=kept,
        why="a fault of MOSAIC itself, or of the machine",
        next_step="mosaic doctor; the same command with --debug shows the traceback",
    )


def _misplaced(path: Path, what: str) -> MosaicError:
    name = shlex.quote(str(path))
    return MosaicError(
        f"{path.name} {what}",
        where=str(path),
        why="something else has its name",
        next_step=f"mv {name} {name}.old; then the same command",
    )


def _debugging() -> bool:
    from gym_gui.config.settings import get_setting

    try:
        return bool(get_setting("debug_mode", default=False))
    except MosaicError:  # the settings are at fault themselves, and something else is being told
        return False


def _keep(text: str) -> Path:
    """Write a traceback where it can be found again: the home's logs, else the system's temporary folder."""
    from gym_gui.config.paths import mosaic_home

    name = f"cli-{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}.traceback.txt"
    logs = Path(mosaic_home()) / "logs"
    for folder in (logs, Path(tempfile.gettempdir())):
        try:
            # Never through a file or link that another user has put there: the temporary folder is everybody's.
            descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(escape_lines(text))
        except OSError:
            continue
        return folder / name
    return Path(os.devnull)
