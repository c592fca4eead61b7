"""The form that trains with CleanRL: an algorithm, a curriculum, or a script of the user's own."""

from __future__ import annotations

from collections.abc import Sequence

from gym_gui.forms import Mode, named, script_modes
from gym_gui.ui.forms import get_worker_form_factory
from gym_gui.ui.widgets.worker_form import WorkerForm


class CleanrlTrainForm(WorkerForm):
    """The form of ``cleanrl``."""

    def make_modes(self) -> Sequence[Mode]:
        """Return a mode for an algorithm, for a curriculum and for a script."""
        curriculum = named(self.form, "curriculum")
        environment = named(self.form, "env_id", "env_kwargs")
        stages = [Mode(title="Curriculum", hides=environment, needs=name) for name in curriculum]
        return script_modes(self.form, [Mode(title="Algorithm", hides=curriculum), *stages])


_factory = get_worker_form_factory()
if not _factory.has_train_form("cleanrl"):
    _factory.register_train_form("cleanrl", CleanrlTrainForm)
if not _factory.has_script_form("cleanrl"):
    _factory.register_script_form("cleanrl", CleanrlTrainForm)
