"""The forms of workers, made without Qt until one is shown."""

from gym_gui.ui.forms.factory import FormBuilder, WorkerFormFactory, get_worker_form_factory

__all__ = ["FormBuilder", "WorkerFormFactory", "get_worker_form_factory"]
