"""A form as it is filled: what is wrong with it, what it makes, and what untouched fields stand for."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from gym_gui.core.worker.errors import ConfigError, Problem
from gym_gui.forms.check import problems, summary
from gym_gui.forms.command import CommandLine, command_line
from gym_gui.forms.modes import Mode, in_mode, mode_problems
from gym_gui.forms.preview import config_text
from gym_gui.forms.run_config import to_run_configs
from gym_gui.forms.spec import Default, FieldProblem, FormSpec, Values
from gym_gui.forms.values import defaults


class FilledForm(NamedTuple):
    """What a form holds at one moment."""

    form: FormSpec
    values: Values
    """What is entered: what its mode shows, and what that sets."""
    problems: tuple[FieldProblem, ...]
    """What is wrong with it."""
    configs: list[dict[str, Any]]
    """The run configs that it makes, one for each seed."""

    @property
    def command(self) -> CommandLine:
        """The equal command."""
        return command_line(self.form, self.values)

    @property
    def defaults(self) -> dict[str, Default]:
        """What each field stands for that applies and is untouched or null."""
        return defaults(self.form, self.values)

    @property
    def json(self) -> str:
        """The run configs as JSON, without secrets."""
        return config_text(self.form, self.configs)

    @property
    def summary(self) -> str:
        """What is wrong, or what it starts, in a sentence."""
        return summary(self.problems, len(self.configs))

    def check(self) -> None:
        """Make sure that nothing is wrong.

        Raises:
            ConfigError: Something is.
        """
        if self.problems:
            found = [
                Problem(problem.path, problem.message, allowed=problem.allowed, nearest=problem.nearest)
                for problem in self.problems
            ]
            raise ConfigError("the form is not valid", found, next_step="correct the marked fields")


def fill_form(form: FormSpec, entered: Values, mode: Mode | None = None, kept: Collection[str] = ()) -> FilledForm:
    """Return a form as it is filled.

    Args:
        form: The form.
        entered: What is entered.
        mode: The mode that is chosen, if the form has some.
        kept: Fields that are shown though the mode hides them.
    """
    values = entered if mode is None else in_mode(mode, entered, kept)
    found = problems(form, values) + (mode_problems(form, mode, values) if mode is not None else [])
    return FilledForm(form, values, tuple(found), to_run_configs(form, values))
