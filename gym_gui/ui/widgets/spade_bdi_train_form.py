"""The form of SPADE-BDI: one worker, or several in one run."""

from __future__ import annotations

from gym_gui.forms import Mode
from gym_gui.ui.forms import get_worker_form_factory
from gym_gui.ui.widgets.worker_form import WorkerForm


class SpadeBdiTrainForm(WorkerForm):
    """A tab for each of them."""

    def make_modes(self) -> list[Mode]:
        """Return a mode for one worker, and for several, each with its own id and seed."""
        return [
            Mode(title="One worker", hides=["worker_ids", "worker_seeds"]),
            Mode(title="Several workers", hides=["worker_id", "replicas"], needs="worker_ids"),
        ]


get_worker_form_factory().register_train_form("spade_bdi", SpadeBdiTrainForm)
