"""Makes the form of a worker from its record."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtWidgets import QWidget

from gym_gui.config.paths import mosaic_home
from gym_gui.forms import FormKind, FormSpec, Values, initial_values, make_form
from gym_gui.reading import RunDetails
from gym_gui.rpc import checkpoints_of, environments_of
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.widgets.worker_form import WorkerForm
from gym_gui.workers import WorkerCatalog, WorkerRecord


def generated_form(
    kind: FormKind,
    worker: str,
    parent: QWidget | None = None,
    *,
    form_class: type[WorkerForm] = WorkerForm,
    record: WorkerRecord | None = None,
    link: DaemonLink | None = None,
    details: RunDetails | None = None,
    values: Values | None = None,
    form: FormSpec | None = None,
    **kwargs: Any,
) -> WorkerForm | None:
    """Return the form that a worker's schema makes; ``None``: it has none of this kind.

    Args:
        kind: What it is for.
        worker: The worker.
        parent: As of any widget.
        form_class: The class of the form.
        record: What is known of the worker; by default what the home knows.
        link: The way to the daemon.
        details: The run that it repeats, resumes or evaluates.
        values: What is entered at first, in place of what the run has.
        form: What :func:`gym_gui.forms.make_form` makes of the record, if that is there already.
        kwargs: As of :class:`WorkerForm`.
    """
    found = record if record is not None else WorkerCatalog(mosaic_home()).get(worker)
    if kind == "script" and not found.has_field("script"):
        return None
    form = form or make_form(found)
    dialog = form_class(form, found, kind=kind, link=link, parent=parent, **kwargs)
    saved = [each.path for each in details.checkpoints] if details is not None else []
    config = details.config if details is not None else None
    dialog.set_values({**initial_values(form, kind, config, saved[-1] if saved else None), **(values or {})})
    dialog.focus_first()
    if link is not None:
        fields = dialog.fields
        link.ask(dialog, lambda client: environments_of(client, found.name), partial(fields.offer, "environments"))
        link.ask(dialog, lambda client: checkpoints_of(client, found.name), partial(fields.offer, "checkpoints"))
    return dialog
