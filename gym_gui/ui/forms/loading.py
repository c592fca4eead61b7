"""Imports the modules whose forms register themselves: those of the window, and those of other packages."""

from __future__ import annotations

import logging
import pkgutil
from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib import import_module
from importlib.metadata import entry_points
from itertools import chain
from typing import Any, get_args

from gym_gui.forms import FormKind
from gym_gui.ui.forms.factory import get_worker_form_factory

GROUP = "mosaic.forms"
"""Group of entry points that name such modules: ``my_worker = "my_package.forms"``."""
_OWN = "gym_gui.ui.widgets"
logger = logging.getLogger(__name__)


@cache
def load_form_modules() -> dict[str, str]:
    """Import them all, once; takes time, and imports Qt.

    Returns:
        Why modules could not be imported, by the names of their entry points: workers, as a rule.
    """
    faults = {}
    for name, source, load in chain(_entry_points(), _own_modules()):
        fault = _fault(source, load)
        if fault:
            faults[name] = fault
    return faults


def _fault(source: str, load: Callable[[], Any]) -> str:
    """Import a module; return why it cannot be, or nothing."""
    try:
        load()
    except Exception as error:  # a broken package must not cost the window
        logger.exception("the forms of %s cannot be imported", source)
        return f"{source} cannot be imported: {type(error).__name__}: {error}"
    return ""


def _own_modules() -> Iterator[tuple[str, str, Callable[[], Any]]]:
    """Yield the window's own modules, ``<worker>_train_form`` and the like, of workers without another such form."""
    for module in pkgutil.iter_modules(import_module(_OWN).__path__):
        worker, _, kind = module.name.removesuffix("_form").rpartition("_")
        if kind in get_args(FormKind) and not get_worker_form_factory().has(kind, worker):  # type: ignore[arg-type]
            name = f"{_OWN}.{module.name}"
            yield worker, name, partial(import_module, name)


def _entry_points() -> Iterator[tuple[str, str, Callable[[], Any]]]:
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        yield point.name, point.value, point.load
