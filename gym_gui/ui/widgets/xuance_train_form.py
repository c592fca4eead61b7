"""The form of XuanCe: one of its backends, or a script of the user's own."""

from __future__ import annotations

from gym_gui.forms import Mode, choice_modes, script_modes
from gym_gui.ui.forms import get_worker_form_factory
from gym_gui.ui.widgets.worker_form import WorkerForm


class XuanceTrainForm(WorkerForm):
    """A tab for each of them."""

    def make_modes(self) -> list[Mode]:
        """Return a mode for each backend, and for scripts where the worker runs such."""
        return script_modes(self.form, choice_modes(self.form, "backend"))


get_worker_form_factory().register_train_form("xuance", XuanceTrainForm)
