"""Which form a worker has: one that registered itself, else the one that its schema makes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache, partialmethod
from importlib import import_module
from typing import Any, TypeAlias, get_args

from gym_gui.core.worker.errors import nearest
from gym_gui.forms import FormKind
from gym_gui.runs import same_kind

FormBuilder: TypeAlias = Callable[..., Any]
"""Takes ``parent`` and keywords, returns a dialog with ``get_config()``; or a subclass of ``WorkerForm``."""


class WorkerFormFactory:
    """Makes the forms of workers. Every installed worker has forms; registered ones take their place.

    Each kind of form has methods of its own: ``register_train_form(worker_id, builder)``,
    ``has_train_form(worker_id)``, ``create_train_form(worker_id, parent=None, **kwargs)``, and so on.
    """

    def __init__(self) -> None:
        self._builders: dict[FormKind, dict[str, FormBuilder]] = {kind: {} for kind in get_args(FormKind)}

    def register(self, kind: FormKind, worker_id: str, builder: FormBuilder) -> None:
        """Register a form of a worker.

        Args:
            kind: What the form is for.
            worker_id: The worker.
            builder: Makes the form: ``builder(parent=None, **kwargs)``. A subclass of ``WorkerForm`` is made as the
                generated form is; one that trains runs scripts, too.

        Raises:
            ValueError: The worker has one already.
        """
        if self.has(kind, worker_id):
            raise ValueError(f"a {kind} form is registered for {worker_id!r} already")
        self._builders[kind][worker_id] = builder

    def has(self, kind: FormKind, worker_id: str) -> bool:
        """Return whether a form was registered; without one the worker's schema makes it."""
        return any(same_kind(name, worker_id) for name in self._builders[kind])

    def create(self, kind: FormKind, worker_id: str, parent: Any = None, **kwargs: Any) -> Any:
        """Return a new form.

        Args:
            kind: What it is for.
            worker_id: The worker.
            parent: The widget that the form belongs to.
            kwargs: Passed on to what makes the form.

        Raises:
            KeyError: There is no such worker, with the nearest name; or it runs no scripts, and they are asked for.
        """
        builder = self._find(kind, worker_id)
        if builder is not None and not _is_worker_form(builder):
            return builder(parent=parent, **kwargs)
        known = worker_id if "record" in kwargs else self._known(kind, worker_id)
        if builder is not None:
            kwargs = {"form_class": builder, **kwargs}
        made = _generated().generated_form(kind, known, parent, **kwargs)
        if made is None:
            raise KeyError(f"worker {known!r} runs no scripts: its config has no field 'script'")
        return made

    def keywords(self, kind: FormKind, worker_id: str, offered: dict[str, Any]) -> dict[str, Any]:
        """Return those of some keywords that a worker's form takes: a registered one takes those that it names.

        Args:
            kind: What the form is for.
            worker_id: The worker.
            offered: The keywords.
        """
        builder = self._find(kind, worker_id)
        if builder is None or _is_worker_form(builder):
            return offered
        try:
            names = inspect.signature(builder).parameters
        except (TypeError, ValueError):  # such as a class of Qt itself
            return {}
        return {name: value for name, value in offered.items() if name in names}

    register_train_form = partialmethod(register, "train")
    register_policy_form = partialmethod(register, "policy")
    register_resume_form = partialmethod(register, "resume")
    register_evaluation_form = partialmethod(register, "evaluation")
    register_script_form = partialmethod(register, "script")
    has_train_form = partialmethod(has, "train")
    has_policy_form = partialmethod(has, "policy")
    has_resume_form = partialmethod(has, "resume")
    has_evaluation_form = partialmethod(has, "evaluation")
    has_script_form = partialmethod(has, "script")
    create_train_form = partialmethod(create, "train")
    create_policy_form = partialmethod(create, "policy")
    create_resume_form = partialmethod(create, "resume")
    create_evaluation_form = partialmethod(create, "evaluation")
    create_script_form = partialmethod(create, "script")

    def _find(self, kind: FormKind, worker_id: str) -> FormBuilder | None:
        builders = self._builders[kind]
        found = next((builder for name, builder in builders.items() if same_kind(name, worker_id)), None)
        if found is None and kind == "script":
            trains = self._find("train", worker_id)
            return trains if trains is not None and _is_worker_form(trains) else None
        return found

    def _known(self, kind: FormKind, worker_id: str) -> str:
        """Return the name of an installed worker."""
        from gym_gui.ui.worker_catalog import get_worker_catalog

        names = [definition.worker_id for definition in get_worker_catalog()]
        known = next((name for name in names if same_kind(name, worker_id)), None)
        if known is None:
            near = nearest(worker_id, [*names, *self._builders[kind]])
            hint = f"; did you mean {near!r}?" if near else ""
            raise KeyError(f"there is no worker {worker_id!r}{hint}")
        return known


def _is_worker_form(builder: FormBuilder) -> bool:
    return isinstance(builder, type) and issubclass(builder, _generated().WorkerForm)


def _generated() -> Any:
    """Return the module that makes forms of schemas: it needs Qt, and the forms that register themselves need this."""
    return import_module("gym_gui.ui.widgets.generated_form")


@cache
def get_worker_form_factory() -> WorkerFormFactory:
    """Return the factory of this process, with which forms register themselves."""
    return WorkerFormFactory()
