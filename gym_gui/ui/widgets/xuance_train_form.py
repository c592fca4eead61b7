"""The form that trains with XuanCe: one of its backends, or a script of the user's own."""

from __future__ import annotations

from collections.abc import Sequence

from gym_gui.forms import Mode, choice_modes, script_modes
from gym_gui.ui.forms import get_worker_form_factory
from gym_gui.ui.widgets.worker_form import WorkerForm


class XuanceTrainForm(WorkerForm):
    """The form of ``xuance``."""

    def make_modes(self) -> Sequence[Mode]:
        """Return a mode for each backend, and for scripts where the worker runs such."""
        return script_modes(self.form, choice_modes(self.form, "backend"))


_factory = get_worker_form_factory()
if not _factory.has_train_form("xuance"):
    _factory.register_train_form("xuance", XuanceTrainForm)
if not _factory.has_script_form("xuance"):
    _factory.register_script_form("xuance", XuanceTrainForm)
