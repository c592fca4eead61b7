"""The form that trains BDI agents: with one worker, or with several in one run."""

from __future__ import annotations

from collections.abc import Sequence

from gym_gui.forms import Mode
from gym_gui.ui.forms import get_worker_form_factory
from gym_gui.ui.widgets.worker_form import WorkerForm


class SpadeBdiTrainForm(WorkerForm):
    """The form of ``spade_bdi``."""

    def make_modes(self) -> Sequence[Mode]:
        """Return a mode for one worker, and for several, each with its own id and seed."""
        return [
            Mode(title="One worker", hides=["worker_ids", "worker_seeds"]),
            Mode(title="Several workers", hides=["worker_id", "replicas"], needs="worker_ids"),
        ]


_factory = get_worker_form_factory()
if not _factory.has_train_form("spade_bdi"):
    _factory.register_train_form("spade_bdi", SpadeBdiTrainForm)
