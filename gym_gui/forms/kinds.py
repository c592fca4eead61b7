"""What a form is for, and what it begins with then."""

from __future__ import annotations

from typing import Any, Literal

from gym_gui.forms.fields import PREFIX
from gym_gui.forms.rerun import values_of_run, with_checkpoint
from gym_gui.forms.spec import FormSpec, Values

FormKind = Literal["train", "policy", "resume", "evaluation", "script"]
"""What a form is for: to train, to measure a checkpoint, to go on from one, to measure a run, to run a script."""
VERBS: dict[FormKind, str] = {
    "train": "Train", "policy": "Evaluate", "resume": "Resume", "evaluation": "Evaluate", "script": "Run script",
}  # fmt: skip
"""What a form starts, for its button."""
FIRST_FIELDS: dict[FormKind, str] = {"script": f"{PREFIX}script", "policy": f"{PREFIX}checkpoint_path"}
"""The field that a form is about, if it is about one."""
#: What the worker does with a checkpoint, as it calls it.
_MODES: dict[FormKind, str] = {"policy": "evaluate", "resume": "resume", "evaluation": "evaluate"}


def initial_values(
    form: FormSpec, kind: FormKind, config: dict[str, Any] | None = None, checkpoint: str | None = None
) -> Values:
    """Return the values that a form begins with.

    Args:
        form: The form.
        kind: What it is for.
        config: That of the run that it repeats, resumes or evaluates, as it is recorded.
        checkpoint: The path of that run's last checkpoint.

    Raises:
        ConfigError: The run has several workers, another one than the form, or none.
    """
    values = values_of_run(form, config) if config is not None else {}
    return with_checkpoint(form, values, _MODES[kind], checkpoint) if kind in _MODES else values
