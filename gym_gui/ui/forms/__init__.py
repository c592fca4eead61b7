"""The forms of workers, made without Qt until one is shown."""

from gym_gui.ui.forms.factory import FormBuilder, WorkerFormFactory, get_worker_form_factory
from gym_gui.ui.forms.loading import load_form_modules

__all__ = ["FormBuilder", "WorkerFormFactory", "get_worker_form_factory", "load_form_modules"]
