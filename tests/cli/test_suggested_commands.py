"""Every command that messages, help, docs and README suggest exists, with the options and arguments it is given."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from gym_gui.cli.root import cli

ROOT = Path(__file__).parents[2]
SOURCES = [
    path
    for folder in ("gym_gui", "3rd_party")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if not {"tests", ".venv", "build"} & set(path.relative_to(ROOT).parts)
]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES += sorted((ROOT / "3rd_party").glob("*/README.md"))
#: Stands for what an f-string puts in.
VALUE = "VALUE"
# A command begins a text, or follows ``: ``, ``(``, ``, `` or a backtick; elsewhere "mosaic" is the product's name.
_BEGIN = re.compile(
    r"(?:^ *|[:(`,;·$] ?|(?:then|with|is|or|of|see|from|start) )mosaic (?=[a-z]+(?![a-z:]))", re.MULTILINE
)
_END = re.compile(r"  |[;,)`·|>&\n]| #|(?<=\w) (?:or|and|then|to|shows|tells) |, | \(|$")


def commands_in(text: str) -> Iterator[str]:
    """Yield the commands of a text, without the word ``mosaic``."""
    for found in _BEGIN.finditer(text):
        rest = text[found.end() :]
        end = _END.search(rest)
        yield rest[: end.start()] if end else rest


def fault_of(command: str, *, mention: bool) -> str:
    """Return what is wrong with a command, empty if nothing is.

    Args:
        command: Without the word ``mosaic``.
        mention: It may go without its arguments.
    """
    try:
        words = [word for word in shlex.split(command.rstrip(".:? ")) if word != "[OPTIONS]"]
    except ValueError as error:
        return str(error)
    if words[0] == VALUE or words in (["--version"], ["--help"]):
        return ""
    place: click.Command = cli
    if words[0].startswith("--"):  # where it works: these stand before the command
        try:
            _, words, _ = cli.make_parser(click.Context(cli)).parse_args(args=words)
        except click.UsageError as error:
            return error.format_message()
    while isinstance(place, click.Group) and words and not words[0].startswith("-"):
        name = words.pop(0)
        below = place.get_command(click.Context(place), name)
        if below is None:
            return f"there is no command {name!r}"
        place = below
    if isinstance(place, click.Group) and not place.invoke_without_command:
        return f"{place.name} needs a command" if words else ""
    if not words and mention:
        return ""
    context = click.Context(place)
    try:
        values, left, _ = place.make_parser(context).parse_args(args=words)
    except click.UsageError as error:
        return error.format_message()
    if left:
        return f"{place.name} does not take {left}"
    for parameter in place.params:
        value = values.get(parameter.name or "")
        empty = value is None or value == () or "UNSET" in repr(value)
        if isinstance(parameter, click.Argument) and parameter.required and empty:
            return f"{place.name} needs {parameter.human_readable_name}"
        if isinstance(parameter.type, click.Choice):
            for word in value if isinstance(value, (list, tuple)) else () if empty else (value,):
                if isinstance(word, str) and word[0].islower() and word not in parameter.type.choices:
                    return f"{word!r} is none of {', '.join(parameter.type.choices)}"
    return ""


def literals(path: Path) -> Iterator[tuple[int, str, bool]]:
    """Yield a file's texts: line, text with ``VALUE`` for what is put in, and whether it is a docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    docs = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node.lineno, node.value, id(node) in docs
        elif isinstance(node, ast.JoinedStr):
            yield (
                node.lineno,
                "".join(str(part.value) if isinstance(part, ast.Constant) else VALUE for part in node.values),
                False,
            )
        elif isinstance(node, ast.List) and node.elts and getattr(node.elts[0], "value", "") == "mosaic":
            words = [str(word.value) if isinstance(word, ast.Constant) else VALUE for word in node.elts]
            yield node.lineno, shlex.join(words), False


@pytest.mark.long
def test_commands_in_messages_and_help_parse() -> None:
    faults, seen = [], 0
    for path in SOURCES:
        for line, text, doc in literals(path):
            for command in commands_in(text):
                seen += 1
                if fault := fault_of(command, mention=doc or f"`mosaic {command}`" in text):
                    faults.append(f"{path.relative_to(ROOT)}:{line}: mosaic {command}: {fault}")
    assert not faults, "\n".join(faults)
    assert seen > 100


def _joined(block: str) -> str:
    """Return a block of a page with commands on one line each, as a shell reads them."""
    return re.sub(r"<[a-z ]+>", VALUE, block.replace("\\\n", " "))


def page_commands(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the commands of a page, and whether each may be a mention without arguments."""
    for number, part in enumerate(text.split("```")):
        if number % 2:
            for found in re.finditer(r"^(?:\$ )?mosaic (?=[a-z-])((?:'[^']*'|[^'\n])+)", _joined(part), re.MULTILINE):
                yield re.split(r" \| | > | && |  +#| # |  +\(| &$", found[1])[0], False
        else:
            for command in re.findall(r"`mosaic ([a-z-][^`]*)`", part):
                yield _joined(" ".join(command.split())), True


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_on_pages_parse(page: Path) -> None:
    faults = [
        f"mosaic {command}: {fault}"
        for command, mention in page_commands(page.read_text(encoding="utf-8"))
        if (fault := fault_of(command.split(" | ")[0], mention=mention))
    ]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ("runs lits", "there is no command"),
        ("runs logs RUN --stdrr", "No such option"),
        ("runs logs --stderr", "needs RUN"),
        ("runs list --state sleeping", "is none of"),
        ("daemon start now", "does not take"),
        ("runs logs RUN --stderr", ""),
    ],
)
def test_the_check_finds_faults(command: str, fault: str) -> None:
    found = fault_of(command, mention=False)
    assert fault.lower() in found.lower()
    assert bool(found) == bool(fault)
