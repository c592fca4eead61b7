"""Which form a worker has: one that registered itself, else the one that its schema makes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, TypeAlias, get_args

from gym_gui.core.worker.errors import nearest
from gym_gui.runs import same_kind
from gym_gui.ui.kinds import FormKind

FormBuilder: TypeAlias = Callable[..., Any]
"""Takes ``parent`` and keywords, returns a dialog with ``get_config()``; or a subclass of ``WorkerForm``."""


class WorkerFormFactory:
    """Makes the forms of workers. Every installed worker has forms; registered ones take their place."""

    def __init__(self) -> None:
        self._builders: dict[FormKind, dict[str, FormBuilder]] = {kind: {} for kind in get_args(FormKind)}

    def register_train_form(self, worker_id: str, builder: FormBuilder) -> None:
        """Register the form that trains a worker.

        Args:
            worker_id: The worker.
            builder: Makes the form: ``builder(parent=None, **kwargs)``. A subclass of ``WorkerForm`` is made as the
                generated form is.

        Raises:
            ValueError: The worker has one already.
        """
        self._register("train", worker_id, builder)

    def register_policy_form(self, worker_id: str, builder: FormBuilder) -> None:
        """Register the form that measures a checkpoint; as :meth:`register_train_form`."""
        self._register("policy", worker_id, builder)

    def register_resume_form(self, worker_id: str, builder: FormBuilder) -> None:
        """Register the form that continues a run; as :meth:`register_train_form`."""
        self._register("resume", worker_id, builder)

    def register_evaluation_form(self, worker_id: str, builder: FormBuilder) -> None:
        """Register the form that measures a run; as :meth:`register_train_form`."""
        self._register("evaluation", worker_id, builder)

    def register_script_form(self, worker_id: str, builder: FormBuilder) -> None:
        """Register the form that runs a script; as :meth:`register_train_form`."""
        self._register("script", worker_id, builder)

    def has_train_form(self, worker_id: str) -> bool:
        """Return whether a form that trains the worker was registered; without one its schema makes it."""
        return self._find("train", worker_id) is not None

    def has_policy_form(self, worker_id: str) -> bool:
        """Return whether a form that measures a checkpoint was registered."""
        return self._find("policy", worker_id) is not None

    def has_resume_form(self, worker_id: str) -> bool:
        """Return whether a form that continues a run was registered."""
        return self._find("resume", worker_id) is not None

    def has_evaluation_form(self, worker_id: str) -> bool:
        """Return whether a form that measures a run was registered."""
        return self._find("evaluation", worker_id) is not None

    def has_script_form(self, worker_id: str) -> bool:
        """Return whether a form that runs a script was registered."""
        return self._find("script", worker_id) is not None

    def create_train_form(self, worker_id: str, parent: Any = None, **kwargs: Any) -> Any:
        """Return a new form that trains a worker.

        Args:
            worker_id: The worker.
            parent: The widget that the form belongs to.
            kwargs: Passed on to what makes the form.

        Raises:
            KeyError: There is no such worker; with the nearest name.
        """
        return self._create("train", worker_id, parent, kwargs)

    def create_policy_form(self, worker_id: str, parent: Any = None, **kwargs: Any) -> Any:
        """Return a new form that measures a checkpoint; as :meth:`create_train_form`."""
        return self._create("policy", worker_id, parent, kwargs)

    def create_resume_form(self, worker_id: str, parent: Any = None, **kwargs: Any) -> Any:
        """Return a new form that continues a run; as :meth:`create_train_form`."""
        return self._create("resume", worker_id, parent, kwargs)

    def create_evaluation_form(self, worker_id: str, parent: Any = None, **kwargs: Any) -> Any:
        """Return a new form that measures a run; as :meth:`create_train_form`."""
        return self._create("evaluation", worker_id, parent, kwargs)

    def create_script_form(self, worker_id: str, parent: Any = None, **kwargs: Any) -> Any:
        """Return a new form that runs a script; as :meth:`create_train_form`.

        Raises:
            KeyError: There is no such worker, or its config has no field ``script``.
        """
        return self._create("script", worker_id, parent, kwargs)

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
        except (TypeError, ValueError):
            return {}
        return {name: value for name, value in offered.items() if name in names}

    def _register(self, kind: FormKind, worker_id: str, builder: FormBuilder) -> None:
        if self._find(kind, worker_id) is not None:
            raise ValueError(f"a {kind} form is registered for {worker_id!r} already")
        self._builders[kind][worker_id] = builder

    def _find(self, kind: FormKind, worker_id: str) -> FormBuilder | None:
        builders = self._builders[kind]
        return next((builder for name, builder in builders.items() if same_kind(name, worker_id)), None)

    def _create(self, kind: FormKind, worker_id: str, parent: Any, kwargs: dict[str, Any]) -> Any:
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
