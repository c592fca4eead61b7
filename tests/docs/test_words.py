"""Replaced words stay out of user-visible text and of names.

Text is: string constants (docstrings included) and comments of the code, the docs and the README. Names are those that
the code defines.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
CODE = sorted(
    path
    for folder in ("gym_gui", "3rd_party")
    for path in (ROOT / folder).rglob("*.py")
    if "tests" not in path.parts and not path.stem.endswith(("_pb2", "_pb2_grpc"))
)
TEMPLATES = sorted((ROOT / "gym_gui" / "workers" / "scaffold").rglob("*.tmpl"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]

#: Replaced wording in text → plain wording.
TEXT = {
    r"mend(s|ed|ing)?": "fix",
    r"lacks?|lacking": "shortage, has no, is missing",
    r"aside": "reserved, renamed, without",
    r"verdicts?": "result, exit classification",
    r"settle[sd]?": "finalize",
    r"whoever": "the user, the owner, any process that",
    r"nobody|somebody": "no process, a user, another process",
    r"anew": "again, rebuild",
    r"(?<!there )(is|was) no (amount|file|folder|list|member|name|number|object|part|text)": "is not a",
    r"looked at": "checked, inspected",
    r"is not known": "is unknown",
    r"log.?keepers?|keep_logs|keep_main": "log retention",
}
#: Replaced words in names → plain words.
NAMES = {
    "aside": "reservation, renamed",
    "keeper": "retention",
    "lack": "shortage",
    "lacks": "shortages",
    "mend": "fix",
    "mends": "fix",
    "settle": "finalize",
    "told": "what the value is: config, record, report",
    "verdict": "exit classification",
}
#: Whole names.
WHOLE_NAMES = {
    "keep_main": "retention",
    "log_keeping": "log_retention",
    "looked_at": "checked_at",
    "one_asks": "keyed_lock",
}
#: Where text or names remain, and why.
ALLOWED = {
    ("gym_gui/telemetry/rollup_state.py", "told_steps"): "the names of the fields are stored in databases",
    ("docs/reference/grpc.md", "mend"): "the name of a protobuf field",
    ("gym_gui/app/checks/finding.py", "verdict"): "a key of `mosaic doctor --json`",
    ("gym_gui/workers/conformance/rule.py", "mend"): "a key of `mosaic workers check --json`",
    ("gym_gui/workers/record.py", "mend"): "the name of a protobuf field",
    ("gym_gui/workers/probe.py", "mend"): "the name of a protobuf field",
}
_TEXT = re.compile("|".join(rf"\b(?:{word})\b" for word in TEXT), re.IGNORECASE)


class Found(NamedTuple):
    """A replaced word."""

    place: str
    word: str
    instead: str

    def __str__(self) -> str:
        return f"{self.place}: {self.word!r}; write: {self.instead}"


def words_in(text: str, path: Path, line: int) -> Iterator[Found]:
    """Yield the replaced words of a text."""
    for match in _TEXT.finditer(text):
        instead = next(plain for word, plain in TEXT.items() if re.fullmatch(word, match[0], re.IGNORECASE))
        if (path.relative_to(ROOT).as_posix(), match[0]) not in ALLOWED:
            number = line + text.count("\n", 0, match.start())
            yield Found(f"{path.relative_to(ROOT)}:{number}", match[0], instead)


def texts_of(path: Path) -> Iterator[Found]:
    code = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if " " in node.value.strip():  # single words are names, keys and the like
            yield from words_in(node.value, path, node.lineno)
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.COMMENT:
            yield from words_in(token.string, path, token.start[0])


def names_of(path: Path) -> Iterator[Found]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        names = []
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names = [node.name]
        elif isinstance(node, ast.arg):
            names = [node.arg]
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names = [node.id]
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names = [node.attr]
        for name in names:
            parts = [part.lower() for part in re.findall(r"[a-z]+|[A-Z][a-z]*", name)]
            instead = WHOLE_NAMES.get(name.strip("_")) or next((NAMES[part] for part in parts if part in NAMES), "")
            file = path.relative_to(ROOT).as_posix()
            if instead and (file, name) not in ALLOWED:
                yield Found(f"{path.relative_to(ROOT)}:{node.lineno}", name, instead)


def fail_for(found: list[Found]) -> None:
    if found:
        pytest.fail("replaced words:\n" + "\n".join(map(str, found)), pytrace=False)


def test_texts_of_the_code() -> None:
    fail_for([each for path in CODE for each in texts_of(path)])


def test_names_in_the_code() -> None:
    found = [each for path in CODE for each in names_of(path)]
    modules = [
        Found(str(path.relative_to(ROOT)), path.stem, instead)
        for path in CODE
        for word, instead in {**NAMES, **WHOLE_NAMES}.items()
        if path.stem == word or word in path.stem.split("_")
    ]
    fail_for(found + modules)


def test_pages() -> None:
    found = []
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        prose = re.sub(r"```.*?```", _blank, text, flags=re.DOTALL)  # quoted output is the code's
        found += list(words_in(prose, path, 1))
    fail_for(found)


def test_templates_of_new_workers() -> None:
    fail_for([each for path in TEMPLATES for each in words_in(path.read_text(encoding="utf-8"), path, 1)])


def _blank(block: re.Match[str]) -> str:
    return "\n" * block[0].count("\n")


def test_every_term_has_one_definition() -> None:
    page = (ROOT / "docs" / "explanation" / "terms.md").read_text(encoding="utf-8")
    terms = re.findall(r"^\| \*\*([^*]+)\*\*", page, re.MULTILINE)
    assert len(terms) == len(set(terms))
    needed = {
        "attempt",
        "ledger",
        "quarantine",
        "proxy",
        "launcher",
        "allocation",
        "reservation",
        "cursor",
        "home",
        "run",
    }
    assert needed <= set(terms)
