"""The form of MARLlib, narrowed to the algorithms of a paradigm."""

from __future__ import annotations

from gym_gui.forms import Mode, choice_modes, narrowed_modes
from gym_gui.ui.forms import get_worker_form_factory
from gym_gui.ui.widgets.worker_form import WorkerForm

#: MARLlib's algorithms by paradigm, those of single agents also by the names that they have for several.
_PARADIGMS = {
    "Independent learning": ("pg", "ipg", "a2c", "ia2c", "ppo", "ippo", "trpo", "itrpo", "ddpg", "iddpg", "iql"),
    "Centralized critic": ("maa2c", "mappo", "matrpo", "happo", "hatrpo", "coma", "maddpg"),
    "Value decomposition": ("vdn", "qmix", "vda2c", "vdppo", "facmac"),
}
_ALL = "All paradigms"


class MarllibTrainForm(WorkerForm):
    """A tab for each paradigm."""

    def make_modes(self) -> list[Mode]:
        """Return a mode for each paradigm: others' algorithms and fields are not offered."""
        modes = choice_modes(self.form, "paradigm", unset=_ALL)
        return narrowed_modes(self.form, modes, "algo", _PARADIGMS, _ALL)


get_worker_form_factory().register_train_form("marllib", MarllibTrainForm)
