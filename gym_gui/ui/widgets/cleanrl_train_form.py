"""The form of CleanRL: an algorithm, a curriculum, or a script of the user's own."""

from __future__ import annotations

from gym_gui.forms import Mode, named, script_modes
from gym_gui.ui.forms import get_worker_form_factory
from gym_gui.ui.widgets.worker_form import WorkerForm


class CleanrlTrainForm(WorkerForm):
    """A tab for each of them."""

    def make_modes(self) -> list[Mode]:
        """Return the modes; a curriculum takes the place of the environment."""
        curriculum = named(self.form, "curriculum")
        environment = named(self.form, "env_id", "env_kwargs")
        stages = [Mode(title="Curriculum", hides=environment, needs=name) for name in curriculum]
        return script_modes(self.form, [Mode(title="Algorithm", hides=curriculum), *stages])


get_worker_form_factory().register_train_form("cleanrl", CleanrlTrainForm)
