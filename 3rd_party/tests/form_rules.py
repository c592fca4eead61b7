"""What a form says of a field of a worker's config, for the tests of the workers."""

from __future__ import annotations

from typing import Any

from gym_gui.core.worker import config_schema
from gym_gui.core.worker.form_hints import (
    DefaultRule,
    conditions_of,
    default_rules,
    malformed_hints,
    unknown_references,
)


class FormRules:
    """The form hints of a config class.

    Args:
        config_class: A dataclass.
    """

    def __init__(self, config_class: type) -> None:
        self.properties: dict[str, Any] = config_schema(config_class)["properties"]

    def faults(self) -> list[str]:
        """Return malformed hints, and those that name what does not exist."""
        malformed = [f"{name}: {text}" for name, part in self.properties.items() for text in malformed_hints(part)]
        return malformed + [f"{name}: {text}" for name, text in unknown_references(self.properties)]

    def applies(self, name: str, values: dict[str, Any]) -> bool:
        """Return whether a field has an effect with some values and the defaults of the rest."""
        return self._hold(conditions_of(self.properties[name]), values)

    def null(self, name: str, values: dict[str, Any]) -> DefaultRule | None:
        """Return the rule of what null stands for in a field."""
        rules = default_rules(self.properties[name])
        return next((rule for rule in rules if self._hold(rule.when, values)), None)

    def _hold(self, when: dict[str, list[Any]], values: dict[str, Any]) -> bool:
        return all(values.get(name, self.properties[name].get("default")) in wanted for name, wanted in when.items())
