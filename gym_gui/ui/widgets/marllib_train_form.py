"""The form of MARLlib, narrowed to the algorithms of a paradigm."""

from __future__ import annotations

from gym_gui.forms import Mode, choice_modes
from gym_gui.ui.forms import get_worker_form_factory
from gym_gui.ui.widgets.worker_form import WorkerForm


class MarllibTrainForm(WorkerForm):
    """A tab for each paradigm."""

    def make_modes(self) -> list[Mode]:
        """Return a mode for each paradigm: fields that apply to another one are hidden."""
        return choice_modes(self.form, "paradigm", unset="All paradigms")


get_worker_form_factory().register_train_form("marllib", MarllibTrainForm)
