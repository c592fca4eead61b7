"""Forms: from a worker's schema to fields of any user interface, and from what is entered to a run config.

Pure functions over plain JSON; :mod:`gym_gui.forms.presets` alone reads and writes files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from gym_gui.forms.check import field_of_error, first_problems, problems, summary
    from gym_gui.forms.command import CommandLine, command_line
    from gym_gui.forms.complete import complete_run_config
    from gym_gui.forms.filled import FilledForm, fill_form
    from gym_gui.forms.form import make_form
    from gym_gui.forms.kinds import FIRST_FIELDS, VERBS, FormKind, initial_values
    from gym_gui.forms.modes import (
        Mode,
        choice_modes,
        in_mode,
        mode_of,
        mode_problems,
        named,
        narrowed_modes,
        script_modes,
    )
    from gym_gui.forms.naming import default_run_name
    from gym_gui.forms.numbers import stepped
    from gym_gui.forms.presets import Presets
    from gym_gui.forms.preview import config_text
    from gym_gui.forms.rerun import values_of_run, with_checkpoint
    from gym_gui.forms.run_config import from_run_config, to_run_config, to_run_configs
    from gym_gui.forms.sections import ConfigSection, config_sections
    from gym_gui.forms.spec import (
        Default,
        DefaultRule,
        EnvironmentNote,
        Field,
        FieldProblem,
        FormSpec,
        Section,
        Values,
        form_from_dict,
    )
    from gym_gui.forms.team import worker_entries
    from gym_gui.forms.values import as_typed, chosen_values, default_of, defaults, read_typed, visible, written
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "chosen_values": "values",
            "first_problems": "check",
            "field_of_error": "check",
            "written": "values",
            "initial_values": "kinds",
            "FIRST_FIELDS": "kinds",
            "VERBS": "kinds",
            "FormKind": "kinds",
            "FilledForm": "filled",
            "fill_form": "filled",
            "CommandLine": "command",
            "ConfigSection": "sections",
            "Default": "spec",
            "DefaultRule": "spec",
            "EnvironmentNote": "spec",
            "Field": "spec",
            "FieldProblem": "spec",
            "FormSpec": "spec",
            "Presets": "presets",
            "Section": "spec",
            "Values": "spec",
            "as_typed": "values",
            "command_line": "command",
            "complete_run_config": "complete",
            "config_sections": "sections",
            "config_text": "preview",
            "default_of": "values",
            "default_run_name": "naming",
            "defaults": "values",
            "form_from_dict": "spec",
            "from_run_config": "run_config",
            "make_form": "form",
            "Mode": "modes",
            "choice_modes": "modes",
            "in_mode": "modes",
            "mode_of": "modes",
            "mode_problems": "modes",
            "named": "modes",
            "narrowed_modes": "modes",
            "script_modes": "modes",
            "problems": "check",
            "stepped": "numbers",
            "summary": "check",
            "read_typed": "values",
            "to_run_config": "run_config",
            "to_run_configs": "run_config",
            "values_of_run": "rerun",
            "visible": "values",
            "with_checkpoint": "rerun",
            "worker_entries": "team",
        },
    )

__all__ = [
    "FIRST_FIELDS",
    "VERBS",
    "CommandLine",
    "ConfigSection",
    "Default",
    "DefaultRule",
    "EnvironmentNote",
    "Field",
    "FieldProblem",
    "FilledForm",
    "FormKind",
    "FormSpec",
    "Mode",
    "Presets",
    "Section",
    "Values",
    "as_typed",
    "choice_modes",
    "chosen_values",
    "command_line",
    "complete_run_config",
    "config_sections",
    "config_text",
    "default_of",
    "default_run_name",
    "defaults",
    "field_of_error",
    "fill_form",
    "first_problems",
    "form_from_dict",
    "from_run_config",
    "in_mode",
    "initial_values",
    "make_form",
    "mode_of",
    "mode_problems",
    "named",
    "narrowed_modes",
    "problems",
    "read_typed",
    "script_modes",
    "stepped",
    "summary",
    "to_run_config",
    "to_run_configs",
    "values_of_run",
    "visible",
    "with_checkpoint",
    "worker_entries",
    "written",
]
