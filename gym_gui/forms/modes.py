"""Modes of a form: ways to fill it, each with fewer fields than the whole."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import msgspec
from msgspec import UNSET

from gym_gui.forms.fields import PREFIX
from gym_gui.forms.spec import Field, FieldProblem, FormSpec, Values
from gym_gui.forms.values import visible
from gym_gui.workers import same_json

#: Sections of a worker's config that a script of the user's own still takes.
_OF_SCRIPTS = ("environment", "length", "logging")
#: Fields that mean nothing to such a script, whatever their section.
_NOT_OF_SCRIPTS = ("mode", "*checkpoint*", "curriculum", "resume*", "*eval_*")


class Mode(msgspec.Struct, kw_only=True, frozen=True):
    """A way to fill a form."""

    title: str
    """For users."""
    hides: list[str] = []
    """Names of the fields that are neither shown nor sent."""
    sets: Values = {}
    """Values of hidden fields."""
    needs: str = ""
    """The field that the mode is about, if it is about one."""
    narrows: dict[str, list[Any]] = {}
    """By names of fields: the choices that the mode leaves."""


def choice_modes(form: FormSpec, name: str, **others: str) -> list[Mode]:
    """Return a mode for each choice of a field of the worker's config; none where it has no choices.

    Args:
        form: The form.
        name: The field, as the worker names it.
        others: Titles of the choices that are not their own, and as ``unset`` that of the field left alone.
    """
    field = form.by_name().get(PREFIX + name)
    if field is None or len(field.choices) < 2:
        return []
    free = not field.required and not any(same_json(choice, field.default) for choice in field.choices)
    modes = [Mode(title=others.get("unset", "any"), hides=[field.name])] if free else []
    for choice in field.choices:
        usual = not field.required and same_json(choice, field.default)
        title = others.get(str(choice), str(choice))
        modes.append(Mode(title=title, hides=[field.name], sets={} if usual else {field.name: choice}))
    return modes


def narrowed_modes(
    form: FormSpec, modes: Sequence[Mode], name: str, families: Mapping[str, Collection[Any]], unset: str
) -> list[Mode]:
    """Return modes in each of which a field of the worker's config has the choices of one family alone.

    Args:
        form: The form.
        modes: The form's modes: one whose title has the initial of a family's is narrowed to it. None: one for all
            choices, and one for each family.
        name: The field, as the worker names it.
        families: The choices of each family, by its title.
        unset: Title of the mode for all choices.
    """
    field = form.by_name().get(PREFIX + name)
    left = {
        title: [choice for choice in field.choices if choice in family] if field is not None else []
        for title, family in families.items()
    }
    if sum(map(bool, left.values())) < 2:
        return list(modes)
    if not modes:
        modes = [Mode(title=unset), *(Mode(title=title) for title, choices in left.items() if choices)]
    by_initial = {title[0].casefold(): choices for title, choices in left.items() if choices}
    return [
        msgspec.structs.replace(mode, narrows={PREFIX + name: by_initial[mode.title[0].casefold()]})
        if mode.title != unset and mode.title[0].casefold() in by_initial
        else mode
        for mode in modes
    ]


def script_modes(form: FormSpec, modes: Sequence[Mode]) -> list[Mode]:
    """Return modes without the fields of scripts, and one for a script of the user's own where the worker runs such.

    Args:
        form: The form.
        modes: The modes without one for scripts; empty: one for all that is not about scripts.
    """
    own = named(form, "script", "script_*")
    if PREFIX + "script" not in own:
        return list(modes)
    useless = set(named(form, *_NOT_OF_SCRIPTS))
    kept = {field.name for section in form.sections for field in section.all() if section.id in _OF_SCRIPTS}
    hidden = [name for name in named(form, "*") if name not in own and (name not in kept or name in useless)]
    hidden += [name for name, field in form.by_name().items() if name not in hidden and _depends(field, hidden)]
    without = [msgspec.structs.replace(mode, hides=[*mode.hides, *own]) for mode in modes or [Mode(title="Algorithm")]]
    return [*without, Mode(title="Script", hides=hidden, needs=PREFIX + "script")]


def _depends(field: Field, names: Collection[str]) -> bool:
    """Return whether a field depends on one of some others."""
    conditions = [field.applies, *(rule.when for rule in field.default_by)]
    return any(name in names for each in conditions for name in each)


def named(form: FormSpec, *patterns: str) -> list[str]:
    """Return the names of the fields of a worker's config that match patterns such as ``script*``.

    Args:
        form: The form.
        patterns: The patterns.
    """
    found = (field.name for field in form.fields() if field.name.startswith(PREFIX))
    return [name for name in found if any(fnmatchcase(name.removeprefix(PREFIX), pattern) for pattern in patterns)]


def in_mode(mode: Mode, values: Values, kept: Collection[str] = ()) -> Values:
    """Return what a form's values are in a mode.

    Args:
        mode: The mode.
        values: What is entered.
        kept: Fields that are shown though the mode hides them.
    """
    hidden = set(mode.hides).difference(kept)
    return {**mode.sets, **{name: value for name, value in values.items() if name not in hidden}}


def mode_problems(form: FormSpec, mode: Mode, values: Values) -> list[FieldProblem]:
    """Return what is wrong with values that are in order otherwise.

    The field is empty that the mode is about, or one has a choice that the mode does not leave.

    Args:
        form: The form.
        mode: The mode.
        values: What is entered.
    """
    fields = form.by_name()
    shown = visible(form, values)
    found = []
    if mode.needs and not values.get(mode.needs):
        path = ".".join(fields[mode.needs].path)
        found.append(FieldProblem(field=mode.needs, path=path, message=f"is required for {mode.title}"))
    for name, choices in mode.narrows.items():
        value = values.get(name, fields[name].default)
        if name in shown and value in fields[name].choices and value not in choices:
            message, allowed = f"{value} does not belong to {mode.title}", ", ".join(map(str, choices))
            found.append(FieldProblem(field=name, path=".".join(fields[name].path), message=message, allowed=allowed))
    return found


def mode_of(form: FormSpec, modes: Iterable[Mode], values: Values) -> Mode | None:
    """Return the first mode that loses none of a form's values; ``None``: each loses some.

    Args:
        form: The form.
        modes: Its modes.
        values: What is entered.
    """
    fields = form.by_name()

    def fits(mode: Mode) -> bool:
        usual = {name: fields[name].default for name in mode.hides if name in fields}
        hidden = {**usual, **mode.sets}
        same = all(same_json(values.get(name, usual.get(name, UNSET)), value) for name, value in hidden.items())
        return same and (not mode.needs or mode.needs in values)

    return next((mode for mode in modes if fits(mode)), None)
