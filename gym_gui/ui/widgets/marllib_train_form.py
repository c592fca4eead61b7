"""The form that trains with MARLlib, narrowed to a paradigm's algorithms."""

from __future__ import annotations

from collections.abc import Sequence

from gym_gui.forms import Mode, choice_modes
from gym_gui.ui.forms import get_worker_form_factory
from gym_gui.ui.widgets.worker_form import WorkerForm


class MarllibTrainForm(WorkerForm):
    """The form of ``marllib``."""

    def make_modes(self) -> Sequence[Mode]:
        """Return a mode for each paradigm: fields that apply to another one are hidden."""
        return choice_modes(self.form, "paradigm", unset="All paradigms")


_factory = get_worker_form_factory()
if not _factory.has_train_form("marllib"):
    _factory.register_train_form("marllib", MarllibTrainForm)
