"""Form specs: plain JSON that any user interface renders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

Kind = Literal["text", "number", "integer", "switch", "choice", "list", "multi", "json", "path", "secret", "seeds"]
"""Input that suits a field: ``list`` has entries of one type, ``multi`` several choices, ``seeds`` a list like 1-5."""
Conditions: TypeAlias = dict[str, list[Any]]
"""Names of fields and the values that they must have, all of them."""
Values: TypeAlias = dict[str, Any]
"""What a form holds: touched fields alone, by name, plain JSON. Text is as it was typed."""


class DefaultRule(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What null stands for while some conditions hold."""

    when: Conditions = {}
    value: Any = UNSET
    """What null stands for; missing if the label says all that is known."""
    label: str
    """Where the value comes from, e.g. ``preset``."""


class Field(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One input."""

    name: str
    """Unique in the form; fields of the worker's config begin with ``config.``."""
    path: list[str]
    """Where the value stands in the run config."""
    label: str
    kind: Kind
    help: str = ""
    note: str = ""
    """What is known beyond the help, e.g. the spaces of the environment."""
    unit: str = ""
    default: Any = UNSET
    """What an untouched field stands for; missing if the field is required or the default is unknown."""
    required: bool = False
    nullable: bool = False
    choices: list[Any] = []
    suggestions: list[Any] = []
    """Values to offer where others are allowed, too."""
    suggest: str = ""
    """What to look up as completions: ``environments``, ``checkpoints`` or ``files``."""
    minimum: int | float | None = None
    maximum: int | float | None = None
    exclusive_minimum: int | float | None = None
    exclusive_maximum: int | float | None = None
    step: int | float | None = None
    """Distance of two values that an input's arrows reach; ``None``: any."""
    log: bool = False
    """A logarithmic scale suits the number."""
    multiline: bool = False
    item: Kind | None = None
    """Input of one entry of a list."""
    applies: Conditions = {}
    """Values of other fields with which this one has an effect; otherwise it is hidden and not sent."""
    default_by: list[DefaultRule] = []
    """What null stands for: the first rule whose conditions hold."""
    schema: dict[str, Any] = {}
    """JSON Schema of the value."""

    def options(self) -> list[tuple[Any, str]]:
        """Return the values that a switch or a choice has, with their words."""
        found: list[tuple[Any, str]] = [(True, "on"), (False, "off")] if self.kind == "switch" else []
        found += [(choice, str(choice)) for choice in self.choices]
        return [*found, (None, "null")] if self.nullable and self.default is not None else found

    def about(self) -> str:
        """Return all that is known of the field, in lines."""
        several = f"any of: {', '.join(map(str, self.choices))}" if self.kind == "multi" else ""
        return "\n".join(part for part in (self.help, several, self.note, *self.path[-1:]) if part)


class Section(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Fields below one title."""

    id: str
    title: str
    fields: list[Field] = []
    advanced: list[Field] = []
    """Shown apart, since most users need none of them."""

    def all(self) -> list[Field]:
        """Return the fields, the advanced ones last."""
        return [*self.fields, *self.advanced]


class EnvironmentNote(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What is known of the environment that a form was made for."""

    env_id: str
    families: list[str] = []
    actions: list[list[str]] = []
    observations: list[list[str]] = []
    agents: int | None = None


class FormSpec(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Everything that a user may enter for a run of one worker."""

    worker: str
    title: str
    about: str = ""
    module: str = ""
    """What ``python -m`` starts."""
    sections: list[Section]
    closed: bool = False
    """The worker takes no settings but those with fields here."""
    capabilities: dict[str, Any] = {}
    """As the worker declares them."""
    environment: EnvironmentNote | None = None

    def fields(self) -> Iterator[Field]:
        """Yield every field, in the order in which they are shown."""
        for section in self.sections:
            yield from section.all()

    def by_name(self) -> dict[str, Field]:
        """Return the fields by their names."""
        return {field.name: field for field in self.fields()}

    def to_dict(self) -> dict[str, Any]:
        """Return the form as plain JSON; :func:`form_from_dict` reads it."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain


class FieldProblem(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What is wrong with a field."""

    field: str
    """The field's name; empty: the form as a whole."""
    path: str
    """Where it stands in the run config."""
    message: str
    """The fault, one sentence without subject."""
    allowed: str = ""
    nearest: str | None = None
    """The nearest known name, if the value is an unknown one."""

    def sentence(self) -> str:
        """Return the fault, what is allowed, and the nearest known name."""
        allowed = f" (allowed: {self.allowed})" if self.allowed else ""
        return f"{self.message}{allowed}" + (f"; did you mean {self.nearest}?" if self.nearest else "")


class Default(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What a field stands for that is untouched or null."""

    value: Any = UNSET
    """Missing if it is unknown."""
    text: str
    """For a user, e.g. ``preset: 2.5e-4``."""

    @property
    def known(self) -> bool:
        """Whether the value is known."""
        return not isinstance(self.value, UnsetType)


def form_from_dict(plain: dict[str, Any]) -> FormSpec:
    """Return a form that :meth:`FormSpec.to_dict` gave as plain JSON.

    Args:
        plain: The form.

    Raises:
        msgspec.ValidationError: It is not a form.
    """
    return msgspec.convert(plain, FormSpec)
