"""The query language of runs: ``env:CartPole* algo:ppo return>400 -state:failed config.learning_rate<1e-3``.

Terms are separated by spaces, and all must match; ``-`` before a term negates it. A term is ``FIELD OPERATOR VALUE``,
or a word that occurs in the run's name, id, worker, algorithm, environment, tags or group.

``:`` compares text without regard to case, with ``*`` and ``?`` as wildcards; numbers, times and durations exactly or
with a range ``LOW..HIGH``; several values separated by commas: any of them. ``field:*`` matches where there is a
value, ``field:none`` where there is none. ``=`` and ``!=`` compare exactly, ``<``, ``<=``, ``>``, ``>=`` by size; a run
without the value matches none of these.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from gym_gui.core.worker.errors import ConfigError, Problem
from gym_gui.reading.comparison import TermError, allowed_values, comparison
from gym_gui.reading.fields import FIELDS, Entry, Kind, RunField, find_field, nearest_field

#: Characters of a query.
MAX_LENGTH = 2000
_TERM = re.compile(
    r'(?P<minus>-?)(?:(?P<field>[A-Za-z_][\w.\-]*)(?P<operator>:|!=|>=|<=|=|>|<))?(?P<values>(?:"(?:[^"\\]|\\.)*"|[^\s"])*)'
)
#: In a term about a time: so long ago.
_AGE = re.compile(r"\d(?:s|min|m|h|d|w)\b", re.IGNORECASE)
_VALUE = re.compile(r'"(?:[^"\\]|\\.)*"|[^,"]+')
Test = Callable[[Entry, float], bool]


@dataclass(frozen=True)
class Term:
    """One term of a query.

    Args:
        text: As written.
        field: The field; ``None``: a word.
        test: Returns whether a run matches at a time.
    """

    text: str
    field: RunField | None
    test: Test


@dataclass(frozen=True)
class Query:
    """A parsed query.

    Args:
        text: As written.
        terms: Its terms; none matches every run.
    """

    text: str
    terms: tuple[Term, ...]

    @cached_property
    def needs_facts(self) -> bool:
        """Whether it asks for what only ``run.json`` says."""
        return any(term.field is not None and term.field.facts for term in self.terms)

    @cached_property
    def changing(self) -> bool:
        """Whether runs enter or leave with time alone."""
        return any(
            term.field.changing or (term.field.kind is Kind.TIME and _AGE.search(term.text))
            for term in self.terms
            if term.field is not None
        )

    def matches(self, entry: Entry, now: float | None = None) -> bool:
        """Return whether a run matches.

        Args:
            entry: The run.
            now: Unix time, seconds.
        """
        now = time.time() if now is None else now
        return all(term.test(entry, now) for term in self.terms)


def parse_query(text: str, now: float | None = None) -> Query:
    """Return a query that can be asked of runs.

    Args:
        text: The query.
        now: Unix time that ages refer to, seconds.

    Raises:
        ConfigError: It cannot be read; each problem names the character at which it begins, and what is allowed there.
    """
    now = time.time() if now is None else now
    if len(text) > MAX_LENGTH:
        raise _unreadable([Problem("query", f"has {len(text):,} characters", allowed=f"at most {MAX_LENGTH:,}")])
    terms: list[Term] = []
    problems: list[Problem] = []
    for position, match in _split(text, problems):
        term = _term_or_problem(match, now)
        if isinstance(term, Term):
            terms.append(term)
        else:
            term.message = f"at character {position + 1}, {term.message}"
            problems.append(term)
    if problems:
        raise _unreadable(problems)
    return Query(text, tuple(terms))


def _unreadable(problems: Sequence[Problem]) -> ConfigError:
    return ConfigError(
        "the query cannot be read", problems, next_step="for example: env:CartPole* return>400 -state:failed"
    )


def _split(text: str, problems: list[Problem]) -> Iterator[tuple[int, re.Match[str]]]:
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        match = _TERM.match(text, position)
        end = match.end() if match else position
        if match is None or (end < len(text) and not text[end].isspace()):
            message = f"at character {end + 1}, a quotation mark has no counterpart"
            problems.append(Problem("query", message, value=text[position : position + 40], allowed='"text"'))
            return
        yield position, match
        position = end


def _term_or_problem(match: re.Match[str], now: float) -> Term | Problem:
    try:
        return _term(match, now)
    except TermError as error:
        return error.problem


def _term(match: re.Match[str], now: float) -> Term:
    name, operator, raw = match["field"], match["operator"], match["values"]
    values = [_unquoted(part) for part in _VALUE.findall(raw)]
    if name is None:
        word = "".join(values) if '"' in raw else raw
        if not word:
            raise TermError("a term is empty", match[0], "a word, or FIELD OPERATOR VALUE")
        test = _word(word)
        return Term(match[0], None, _negated(test) if match["minus"] else test)
    field = find_field(name)
    if field is None:
        allowed = f"{', '.join(FIELDS)}, config.NAME; or the text in quotation marks"
        raise TermError(f"there is no field {name!r}", name, allowed, nearest_field(name))
    if not values:
        raise TermError(f"{name}{operator} has no value", match[0], allowed_values(field))
    if operator != ":" and len(values) > 1:
        raise TermError(f"{name}{operator} has several values", raw, f"one value; several with {name}:")
    quoted = '"' in raw
    tests = [_value_test(field, operator, value, quoted, now) for value in values]

    def any_of(entry: Entry, at: float) -> bool:
        return any(test(entry, at) for test in tests)

    test = tests[0] if len(tests) == 1 else any_of
    return Term(match[0], field, _negated(test) if match["minus"] else test)


def _unquoted(part: str) -> str:
    return re.sub(r"\\(.)", r"\1", part[1:-1]) if part.startswith('"') else part


def _negated(test: Test) -> Test:
    return lambda entry, now: not test(entry, now)


def _word(word: str) -> Test:
    wanted = word.casefold()

    def test(entry: Entry, _: float) -> bool:
        run = entry.run
        texts = [run.run_name, run.run_id, run.group, *run.tags]
        for worker in run.workers:
            texts += (worker.worker_type, worker.algorithm, worker.env_id)
        return any(wanted in text.casefold() for text in texts)

    return test


def _value_test(field: RunField, operator: str, text: str, quoted: bool, now: float) -> Test:
    """Return the test of one value."""
    values = field.values
    if operator == ":" and not quoted and text == "*":
        return lambda entry, at: bool(values(entry, at))
    if operator == ":" and not quoted and text.lower() == "none":
        return lambda entry, at: not values(entry, at)
    compare = comparison(field, operator, text, now)
    if operator == "!=":
        # As with the other operators, a run without the value does not match.
        return lambda entry, at: bool(found := values(entry, at)) and not any(map(compare, found))
    return lambda entry, at: any(map(compare, values(entry, at)))
